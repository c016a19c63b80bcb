"""What cross-validation says; temperature and threshold are never fitted on the texts they are judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opinion_stream.domain.learning.calibration import Target, choose_threshold, fit_temperature, log_loss
from opinion_stream.domain.learning.combined import Decision, decide
from opinion_stream.domain.learning.features import Doubles, Places, Sample
from opinion_stream.domain.learning.model import softmax
from opinion_stream.domain.learning.scores import ClassScore, calibration_error, score

Run = tuple[Doubles, Places]
"""Out-of-fold logits (n, k) of one repeat, and the fold (n,) of each text."""


@dataclass(frozen=True)
class Validation:
    """Means over all folds of all repeats; `*_sd` the standard deviation over folds. Guesses are the best ones, the
    unsure texts' too; `per_class` pools the folds of the first repeat."""

    folds: int
    repeats: int
    macro_f1: float
    macro_f1_sd: float
    accuracy: float
    accuracy_sd: float
    unsure_share: float
    accuracy_on_rest: float
    log_loss: float
    calibration_error: float
    per_class: dict[str, ClassScore]


def validate(
    runs: Sequence[Run],
    samples: Sequence[Sample],
    labels: Sequence[str],
    classes: Sequence[str],
    min_confidence: float,
    target: Target,
) -> Validation:
    """Judge each fold with the temperature and the threshold that the other folds of its repeat give."""
    places = np.array([classes.index(label) for label in labels], dtype=np.intp)
    f1s: list[float] = []
    accuracies: list[float] = []
    unsure: list[float] = []
    rest: list[float] = []
    losses: list[float] = []
    errors: list[float] = []
    pooled: list[Decision] = []
    for logits, fold_of in runs:
        decisions: dict[int, Decision] = {}
        confidences: list[float] = []
        hits: list[bool] = []
        for fold in range(int(fold_of.max()) + 1):
            inside, others = np.flatnonzero(fold_of == fold), np.flatnonzero(fold_of != fold)
            temperature, threshold = _fit(logits, others, samples, labels, classes, min_confidence, target)
            rows = softmax(logits[inside], temperature)
            texts: list[int] = inside.tolist()
            made = [
                decide(row, classes, samples[i], threshold, min_confidence) for i, row in zip(texts, rows, strict=True)
            ]
            result = score([labels[i] for i in texts], [d.guess for d in made], [d.sure for d in made])
            f1s.append(result.macro_f1)
            accuracies.append(result.accuracy)
            unsure.append(result.unsure_share)
            if result.accuracy_on_rest is not None:
                rest.append(result.accuracy_on_rest)
            losses.append(log_loss(logits[inside], places[inside], temperature))
            confidences += [float(value) for value in rows.max(axis=1)]
            hits += [bool(value) for value in rows.argmax(axis=1) == places[inside]]
            decisions.update(zip(texts, made, strict=True))
        errors.append(calibration_error(np.array(confidences), hits))
        pooled = pooled or [decisions[i] for i in range(len(samples))]
    pool = score(labels, [d.guess for d in pooled], [d.sure for d in pooled])
    return Validation(
        folds=int(runs[0][1].max()) + 1,
        repeats=len(runs),
        macro_f1=float(np.mean(f1s)),
        macro_f1_sd=float(np.std(f1s)),
        accuracy=float(np.mean(accuracies)),
        accuracy_sd=float(np.std(accuracies)),
        unsure_share=float(np.mean(unsure)),
        accuracy_on_rest=float(np.mean(rest)) if rest else 0.0,
        log_loss=float(np.mean(losses)),
        calibration_error=float(np.mean(errors)),
        per_class=pool.per_class,
    )


def calibrate(
    runs: Sequence[Run],
    samples: Sequence[Sample],
    labels: Sequence[str],
    classes: Sequence[str],
    min_confidence: float,
    target: Target,
) -> tuple[float, float]:
    """(temperature, threshold) for the model trained on all texts: the mean over the repeats' out-of-fold logits."""
    every = np.arange(len(samples))
    fitted = [_fit(logits, every, samples, labels, classes, min_confidence, target) for logits, _ in runs]
    return float(np.mean([temperature for temperature, _ in fitted])), float(np.mean([low for _, low in fitted]))


def _fit(
    logits: Doubles,
    inside: NDArray[np.intp],
    samples: Sequence[Sample],
    labels: Sequence[str],
    classes: Sequence[str],
    min_confidence: float,
    target: Target,
) -> tuple[float, float]:
    places = np.array([classes.index(labels[i]) for i in inside.tolist()], dtype=np.intp)
    temperature = fit_temperature(logits[inside], places)
    rows = softmax(logits[inside], temperature)
    made = [decide(row, classes, samples[i], 0.0, min_confidence) for i, row in zip(inside.tolist(), rows, strict=True)]
    threshold = choose_threshold(
        np.array([d.confidence for d in made]),
        [d.guess == labels[i] for d, i in zip(made, inside.tolist(), strict=True)],
        always=np.array([d.source == "lexicon" for d in made]),
        never=np.array([not d.sure for d in made]),
        target=target,
    )
    return temperature, threshold
