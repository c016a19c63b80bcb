"""Reads a watch query: a Pratt parser, `near` before `not` before `and` before `or`; docs/watch.md is its manual.

Not by a parsing library: the language has six kinds of token and four operators, and what its writers need most, an
error that names the cure in their language, is what a grammar file cannot give.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from opinion_stream.domain.collection.clean import clean
from opinion_stream.domain.collection.watch.query import (
    MAX_NEAR,
    OPERATORS,
    Near,
    Not,
    Or,
    Query,
    Term,
    both,
    either,
)
from opinion_stream.errors import QueryError

MAX_CHARS = 3000
MAX_DEPTH = 20
MAX_WORD = 60

_QUOTES = "\"“”'‘’「」"
_TOKEN = re.compile(
    rf"\s*(?:(?P<open>[(（])|(?P<close>[)）])|[{_QUOTES}](?P<quoted>[^{_QUOTES}]*)[{_QUOTES}]|(?P<bare>[^\s()（）{_QUOTES}]+))"
)
_SIGN = re.compile("[|&｜＆,，、;；!！]")
_NEAR = re.compile(r"(?:near|近)(?P<rest>[/／].*)?", re.IGNORECASE)
_POWER = {"or": 1, "and": 2, "near": 4}
_NOT_POWER = 3


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """open, close, word, and, or, not, near, end."""
    text: str
    at: int
    within: int = 0


@lru_cache(1024)
def parse(text: str) -> Query:
    """The tree of the query. Words are cleaned as mentions are, so that full-width or traditional forms match.

    Raises QueryError with the position (characters from 0), what is wrong, and the cure.
    """
    if len(text) > MAX_CHARS:
        raise QueryError(text, MAX_CHARS, f"规则过长：{len(text)} 个字，上限 {MAX_CHARS}", "拆成几条规则")
    parser = _Parser(text)
    tree = parser.expression(1, 0)
    if parser.now.kind == "close":
        raise QueryError(text, parser.now.at, "多了一个右括号", "删去它，或在前面补上左括号“(”")
    return tree


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    end = len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise QueryError(text, at, "引号没有成对", "在词的后面补上右引号")
        kind = found.lastgroup or "quoted"
        start = found.start(kind)
        at = found.end()
        if kind == "bare":
            yield _bare(text, found["bare"], start)
        elif kind == "quoted":
            yield _Token("word", _word(text, found["quoted"], start), start - 1)
        else:
            yield _Token(kind, found[kind], start)
    yield _Token("end", "", end)


def _bare(text: str, word: str, at: int) -> _Token:
    operator = OPERATORS.get(word.lower())
    if operator is not None:
        return _Token(operator, word, at)
    if sign := _SIGN.search(word):
        cure = f'用 and、or、not 连接，词与词之间空一格；要找这个符号本身，请加引号："{word}"'
        raise QueryError(text, at + sign.start(), f"“{sign[0]}”不是连接词", cure)
    near = _NEAR.fullmatch(word)
    if near is None:
        return _Token("word", _word(text, word, at), at)
    digits = (near["rest"] or "")[1:]
    if not re.fullmatch(r"[0-9]{1,4}", digits) or int(digits) > MAX_NEAR:
        cure = f"写成 near/10：两个词之间最多隔 10 个字；字数可以是 0 到 {MAX_NEAR}"
        raise QueryError(text, at, f"“{word}”没有写明合适的字数", cure)
    return _Token("near", word, at, int(digits))


def _word(text: str, word: str, at: int) -> str:
    cleaned = clean(word)
    if not cleaned:
        raise QueryError(text, at, "引号里没有字", "写上要找的词，或把这一对引号删去")
    if len(cleaned) > MAX_WORD:
        raise QueryError(text, at, f"词过长：{len(cleaned)} 个字，上限 {MAX_WORD}", "用 and 或 near 连接几个短词")
    return cleaned


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._rest = _tokens(text)
        self.now = next(self._rest)

    def _take(self) -> _Token:
        token = self.now
        if token.kind != "end":
            self.now = next(self._rest)
        return token

    def expression(self, least: int, depth: int) -> Query:
        """What follows, up to an operator that binds less than `least`."""
        left = self._operand(depth)
        while (token := self.now).kind not in ("end", "close"):
            power = _POWER.get(token.kind)
            if power is None:
                cure = "写成 and not" if token.kind == "not" else "补上 and、or 或 near/字数；短语要加引号"
                raise self._wrong(token, "这里与前面之间缺少连接词", cure)
            if power < least:
                break
            self._take()
            start = self.now
            right = self.expression(power + 1, depth)
            match token.kind:
                case "and":
                    left = both(left, right)
                case "or":
                    left = either(left, right)
                case _:
                    left = Near(self._side(left, token), self._side(right, start), token.within)
        return left

    def _operand(self, depth: int) -> Query:
        token = self._take()
        match token.kind:
            case "word":
                return Term(token.text)
            case "not" if depth < MAX_DEPTH:
                return Not(self.expression(_NOT_POWER, depth + 1))
            case "open" if depth < MAX_DEPTH:
                inner = self.expression(1, depth + 1)
                if self.now.kind != "close":
                    raise self._wrong(token, "左括号没有配对的右括号", "在这一组的末尾补上右括号“)”")
                self._take()
                return inner
            case "not" | "open":
                raise self._wrong(token, f"括号和 not 超过 {MAX_DEPTH} 层", "拆成几条规则")
            case "end":
                raise self._wrong(token, "这里缺少一个词", "写上要找的词，或删去最后的连接词")
            case _:
                cure = f'在“{token.text}”之前写上要找的词；要找这个字本身，请加引号："{token.text}"'
                raise self._wrong(token, "这里缺少一个词", cure)

    def _side(self, query: Query, token: _Token) -> tuple[str, ...]:
        match query:
            case Term(word):
                return (word,)
            case Or(parts) if all(isinstance(part, Term) for part in parts):
                return tuple(part.word for part in parts if isinstance(part, Term))
        raise self._wrong(
            token,
            "near 的两边只能是词，或括号里用 or 连接的词",
            "把别的条件放到 near 之外，用 and 连接，如 (a near/5 b) and c",
        )

    def _wrong(self, token: _Token, what: str, cure: str) -> QueryError:
        return QueryError(self._text, token.at, what, cure)
