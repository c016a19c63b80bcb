"""Category of a mention: the classifier's interface, and the lexicon classifier that needs no training."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from opinion_stream.domain.assessment.document import Document
from opinion_stream.domain.assessment.lexicon import WordSet
from opinion_stream.domain.ranking import strongest
from opinion_stream.models.assessment import CategoryResult
from opinion_stream.policy.judgement import Categories, Category, SubCategory

_SHOWN = 8


class Classifier(Protocol):
    """What the pipeline asks of any classifier, so that a trained one can take the lexicon's place."""

    def classify(self, documents: Sequence[Document]) -> list[CategoryResult]:
        """One result per document, in order."""


class Verdict(NamedTuple):
    """A result, and the level-1 category that is most likely even where the result is `unsure`."""

    guess: str
    result: CategoryResult


class Reading(NamedTuple):
    """What the lexicon finds in one text: word -> 1 + ln n, and the sum of each level-1 category, largest first."""

    factors: Mapping[str, float]
    sums: Mapping[str, float]
    confidence: float
    """(best - second) / (best + strong_weight); 0 without any word."""

    @property
    def best(self) -> str | None:
        """The category with the largest sum, None without any word."""
        return next(iter(self.sums), None)


@dataclass(frozen=True)
class _Level:
    """One level-1 category: the weight of its words, and the levels 2 and 3 each word belongs to."""

    name: str
    weights: dict[str, float]
    paths: dict[str, tuple[tuple[str, ...], ...]]


class LexiconClassifier:
    """Classifies by the words of `categories.yaml`: each result can name the words it rests on.

    A word's value is its weight times 1 + ln n, with n the hits in the text plus `title_weight` times those in the
    title; longer words hide those inside them. The category with the largest sum wins.
    """

    def __init__(self, policy: Categories) -> None:
        self._policy = policy
        self._levels = [_read_level(policy, category) for category in policy.categories]
        self._by_name = {level.name: level for level in self._levels}
        self._by_word: dict[str, list[tuple[int, float]]] = {}
        for index, level in enumerate(self._levels):
            for word, weight in level.weights.items():
                self._by_word.setdefault(word, []).append((index, weight))

        self._words = WordSet(self._by_word)

    def words(self) -> Iterator[str]:
        """All words it looks for."""
        return iter(self._by_word)

    def classify(self, documents: Sequence[Document]) -> list[CategoryResult]:
        """One result per document; below `min_confidence` the category is the fallback and the source `unsure`.

        Confidence is (best - second) / (best + strong_weight): 0 without any word, near 1 with many of one kind.
        """
        return [verdict.result for verdict in self.judge(documents)]

    def judge(self, documents: Sequence[Document]) -> list[Verdict]:
        """As `classify`, with the best guess; without any word the guess is the fallback."""
        return [self._judge(self.read(document)) for document in documents]

    def scores(self, document: Document) -> dict[str, float]:
        """The sum of each level-1 category that has any word in the document, largest first."""
        return dict(self.read(document).sums)

    def read(self, document: Document) -> Reading:
        """The words found in a document and what they add up to."""
        factors = self._word_counts(document)
        sums = self._sums(factors)
        ranked = sorted([(-value, index) for index, value in sums.items()])
        best, second = (*(-value for value, _ in ranked[:2]), 0.0, 0.0)[:2]
        confidence = round((best - second) / (best + self._policy.strong_weight), 4)
        return Reading(factors, {self._levels[index].name: -value for value, index in ranked}, confidence)

    def explain(self, reading: Reading, level1: str) -> CategoryResult:
        """`level1` with levels 2 and 3 and the words found for it; neither if the lexicon has nothing for it."""
        level = self._by_name.get(level1)
        if level is None:
            return CategoryResult(level1=level1, confidence=0.0)
        weights = level.weights
        values = {word: weights[word] * factor for word, factor in reading.factors.items() if word in weights}
        path = _best_path(level, values)
        return CategoryResult.trusted(
            level1=level1,
            level2=path[0] if path else None,
            level3=path[1] if len(path) > 1 else None,
            confidence=reading.confidence,
            source="lexicon",
            evidence=tuple(strongest(values, _SHOWN)),
            guess=None,
            threshold=None,
        )

    def _judge(self, reading: Reading) -> Verdict:
        if reading.best is None:
            nothing = CategoryResult(level1=self._policy.fallback, confidence=0.0, source="unsure")
            return Verdict(self._policy.fallback, nothing)
        result = self.explain(reading, reading.best)
        if reading.confidence < self._policy.min_confidence:
            result = CategoryResult.trusted(
                level1=self._policy.fallback,
                level2=None,
                level3=None,
                confidence=reading.confidence,
                source="unsure",
                evidence=result.evidence,
                guess=reading.best,
                threshold=self._policy.min_confidence,
            )
        return Verdict(reading.best, result)

    def _word_counts(self, document: Document) -> dict[str, float]:
        """Word -> 1 + ln n for the words found."""
        counts: dict[str, float] = {}
        for _, word in document.title_hits.longest(self._words):
            counts[word] = counts.get(word, 0.0) + self._policy.title_weight
        for _, word in document.text_hits.longest(self._words):
            counts[word] = counts.get(word, 0.0) + 1.0
        return {word: 1.0 + math.log(count) if count > 1.0 else 1.0 for word, count in counts.items()}

    def _sums(self, factors: dict[str, float]) -> dict[int, float]:
        sums: dict[int, float] = {}
        for word, factor in factors.items():
            for index, weight in self._by_word[word]:
                sums[index] = sums.get(index, 0.0) + weight * factor
        return sums


def _best_path(level: _Level, values: dict[str, float]) -> tuple[str, ...]:
    """Names of levels 2 and 3 whose own words weigh most; empty if no word belongs to any."""
    sums: dict[tuple[str, ...], float] = {}
    for word, value in values.items():
        for path in level.paths.get(word, ()):
            sums[path] = sums.get(path, 0.0) + value
    return min(sums, key=lambda path: (-sums[path], path)) if sums else ()


def _read_level(policy: Categories, category: Category) -> _Level:
    weights: dict[str, float] = {}
    paths: dict[str, list[tuple[str, ...]]] = {}

    def take(node: Category | SubCategory, path: tuple[str, ...]) -> None:
        tiers = ((node.words, 1.0), (node.strong, policy.strong_weight), (node.decisive, policy.decisive_weight))
        for words, weight in tiers:
            for word in words:
                weights[word] = max(weights.get(word, 0.0), weight)
                if path and path not in paths.setdefault(word, []):
                    paths[word].append(path)
        for child in node.children:
            take(child, (*path, child.name))

    take(category, ())
    return _Level(category.name, weights, {word: tuple(found) for word, found in paths.items()})
