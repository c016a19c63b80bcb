"""One automaton over all words of the policy, so that one pass over a text finds the hits of every rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Protocol

from opinion_stream.native import native

Table = list[tuple[str, ...]]
"""The words of each number: one, or several that differ in the case of letters."""


class Found(Protocol):
    """What a scan found in one text."""

    @property
    def words(self) -> frozenset[str]:
        """The words found, those inside other words too."""

    def triples(self) -> list[tuple[int, int, int]]:
        """(number, start, end), by start, at one start the longest first."""

    def longest(self, names: list[str | None], /) -> list[tuple[int, str]]:
        """See `Hits.longest`; `names` has for each number its word, or None for one that is not looked for."""


class PlainFound:
    """`Found` in Python. `native/words.c` does the same."""

    def __init__(self, found: Sequence[tuple[int, int, int]], table: Table) -> None:
        self._found = list(found)
        numbers = {number for number, _, _ in found}
        self.words = frozenset(chain.from_iterable(map(table.__getitem__, numbers)))

    def triples(self) -> list[tuple[int, int, int]]:
        """See `Found`."""
        return self._found

    def longest(self, names: list[str | None], /) -> list[tuple[int, str]]:
        """See `Found`."""
        kept: list[tuple[int, str]] = []
        reach = 0
        for number, start, end in self._found:
            if start >= reach and (name := names[number]) is not None:
                kept.append((start, name))
                reach = end
        return kept


class Hits:
    """Words found in one text."""

    __slots__ = ("_found", "_table", "words")

    def __init__(self, found: Found, table: Table) -> None:
        self._found = found
        self._table = table
        self.words = found.words
        """The words found, those inside other words too."""

    @property
    def spans(self) -> tuple[tuple[int, int, str], ...]:
        """(start, end, word), by start, at one start the longest first."""
        return tuple((start, end, word) for number, start, end in self._found.triples() for word in self._table[number])

    def longest(self, among: WordSet) -> list[tuple[int, str]]:
        """(start, word) of the hits in `among`, read from left to right, the longest word at each place.

        A word inside or across the end of the one before does not count: "正宁县" is no hit of "宁县".
        """
        return self._found.longest(among.names(self._table)) if self.words else []


class WordSet:
    """Some of the words of a lexicon: those that one judge looks for."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(words)
        self._table: Table | None = None
        self._names: list[str | None] = []

    def names(self, table: Table) -> list[str | None]:
        """For each number in `table` its word in this set, None if it has none. Made once for a table."""
        if table is not self._table:
            self._names = [min(self._words.intersection(same), default=None) for same in table]
            self._table = table
        return self._names


class Lexicon:
    """All words that any rule looks for. Latin letters match in either case."""

    def __init__(self, words: Iterable[str]) -> None:
        folded: dict[str, list[str]] = {}
        for word in sorted(set(words)):
            folded.setdefault(word.upper(), []).append(word)
        self._table: Table = [tuple(same) for same in folded.values()]
        module = native("words")
        find = PlainFinder if module is None else module.Finder
        self._scan: Callable[[str, bool], Found | None] | None = (
            find(list(folded), self._table).scan if folded else None
        )

    def scan(self, text: str) -> Hits:
        """Every occurrence of every word, overlapping ones too, in one pass over `text`."""
        if not text or self._scan is None:
            return _NOTHING
        found = self._scan(text, False)
        if found is None:  # it has letters whose capitals only Python knows
            found = self._scan(fold(text), True)
        return Hits(found, self._table) if found is not None else _NOTHING


def fold(text: str) -> str:
    """`text` in capitals, without those that take more room, such as that of ß: places stay those of `text`."""
    upper = text.upper()
    return upper if len(upper) == len(text) else "".join(c.upper() if len(c.upper()) == 1 else c for c in text)


class PlainFinder:
    """`native/words.c` in Python: finds `words`, which are folded; `table` has the words that each stands for."""

    def __init__(self, words: list[str], table: Table) -> None:
        # Where the inner loop was built nobody needs it.
        from ahocorasick_rs import AhoCorasick

        self._table = table
        self._automaton = AhoCorasick(words)

    def scan(self, text: str, folded: bool) -> PlainFound:
        """The hits in a text, which is folded first if it is not."""
        found = self._automaton.find_matches_as_indexes(text if folded else fold(text), overlapping=True)
        # They come by their end. Turned round and sorted by start, the longest at one start comes first.
        found.reverse()
        found.sort(key=_start)
        return PlainFound(found, self._table)


_NOTHING = Hits(PlainFound((), []), [])
_start = itemgetter(1)
