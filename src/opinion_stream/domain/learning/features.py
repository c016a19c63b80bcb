"""What the category model looks at in a text: its words by TF-IDF, and what the lexicon says of each category."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from opinion_stream.domain.assessment.category import LexiconClassifier, Reading
from opinion_stream.domain.assessment.document import Document

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Places = NDArray[np.intp]

LEXICON_CALM = 3.0
"""Added to the sum of all categories before shares are taken, so that one weak word alone weighs little."""


@dataclass(frozen=True)
class Sample:
    """One text as the model takes it: how often each word stands in it, and the lexicon's reading."""

    counts: Mapping[str, int]
    reading: Reading


def sample_of(document: Document, lexicon: LexiconClassifier) -> Sample:
    """The sample of a document; title and text count alike, since labelled texts seldom have a title."""
    return Sample(Counter(document.title_words + document.text_words), lexicon.read(document))


def usable(word: str) -> bool:
    """Whether a word may be a feature: two characters or more, letters only.

    Numbers tell persons and cases apart, not categories, and have no place in an artefact.
    """
    return len(word) > 1 and word.isalpha()


class Terms(NamedTuple):
    """Places in a vocabulary and their weights, of one length."""

    places: Places
    weights: Doubles


@dataclass(frozen=True)
class Vectoriser:
    """TF-IDF over `words` (1 + ln n times `idf`, unit length) and the root of the lexicon's share of each category.

    `idf` has one value for each word. `categories` are the level-1 names of the lexicon, in its order.
    """

    words: tuple[str, ...]
    idf: Doubles
    categories: tuple[str, ...]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.words)}

    def terms(self, sample: Sample) -> Terms:
        """The known words of a sample; weights of unit length, none if it has no known word."""
        counts = sample.counts
        found = np.fromiter(map(self._places.get, counts, repeat(-1)), dtype=np.intp, count=len(counts))
        times = np.fromiter(counts.values(), dtype=np.float64, count=len(counts))
        known = found >= 0
        places = found[known]
        weights = self.idf[places] * (1.0 + np.log(times[known]))
        length = math.sqrt(float(weights @ weights))
        return Terms(places, weights / length if length else weights)

    def shares(self, sample: Sample) -> Doubles:
        """One value in 0..1 for each of `categories`: the root of its share in the lexicon's sums."""
        sums = sample.reading.sums
        total = sum(sums.values()) + LEXICON_CALM
        return np.sqrt(np.array([sums.get(name, 0.0) / total for name in self.categories], dtype=np.float64))


def learn_vectoriser(samples: Sequence[Sample], categories: Sequence[str], min_texts: int) -> Vectoriser:
    """The usable words of `min_texts` samples or more, with idf = ln((1 + n) / (1 + df)) + 1 (as scikit-learn)."""
    frequency: Counter[str] = Counter()
    for sample in samples:
        frequency.update(sample.counts.keys())
    words = tuple(sorted(word for word, texts in frequency.items() if texts >= min_texts and usable(word)))
    idf = [math.log((1 + len(samples)) / (1 + frequency[word])) + 1.0 for word in words]
    return Vectoriser(words, np.array(idf, dtype=np.float64), tuple(categories))
