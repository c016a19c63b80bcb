"""What the words of a mention tell: the sparse vector by which incidents are grouped, and its keywords."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from opinion_stream.domain.assessment.document import Document
from opinion_stream.domain.assessment.segment import Terms, Told
from opinion_stream.domain.ranking import strongest
from opinion_stream.native import native
from opinion_stream.policy import Policy
from opinion_stream.policy.judgement import Grouping
from opinion_stream.policy.places import RegionLevel

BIGRAM_WEIGHT = 1.5
"""Weight of a pair of neighbouring characters of the title, about half of a word's. Names of estates, roads and
firms are cut differently from text to text; their characters stay the same."""


def place_words(policy: Policy) -> set[str]:
    """Names and short names of counties and above, and the pairs of characters in them.

    Half of a county's mentions name it, so it says where a matter is and not which: that is the region's part.
    """
    wide = [region for region in policy.regions.regions if region.level is not RegionLevel.TOWNSHIP]
    names = {name for region in wide for name in (region.name, *region.aliases, *region.ambiguous)}
    return names | {pair for name in names for pair in _pairs(name)}


Described = tuple[dict[str, float], list[tuple[str, float]]]
"""Features and keywords of a mention."""


class FeatureMaker:
    """Turns documents into vectors and keywords."""

    def __init__(self, policy: Grouping, terms: Terms) -> None:
        self._terms = terms
        self._title_share = policy.title_share
        self._max_features = policy.max_features
        self._keywords = policy.keywords
        module = native("terms")
        self._native = None
        if module is not None:
            self._native = module.Terms(
                get=terms.table.values.get,
                median=terms.table.median,
                stop_words=terms.stop_words,
                pair_weight=BIGRAM_WEIGHT,
                limit=Terms.LIMIT,
            )

    def describe(self, document: Document) -> Described:
        """The features of a document, and its keywords as `Terms.keywords` gives them for title and text together."""
        title_words, text_words = document.title_words, document.text_words
        if self._native is not None:
            made: Described = self._native.describe(
                document.mention.title, title_words, text_words, self._title_share, self._max_features, self._keywords
            )
            return made
        title_told, text_told = self._terms.telling(title_words), self._terms.telling(text_words)
        told = dict(text_told)
        for word, (times, idf) in title_told.items():
            told[word] = (times + told[word][0] if word in told else times), idf
        return self._mix(document.mention.title, title_told, text_told), self._terms.keywords(told, self._keywords)

    def features(self, document: Document) -> dict[str, float]:
        """Term -> weight, unit length, at most `max_features` terms, weights rounded to 4 digits, heaviest first.

        Title and text are brought to unit length each and mixed by `title_share`. A word weighs
        (1 + ln tf) * sqrt(idf) by jieba's idf table: the root, because that table is of news, where the words of
        complaints are rarer than they are here. Empty for a mention without any telling word.
        """
        return self.describe(document)[0]

    def _mix(self, headline: str, title_told: Told, text_told: Told) -> dict[str, float]:
        title = _weigh(title_told)
        for pair in _pairs(headline):
            if pair not in title and pair not in self._terms.stop_words:
                title[pair] = BIGRAM_WEIGHT
        mixed = _weigh(text_told)
        ratio = 1.0
        if title and mixed:  # only the ratio of the two matters, for the whole is brought to unit length in the end
            ratio = self._title_share * _length(mixed) / (max(1e-9, 1.0 - self._title_share) * _length(title))
        for term, weight in title.items():
            mixed[term] = mixed.get(term, 0.0) + weight * ratio
        chosen = strongest(mixed, self._max_features)
        # By way of whole numbers: `round` goes by way of text and takes four times as long.
        unit = _length(chosen) / 10_000
        return {term: int(weight / unit + 0.5) / 10_000 for term, weight in chosen.items()}


def _weigh(told: Told) -> dict[str, float]:
    sqrt = math.sqrt
    return {
        word: sqrt(idf) if times == 1 else (1.0 + math.log(times)) * sqrt(idf) for word, (times, idf) in told.items()
    }


def _length(vector: dict[str, float]) -> float:
    return math.sqrt(sum([weight * weight for weight in vector.values()]))


def _pairs(text: str) -> Iterator[str]:
    """Neighbouring characters that are both CJK ideographs."""
    for one, two in pairwise(text):
        if "一" <= one <= "鿿" and "一" <= two <= "鿿":
            yield one + two
