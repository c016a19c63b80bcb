"""Counts that scatter more than Poisson: tail probability and interval of the negative binomial distribution."""

from __future__ import annotations

import math

SMALL = 40.0
"""Up to this mean, quantiles come from the sum of probabilities; above it from the gamma distribution."""


def tail(count: int, mean: float, shape: float) -> float:
    """P(X >= count) for X negative binomial with that mean and shape (variance = mean + mean² / shape).

    `mean` and `shape` are positive. It is the Gamma-Poisson mixture: a Poisson count whose rate is known up to a Gamma
    distribution of that shape.
    """
    if count <= 0:
        return 1.0
    return binomial_tail(count, shape, mean / (mean + shape))


def binomial_tail(successes: float, failures: float, chance: float) -> float:
    """The regularised incomplete beta function I_chance(successes, failures), 0-1.

    For whole numbers: P(at least `successes` of `successes + failures - 1` trials succeed).
    """
    from scipy.special import betainc  # see `interval`

    return float(betainc(successes, failures, chance))


def interval(mean: float, shape: float, share: float = 0.8) -> tuple[int, int]:
    """The central interval (low, high), both ends included, that holds at least `share` of the distribution."""
    edge = (1 - share) / 2
    if mean > SMALL:
        variance = mean + mean * mean / shape
        from scipy.special import gammaincinv  # a third of a second to load, and most commands never need it

        alpha, scale = mean * mean / variance, variance / mean
        low, high = (scale * float(gammaincinv(alpha, at)) for at in (edge, 1 - edge))
        return max(0, round(low)), round(high)
    probability = math.exp(-shape * math.log1p(mean / shape))
    ratio = mean / (mean + shape)
    below, count, low_end = probability, 0, -1
    while True:
        if low_end < 0 and below >= edge:
            low_end = count
        if below >= 1 - edge or (probability < 1e-12 and count > mean):
            return max(low_end, 0), count
        probability *= ratio * (count + shape) / (count + 1)
        count += 1
        below += probability
