"""The category model: a multinomial logistic regression over words and lexicon, with a fitted temperature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from opinion_stream.domain.learning.features import Doubles, Floats, Sample, Terms, Vectoriser


@dataclass(frozen=True)
class CategoryModel:
    """Everything that inference needs; k classes, w words, c categories of the lexicon.

    `word_weights` (w, k), `lexicon_weights` (c, k), `intercept` (k,). `temperature` > 0 divides the logits so that
    the confidence is a probability (Guo et al. 2017, On Calibration of Modern Neural Networks). Below `threshold`
    (0..1) the answer is unsure.
    """

    classes: tuple[str, ...]
    vectoriser: Vectoriser
    word_weights: Floats
    lexicon_weights: Floats
    intercept: Floats
    temperature: float = 1.0
    threshold: float = 0.0

    def terms(self, samples: Sequence[Sample]) -> list[Terms]:
        """The known words of each sample."""
        return [self.vectoriser.terms(sample) for sample in samples]

    def logits(self, samples: Sequence[Sample], terms: Sequence[Terms] | None = None) -> Doubles:
        """(n, k) before the temperature; `terms` spares the look-up of the words where they are known already."""
        rows = np.empty((len(samples), len(self.classes)), dtype=np.float64)
        shares = np.empty((len(samples), len(self.vectoriser.categories)), dtype=np.float64)
        for place, (sample, found) in enumerate(zip(samples, terms or self.terms(samples), strict=True)):
            rows[place] = found.weights @ self.word_weights[found.places]
            shares[place] = self.vectoriser.shares(sample)
        return np.asarray(rows + shares @ self.lexicon_weights + self.intercept)

    def probabilities(self, samples: Sequence[Sample], terms: Sequence[Terms] | None = None) -> Doubles:
        """(n, k); each row adds up to 1."""
        return softmax(self.logits(samples, terms), self.temperature)

    def telling_words(self, terms: Terms, place: int, count: int) -> tuple[str, ...]:
        """At most `count` words that speak most for the class at `place` against the mean of all classes."""
        rows = self.word_weights[terms.places]
        gains = terms.weights * (rows[:, place] - rows.mean(axis=1))
        best = np.argsort(-gains, kind="stable")[:count]
        words = self.vectoriser.words
        return tuple(words[terms.places[i]] for i in best if gains[i] > 0)


def softmax(logits: Doubles, temperature: float) -> Doubles:
    """Probabilities (n, k) of logits (n, k) at a temperature > 0."""
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
