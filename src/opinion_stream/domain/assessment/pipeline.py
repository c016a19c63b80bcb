"""研判 of a batch of mentions: each is cut and scanned once, then goes through all judges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from opinion_stream.domain.assessment.category import Classifier, LexiconClassifier
from opinion_stream.domain.assessment.conditions import REMEMBERED
from opinion_stream.domain.assessment.document import Document, read_document
from opinion_stream.domain.assessment.features import FeatureMaker, place_words
from opinion_stream.domain.assessment.lexicon import Lexicon
from opinion_stream.domain.assessment.nature import NatureJudge
from opinion_stream.domain.assessment.priority import PriorityJudge
from opinion_stream.domain.assessment.region import RegionJudge
from opinion_stream.domain.assessment.segment import Terms
from opinion_stream.domain.assessment.sensitivity import SensitivityJudge
from opinion_stream.domain.assessment.unit import UnitJudge
from opinion_stream.domain.places import Places
from opinion_stream.models.assessment import Assessment, CategoryResult, Keyword
from opinion_stream.models.mention import Mention
from opinion_stream.policy.loader import Policy

TOGETHER = 64
"""Mentions judged at a time: the words of more do not stay in the processor's cache, and a model wants some."""


class Assessor:
    """Assesses mentions by a policy. Holds no state between calls: the same mention gives the same result.

    `classifier` takes the place of the lexicon, e.g. a trained model.
    """

    def __init__(self, policy: Policy, classifier: Classifier | None = None) -> None:
        places = Places(policy)
        lexicon_classifier = LexiconClassifier(policy.categories)
        self._classifier = classifier or lexicon_classifier
        self._regions = RegionJudge(policy, places)
        self._units = UnitJudge(policy, places)
        self._nature = NatureJudge(policy.nature)
        self._sensitivity = SensitivityJudge(policy.sensitivity)
        self._priority = PriorityJudge(policy.priority)
        terms = Terms((*policy.incidents.stop_words, *place_words(policy)))
        self._features = FeatureMaker(policy.incidents, terms)
        self._lexicon = Lexicon(
            (*lexicon_classifier.words(), *self._regions.words(), *self._units.words(), *_rule_words(policy))
        )
        self._scan_hint = lru_cache(REMEMBERED)(self._lexicon.scan)

    def assess(self, mentions: Sequence[Mention]) -> list[Assessment]:
        """One assessment per mention, in order."""
        assessments: list[Assessment] = []
        for start in range(0, len(mentions), TOGETHER):
            documents = self.read(mentions[start : start + TOGETHER])
            categories = self._classifier.classify(documents)
            assessments += [self._judge(*each) for each in zip(documents, categories, strict=True)]
        return assessments

    def read(self, mentions: Sequence[Mention]) -> list[Document]:
        """The mentions cut into words and scanned, as a classifier takes them."""
        scan, scan_hint = self._lexicon.scan, self._scan_hint
        return [read_document(mention, scan, scan_hint) for mention in mentions]

    def _judge(self, document: Document, category: CategoryResult) -> Assessment:
        found = document.found
        region, region_reason = self._regions.judge(document)
        charge = self._units.judge(document, region, category)
        nature, nature_reason = self._nature.judge(found)
        sensed = self._sensitivity.judge(found, category.level1, nature)
        value, priority_rule = self._priority.judge(found, category.level1, nature, sensed.score)
        features, keywords = self._features.describe(document)
        return Assessment.trusted(
            category=category,
            region=region,
            region_reason=region_reason,
            unit=charge.unit,
            unit_reason=charge.reason,
            co_units=charge.co_units,
            nature=nature,
            nature_reason=nature_reason,
            sensitivity=sensed.score,
            sensitivity_reasons=sensed.reasons,
            floor=sensed.floor.value if sensed.floor is not None else None,
            response_value=value,
            priority_rule=priority_rule,
            keywords=tuple([Keyword.trusted(word=word, weight=round(weight, 4)) for word, weight in keywords]),
            features=features,
        )


def _rule_words(policy: Policy) -> Iterator[str]:
    for nature in policy.nature.rules:
        yield from nature.words
    for rule in policy.sensitivity.rules:
        yield from rule.when.words()
    for priority in policy.priority.rules:
        yield from priority.when.words()
