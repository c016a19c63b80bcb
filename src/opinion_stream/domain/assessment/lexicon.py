"""One automaton over all words of the policy, so that one pass over a text finds the hits of every rule."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from functools import cached_property

from ahocorasick_rs import AhoCorasick


@dataclass(frozen=True)
class Hits:
    """Words found in one text. `spans` are (start, end, word), by start, at one start the longest first."""

    spans: tuple[tuple[int, int, str], ...] = ()

    @cached_property
    def words(self) -> frozenset[str]:
        """The words found, those inside other words too."""
        return frozenset([word for _, _, word in self.spans])

    def longest(self, among: Container[str]) -> list[tuple[int, str]]:
        """(start, word) of the hits in `among`, read from left to right, the longest word at each place.

        A word inside or across the end of the one before does not count: "正宁县" is no hit of "宁县".
        """
        kept: list[tuple[int, str]] = []
        reach = 0
        for start, end, word in self.spans:
            if start >= reach and word in among:
                kept.append((start, word))
                reach = end
        return kept


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
            return Hits()
        upper = text.upper()
        if len(upper) != len(text):  # a letter such as ß grows; places must stay those of `text`
            upper = "".join(c.upper() if len(c.upper()) == 1 else c for c in text)
        found = self._automaton.find_matches_as_indexes(upper, overlapping=True)
        spans = [(start, end, word) for index, start, end in found for word in self._words[index]]
        spans.sort(key=_longest_first)
        return Hits(tuple(spans))


def _longest_first(span: tuple[int, int, str]) -> tuple[int, int]:
    return span[0], -span[1]
