"""The trained model and the lexicon together: a classifier for the pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opinion_stream.domain.assessment.category import LexiconClassifier, Verdict
from opinion_stream.domain.assessment.document import Document
from opinion_stream.domain.learning.features import Doubles, Sample, Terms, sample_of
from opinion_stream.domain.learning.model import CategoryModel
from opinion_stream.models.assessment import CategoryResult
from opinion_stream.policy.judgement import Categories

_SHOWN = 8


@dataclass(frozen=True)
class Decision:
    """Best guess, its confidence (0..1), who stands behind it (model | both | lexicon), and whether it is sure."""

    guess: str
    confidence: float
    source: str
    sure: bool


def decide(
    probabilities: Doubles, classes: Sequence[str], sample: Sample, threshold: float, min_confidence: float
) -> Decision:
    """One text: `probabilities` (k,) of the model over `classes`, and what the lexicon says.

    A model gives every text one of the classes it was trained on, and is often certain of it. So where the lexicon
    is sure (`min_confidence`) of a category that the model never saw, the lexicon's answer stands; where it leans to
    such a category without being sure, nobody knows. Everywhere else the model decides: it has the lexicon's
    reading among its features.
    """
    place = int(probabilities.argmax())
    confidence = float(probabilities[place])
    said = sample.reading.best
    if said is not None and said not in classes:
        if sample.reading.confidence >= min_confidence:
            return Decision(said, sample.reading.confidence, "lexicon", sure=True)
        return Decision(classes[place], confidence, "model", sure=False)
    source = "both" if said == classes[place] else "model"
    return Decision(classes[place], confidence, source, sure=confidence >= threshold)


class CombinedClassifier:
    """Takes the lexicon's place in the pipeline when a model is present.

    Confidence is the model's calibrated probability, or the lexicon's own where the source is `lexicon`.
    """

    def __init__(self, model: CategoryModel, policy: Categories) -> None:
        self._model = model
        self._policy = policy
        self._lexicon = LexiconClassifier(policy)

    def classify(self, documents: Sequence[Document]) -> list[CategoryResult]:
        """One result per document; where it is not sure the category is the fallback and the source `unsure`."""
        return [verdict.result for verdict in self.judge(documents)]

    def judge(self, documents: Sequence[Document]) -> list[Verdict]:
        """As `classify`, with the best guess."""
        samples = [sample_of(document, self._lexicon) for document in documents]
        terms = self._model.terms(samples)
        rows = self._model.probabilities(samples, terms)
        return [self._verdict(*each) for each in zip(samples, terms, rows, strict=True)]

    def _verdict(self, sample: Sample, terms: Terms, row: Doubles) -> Verdict:
        model = self._model
        decision = decide(row, model.classes, sample, model.threshold, self._policy.min_confidence)
        confidence = round(decision.confidence, 4)
        known = self._lexicon.explain(sample.reading, decision.guess)
        words = known.evidence[:_SHOWN]
        if decision.source != "lexicon" and len(words) < _SHOWN:
            telling = model.telling_words(terms, model.classes.index(decision.guess), _SHOWN)
            words = tuple(dict.fromkeys((*words, *telling)))[:_SHOWN]
        if not decision.sure:
            fallback = self._policy.fallback
            unsure = CategoryResult(
                level1=fallback,
                confidence=confidence,
                source="unsure",
                evidence=words,
                guess=decision.guess,
                threshold=model.threshold,
            )
            return Verdict(decision.guess, unsure)
        return Verdict(
            decision.guess,
            CategoryResult(
                level1=decision.guess,
                level2=known.level2,
                level3=known.level3,
                confidence=confidence,
                source=decision.source,
                evidence=words,
            ),
        )
