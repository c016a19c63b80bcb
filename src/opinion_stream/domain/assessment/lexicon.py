"""One automaton over all words of the policy, so that one pass over a text finds the hits of every rule."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick


class Hits(NamedTuple):
    """Words found in one text."""

    found: list[tuple[int, int, int]]
    """(number in `table`, start, end), by start, at one start the longest first."""
    table: list[tuple[str, ...]]
    """The words of each number: one, or several that differ in the case of letters."""
    words: frozenset[str]
    """The words found, those inside other words too."""
    numbers: set[int]
    """The numbers in `found`."""

    @property
    def spans(self) -> tuple[tuple[int, int, str], ...]:
        """(start, end, word) in the order of `found`."""
        return tuple((start, end, word) for number, start, end in self.found for word in self.table[number])

    def longest(self, among: WordSet) -> list[tuple[int, str]]:
        """(start, word) of the hits in `among`, read from left to right, the longest word at each place.

        A word inside or across the end of the one before does not count: "正宁县" is no hit of "宁县".
        """
        kept: list[tuple[int, str]] = []
        if not self.found:
            return kept
        reach = 0
        words = among.numbered(self.table)
        if words.keys().isdisjoint(self.numbers):
            return kept
        for number, start, end in self.found:
            if start >= reach and number in words:
                kept.append((start, words[number]))
                reach = end
        return kept


class WordSet:
    """Some of the words of a lexicon: those that one judge looks for."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(words)
        self._table: list[tuple[str, ...]] | None = None
        self._numbered: dict[int, str] = {}

    def numbered(self, table: list[tuple[str, ...]]) -> dict[int, str]:
        """Number in `table` -> word of this set. Made once for a table."""
        if table is not self._table:
            chosen = ((number, self._words.intersection(same)) for number, same in enumerate(table))
            self._numbered = {number: min(words) for number, words in chosen if words}
            self._table = table
        return self._numbered


class Lexicon:
    """All words that any rule looks for. Latin letters match in either case."""

    def __init__(self, words: Iterable[str]) -> None:
        folded: dict[str, list[str]] = {}
        for word in sorted(set(words)):
            folded.setdefault(word.upper(), []).append(word)
        self._words = [tuple(same) for same in folded.values()]
        self._automaton = AhoCorasick(list(folded)) if folded else None

    def scan(self, text: str) -> Hits:
        """Every occurrence of every word, overlapping ones too, in one pass over `text`."""
        if not text or self._automaton is None:
            return _NOTHING
        upper = text.upper()
        if len(upper) != len(text):  # a letter such as ß grows; places must stay those of `text`
            upper = "".join(c.upper() if len(c.upper()) == 1 else c for c in text)
        found = self._automaton.find_matches_as_indexes(upper, overlapping=True)
        # They come by their end. Turned round and sorted by start, the longest at one start comes first.
        found.reverse()
        found.sort(key=_start)
        table = self._words
        numbers = {number for number, _, _ in found}
        return Hits(found, table, frozenset(chain.from_iterable(map(table.__getitem__, numbers))), numbers)


_NOTHING = Hits([], [], frozenset(), set())
_start = itemgetter(1)
