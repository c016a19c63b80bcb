"""How good answers are: macro-F1, accuracy, per class, confusion, what is left when the unsure ones go to a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from opinion_stream.domain.learning.features import Doubles


@dataclass(frozen=True)
class ClassScore:
    """Of one class; `support` is how many texts have it as their label."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Scores:
    """`macro_f1` (over the classes among the labels), `accuracy`, `per_class` and `confusion` (label -> guess ->
    count) score the best guess of every text, the unsure ones too. `accuracy_on_rest` is that of the texts which are
    not unsure; None if there are none."""

    texts: int
    macro_f1: float
    accuracy: float
    unsure_share: float
    accuracy_on_rest: float | None
    per_class: dict[str, ClassScore]
    confusion: dict[str, dict[str, int]]


def score(labels: Sequence[str], guesses: Sequence[str], sure: Sequence[bool]) -> Scores:
    """Three sequences of one length, at least one text. Raises ValueError otherwise."""
    if not labels:
        raise ValueError("no texts to score")
    pairs = Counter(zip(labels, guesses, strict=True))
    given = Counter(labels)
    guessed = Counter(guesses)
    per_class = {name: _class_score(pairs[name, name], guessed[name], given[name]) for name in sorted(given)}
    confusion: dict[str, dict[str, int]] = {name: {} for name in sorted(given)}
    for (label, guess), count in sorted(pairs.items()):
        confusion[label][guess] = count
    right = [label == guess for label, guess in zip(labels, guesses, strict=True)]
    rest = [hit for hit, certain in zip(right, sure, strict=True) if certain]
    return Scores(
        texts=len(labels),
        macro_f1=sum(item.f1 for item in per_class.values()) / len(per_class),
        accuracy=sum(right) / len(right),
        unsure_share=1 - len(rest) / len(right),
        accuracy_on_rest=sum(rest) / len(rest) if rest else None,
        per_class=per_class,
        confusion=confusion,
    )


def _class_score(hits: int, guessed: int, given: int) -> ClassScore:
    return ClassScore(
        precision=hits / guessed if guessed else 0.0,
        recall=hits / given,
        f1=2 * hits / (guessed + given),
        support=given,
    )


def calibration_error(confidences: Doubles, right: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error, 0..1: mean distance of confidence and accuracy over bins of equal width."""
    hits = np.asarray(right, dtype=np.float64)
    places = np.minimum((confidences * bins).astype(np.intp), bins - 1)
    total = 0.0
    for place in range(bins):
        inside = places == place
        if inside.any():
            total += float(inside.sum()) * abs(float(confidences[inside].mean()) - float(hits[inside].mean()))
    return total / len(hits)
