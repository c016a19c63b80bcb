"""Words of a text: segmentation, and jieba's TF-IDF keywords and idf table on top of it."""

from __future__ import annotations

import heapq
import logging
import math
import warnings
from collections.abc import Iterable, Mapping

import rjieba

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import jieba
    import jieba.analyse

jieba.setLogLevel(logging.WARNING)


def segment(text: str) -> list[str]:
    """The words of `text` in order, nothing left out; joined together they are `text` again.

    By rjieba (jieba's dictionary and algorithm, native): jieba itself takes 24 times as long. The two cut one
    text in ten differently, so nothing here uses jieba's own cut.
    """
    words: list[str] = rjieba.cut(text)
    return words


class Terms:
    """What a word is worth: jieba's idf table, the policy's stop words, keywords by TF-IDF."""

    def __init__(self, stop_words: Iterable[str]) -> None:
        self.stop_words = frozenset(stop_words)
        self.idf = _IdfTable(self.stop_words, 1.0)
        self.root_idf = _IdfTable(self.stop_words, 0.5)
        """Square root of `idf`."""

    def keywords(self, counts: Mapping[str, int], count: int) -> list[tuple[str, float]]:
        """The `count` most telling words with their TF-IDF weight, heaviest first, equal ones by name.

        `counts`: how often each word stands in the text. The weights are those of `jieba.analyse.extract_tags`
        for the words that `idf` lets through.
        """
        idf = self.idf
        weights: list[tuple[float, str]] = []
        total = 0
        for word, times in counts.items():
            value = idf[word]
            if value:
                weights.append((-times * value, word))
                total += times
        return [(word, -weight / total) for weight, word in heapq.nsmallest(count, weights)]


class _IdfTable(dict[str, float]):
    """Inverse document frequency of a word by jieba's table, the median for an unknown word, to the power `power`.

    0 for a stop word, a single character, or what holds no letter (numbers, punctuation). Remembers what was asked.
    """

    LIMIT = 200_000

    def __init__(self, stop_words: frozenset[str], power: float) -> None:
        super().__init__()
        # The extractor that jieba makes on import has the table loaded; making another one loads it again.
        extractor = jieba.analyse.default_tfidf
        self._table: dict[str, float] = extractor.idf_freq
        self._median: float = extractor.median_idf
        self._stop_words = stop_words
        self._power = power

    def __missing__(self, word: str) -> float:
        if len(self) >= self.LIMIT:
            self.clear()
        if len(word) < 2 or word in self._stop_words or not any(c.isalpha() for c in word):
            value = 0.0
        else:
            value = math.pow(self._table.get(word, self._median), self._power)
        self[word] = value
        return value
