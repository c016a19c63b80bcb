"""The tree of a watch query, its words, and its canonical text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MAX_NEAR = 200
"""Most characters that may lie between the two sides of a near."""


@dataclass(frozen=True, slots=True)
class Term:
    """Holds when the word stands in title or text; Latin letters in either case."""

    word: str


@dataclass(frozen=True, slots=True)
class Near:
    """Holds when a word of each side stand both in the title, or both in the text, with at most `within` characters
    between them, in either order. Two occurrences that overlap are not near each other."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    within: int


@dataclass(frozen=True, slots=True)
class Not:
    """Holds when the part does not."""

    part: Query


@dataclass(frozen=True, slots=True)
class And:
    """Holds when all parts do. Two or more parts, none of them an `And`."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Holds when a part does. Two or more parts, none of them an `Or`."""

    parts: tuple[Query, ...]


Query = Term | Near | Not | And | Or


def both(left: Query, right: Query) -> Query:
    """`left and right`, flat."""
    return And((*(left.parts if isinstance(left, And) else (left,)), *_parts(right, And)))


def either(left: Query, right: Query) -> Query:
    """`left or right`, flat."""
    return Or((*(left.parts if isinstance(left, Or) else (left,)), *_parts(right, Or)))


def _parts(query: Query, kind: type[And] | type[Or]) -> tuple[Query, ...]:
    return query.parts if isinstance(query, And | Or) and isinstance(query, kind) else (query,)


def words_of(query: Query) -> Iterator[str]:
    """Every word of the query, those under a not too, in order."""
    match query:
        case Term(word):
            yield word
        case Near(left, right, _):
            yield from (*left, *right)
        case Not(part):
            yield from words_of(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from words_of(part)


def wanted_words(query: Query) -> Iterator[str]:
    """The words that speak for the query: those that stand under no not."""
    match query:
        case Not():
            return
        case And(parts) | Or(parts):
            for part in parts:
                yield from wanted_words(part)
        case _:
            yield from words_of(query)


def show(query: Query) -> str:
    """The query as text that parses to the same tree; groups in parentheses where precedence decides."""
    match query:
        case Term(word):
            return quoted(word)
        case Near(left, right, within):
            return f"{_side(left)} near/{within} {_side(right)}"
        case Not(part):
            return f"not {_group(part)}"
        case And(parts):
            return " and ".join(map(_group, parts))
        case Or(parts):
            return " or ".join(map(_group, parts))


def quoted(word: str) -> str:
    """The word, in quotes where it would otherwise be read as something else."""
    plain = not any(c.isspace() or c in PARTING for c in word)
    operator = word.lower() in OPERATORS or word.lower().startswith(("near", "近"))
    return word if plain and not operator else f'"{word}"'


PARTING = "()（）\"“”'‘’「」|&｜＆,，、;；!！"
"""Characters that cannot stand in a bare word."""

OPERATORS = {"and": "and", "与": "and", "or": "or", "或": "or", "not": "not", "非": "not"}
"""What a bare word in lower case means as an operator."""


def _side(words: tuple[str, ...]) -> str:
    return quoted(words[0]) if len(words) == 1 else f"({' or '.join(map(quoted, words))})"


def _group(query: Query) -> str:
    return f"({show(query)})" if isinstance(query, And | Or | Near) else show(query)
