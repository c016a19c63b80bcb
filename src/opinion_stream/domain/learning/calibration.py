"""From scores to a confidence one can rely on: the temperature, and the threshold below which a person decides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opinion_stream.domain.learning.features import Doubles, Places
from opinion_stream.domain.learning.model import softmax

_GOLDEN = (math.sqrt(5) - 1) / 2
_Z = 1.645
"""One-sided 95 %."""


def log_loss(logits: Doubles, places: Places, temperature: float) -> float:
    """Mean negative log probability of the right classes; `places` (n,) are their columns."""
    right = softmax(logits, temperature)[np.arange(len(places)), places]
    return float(-np.log(np.maximum(right, 1e-12)).mean())


def fit_temperature(logits: Doubles, places: Places) -> float:
    """The temperature in 0.05..20 with the least log loss, by golden section over its logarithm."""
    low, high = math.log(0.05), math.log(20.0)
    for _ in range(40):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if log_loss(logits, places, math.exp(left)) < log_loss(logits, places, math.exp(right)):
            high = right
        else:
            low = left
    return math.exp((low + high) / 2)


@dataclass(frozen=True)
class Target:
    """At most `max_unsure` of the texts go to a person, and `accuracy` of the rest is right. Both 0..1."""

    accuracy: float = 0.93
    max_unsure: float = 0.15


def choose_threshold(
    confidences: Doubles, right: Sequence[bool], always: NDArray[np.bool_], never: NDArray[np.bool_], target: Target
) -> float:
    """The lowest threshold (0..1) whose accuracy on the rest is above the target with 95 % confidence (Wilson).

    `always`: texts that are sure whatever the threshold; `never`: those that are not. The share that goes to a person
    must stay below `max_unsure` with the same confidence; if that is in the way of the accuracy, it goes first.
    """
    n = len(confidences)
    values = np.where(always, np.inf, np.where(never, -np.inf, confidences))
    order = np.argsort(-values, kind="stable")
    ranked, hits = values[order], np.cumsum(np.asarray(right, dtype=np.float64)[order])
    enough = (kept for kept in range(1, n) if wilson_low(kept, n) >= 1 - target.max_unsure)
    fewest = next(enough, n)
    for kept in range(n, fewest - 1, -1):
        last = float(ranked[kept - 1])
        if last == -math.inf or (kept < n and float(ranked[kept]) == last):
            continue
        if wilson_low(float(hits[kept - 1]), kept) >= target.accuracy:
            return min(1.0, last)
    return max(0.0, min(1.0, float(ranked[fewest - 1])))


def wilson_low(hits: float, n: int) -> float:
    """Lower end of the one-sided 95 % Wilson interval of the share `hits` / `n`."""
    share, z2 = hits / n, _Z * _Z
    centre = share + z2 / (2 * n)
    return (centre - _Z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
