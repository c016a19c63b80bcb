"""Words of a text: segmentation, and jieba's TF-IDF keywords and idf table on top of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import rjieba

from opinion_stream.domain.assessment.idf import idf_table


def segment(text: str) -> list[str]:
    """The words of `text` in order, nothing left out; joined together they are `text` again.

    By rjieba (jieba's dictionary and algorithm, native): jieba itself takes 24 times as long. The two cut one
    text in ten differently, so nothing here uses jieba's own cut.
    """
    words: list[str] = rjieba.cut(text)
    return words


def is_known(word: str) -> bool:
    """Whether jieba's idf table has the word: what it lacks is most often a name, or was cut wrongly."""
    return word in idf_table().values


Told = dict[str, tuple[int, float]]
"""Telling word -> how often it stands in a text, and its inverse document frequency."""


class Terms:
    """What a word is worth: jieba's idf table, the policy's stop words, keywords by TF-IDF."""

    LIMIT = 200_000
    """Words whose worth is remembered."""

    def __init__(self, stop_words: Iterable[str]) -> None:
        self.stop_words = frozenset(stop_words)
        self.table = idf_table()
        self._once = _Once(self.worth)

    def worth(self, word: str) -> float | None:
        """The inverse document frequency of a word, the median of jieba's table for an unknown one.

        None for what tells nothing: a stop word, a single character, or what holds no letter (numbers, punctuation).
        """
        if len(word) < 2 or word in self.stop_words or not (word.isalpha() or any(c.isalpha() for c in word)):
            return None
        return self.table.values.get(word, self.table.median)

    def telling(self, words: Iterable[str]) -> Told:
        """The words that tell anything, in the order in which they first stand in `words`."""
        table = self._once
        # Counted first, for counting is native and a look into a table this large is not cheap. Most words stand
        # there once, and share the pair of the table.
        counts = Counter([word for word in words if len(word) > 1])
        return {
            word: once if times == 1 else (times, once[1])
            for word, times in counts.items()
            if (once := table[word]) is not None
        }

    def keywords(self, told: Told, count: int) -> list[tuple[str, float]]:
        """The `count` most telling words with their TF-IDF weight, heaviest first, equal ones by name.

        The weights are those of `jieba.analyse.extract_tags` for these words.
        """
        total = sum([times for times, _ in told.values()])
        weights = [times * idf for times, idf in told.values()]
        least = sorted(weights)[-count] if len(weights) > count else 0.0
        ranked = sorted([(-weight, word) for word, weight in zip(told, weights, strict=True) if weight >= least])
        return [(word, -weight / total) for weight, word in ranked[:count]]


class _Once(dict[str, tuple[int, float] | None]):
    """What a word tells that stands in a text once: 1, and its worth. Remembers what was asked."""

    def __init__(self, worth: Callable[[str], float | None]) -> None:
        super().__init__()
        self._worth = worth

    def __missing__(self, word: str) -> tuple[int, float] | None:
        if len(self) >= Terms.LIMIT:
            self.clear()
        worth = self._worth(word)
        value = self[word] = None if worth is None else (1, worth)
        return value
