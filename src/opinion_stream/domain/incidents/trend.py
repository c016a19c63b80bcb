"""Trend of an incident's volume, by event time, in a bounded number of buckets."""

from __future__ import annotations

from datetime import datetime

from opinion_stream.models.incident import Direction, Trend
from opinion_stream.policy.judgement import Grouping

BUCKETS = 12
"""Buckets per window. Two windows are kept."""


def bucket_of(at: datetime, policy: Grouping) -> int:
    """Number of the bucket an instant falls into."""
    return int(at.timestamp() // (policy.trend_window_hours * 3600 / BUCKETS))


def add_to_trend(buckets: dict[int, int], at: datetime, policy: Grouping) -> None:
    """Count one mention at event time `at`. Older than two windows before the newest, it is no longer counted."""
    bucket = bucket_of(at, policy)
    newest = max(max(buckets, default=bucket), bucket)
    oldest = newest - 2 * BUCKETS + 1
    if bucket >= oldest:
        buckets[bucket] = buckets.get(bucket, 0) + 1
    for old in [b for b in buckets if b < oldest]:
        del buckets[old]


def trend_at(buckets: dict[int, int], now: datetime, policy: Grouping) -> Trend:
    """The window that ends with `now` against the one before it.

    Rising: at least `trend_ratio` times the one before, and more than one mention (an empty window before counts as
    one mention). Fading: the one before holds at least `trend_ratio` times the last.
    """
    recent, before = _volumes(buckets, now, policy)
    if _rising(recent, before, policy):
        direction = Direction.RISING
    elif before > 0 and before >= policy.trend_ratio * recent:
        direction = Direction.FADING
    else:
        direction = Direction.LEVEL
    return Trend(direction=direction, window_hours=policy.trend_window_hours, recent=recent, before=before)


def is_rising(buckets: dict[int, int], now: datetime, policy: Grouping) -> bool:
    """Whether the trend at `now` is a rising one."""
    return _rising(*_volumes(buckets, now, policy), policy)


def _rising(recent: int, before: int, policy: Grouping) -> bool:
    return recent > 1 and recent >= policy.trend_ratio * max(before, 1)


def _volumes(buckets: dict[int, int], now: datetime, policy: Grouping) -> tuple[int, int]:
    """Mentions in the window that ends with `now`, and in the one before it."""
    last = bucket_of(now, policy)
    recent = before = 0
    for bucket, number in buckets.items():
        if last - BUCKETS < bucket <= last:
            recent += number
        elif last - 2 * BUCKETS < bucket <= last - BUCKETS:
            before += number
    return recent, before
