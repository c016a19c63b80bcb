"""Trend of an incident's volume, by event time, in a bounded number of buckets."""

from __future__ import annotations

import math
from datetime import datetime

from opinion_stream.domain.counts import binomial_tail
from opinion_stream.models.incident import Direction, Expected, Trend
from opinion_stream.policy.judgement import Grouping

BUCKETS = 12
"""Buckets per window."""

KEPT_HOURS = 48.0
"""Hours kept for the outlook; never less than the two windows of the trend."""


def bucket_hours(policy: Grouping) -> float:
    """Length of a bucket in hours."""
    return policy.trend_window_hours / BUCKETS


def buckets_kept(policy: Grouping) -> int:
    """Largest number of buckets in a record."""
    return max(2 * BUCKETS, math.ceil(KEPT_HOURS / bucket_hours(policy)))


def bucket_of(at: datetime, policy: Grouping) -> int:
    """Number of the bucket an instant falls into."""
    return int(at.timestamp() // (policy.trend_window_hours * 3600 / BUCKETS))


def add_to_trend(buckets: dict[int, int], at: datetime, policy: Grouping) -> None:
    """Count one mention at event time `at`. One too old to be kept is no longer counted."""
    bucket = bucket_of(at, policy)
    if not buckets:
        buckets[bucket] = 1
        return
    newest = max(bucket, *buckets)
    oldest = newest - buckets_kept(policy) + 1
    if bucket >= oldest:
        buckets[bucket] = buckets.get(bucket, 0) + 1
    for old in [b for b in buckets if b < oldest]:
        del buckets[old]


def trend_at(
    buckets: dict[int, int],
    now: datetime,
    policy: Grouping,
    growth_p: float = 0.1,
    expected: tuple[Expected, Expected] | None = None,
) -> Trend:
    """The window that ends with `now` against the one before it, with what is `expected` within 6 h and 24 h.

    Rising: at least `trend_ratio` times the one before, and more than one mention (an empty window before counts as
    one mention). Fading: the one before holds at least `trend_ratio` times the last.
    """
    recent, before = volumes_at(buckets, now, policy)
    if _rising(recent, before, policy):
        direction = Direction.RISING
    elif before > 0 and before >= policy.trend_ratio * recent:
        direction = Direction.FADING
    else:
        direction = Direction.LEVEL
    return Trend(
        direction=direction,
        window_hours=policy.trend_window_hours,
        recent=recent,
        before=before,
        doubling_hours=doubling_hours(recent, before, policy.trend_window_hours, growth_p),
        expected_6h=None if expected is None else expected[0],
        expected_24h=None if expected is None else expected[1],
    )


def doubling_hours(recent: int, before: int, window_hours: float, growth_p: float) -> float | None:
    """Hours in which the volume doubles, from two windows of equal length; None without growth beyond chance.

    Chance: with equal rates, `recent` or more of all mentions fall into the later window with a probability above
    `growth_p` (conditional test of two Poisson rates, Przyborowski & Wilenski 1940, Biometrika 31). The growth rate is
    ln((recent + 0.5) / (before + 0.5)) per window; the halves keep an empty window finite (Haldane 1956).
    """
    if recent <= before or binomial_tail(recent, before + 1, 0.5) > growth_p:
        return None
    return round(window_hours * math.log(2) / math.log((recent + 0.5) / (before + 0.5)), 1)


def is_rising(buckets: dict[int, int], now: datetime, policy: Grouping) -> bool:
    """Whether the trend at `now` is a rising one."""
    return sum(buckets.values()) > 1 and _rising(*volumes_at(buckets, now, policy), policy)


def _rising(recent: int, before: int, policy: Grouping) -> bool:
    return recent > 1 and recent >= policy.trend_ratio * max(before, 1)


def volumes_at(buckets: dict[int, int], now: datetime, policy: Grouping) -> tuple[int, int]:
    """Mentions in the window that ends with `now`, and in the one before it."""
    last = bucket_of(now, policy)
    recent = before = 0
    for bucket, number in buckets.items():
        if last - BUCKETS < bucket <= last:
            recent += number
        elif last - 2 * BUCKETS < bucket <= last - BUCKETS:
            before += number
    return recent, before
