"""How many more mentions an incident is to expect in the next 6 and 24 hours, from its own event-time buckets.

A negative binomial (Gamma-Poisson) regression on exponentially weighted volumes, the counting form of a self-exciting
process: mentions bring mentions, with fading memory (Hawkes 1971, Biometrika 58; counts regressed on their own past:
Fokianos, Rahbek & Tjøstheim 2009, JASA 104; negative binomial: Zhu 2011, J. Time Ser. Anal. 32). Weights below one and
the weight of age damp the growth; the hour of the day enters as active hours ahead. A matter that hardly moves and one
that spreads follow two fitted lines; between them stands a credibility weight of the volume (Bühlmann 1967, ASTIN 4).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from opinion_stream.domain.counts import interval
from opinion_stream.domain.forecast.circadian import HOUR, Activity
from opinion_stream.domain.incidents.trend import bucket_hours, bucket_of
from opinion_stream.models.incident import Expected
from opinion_stream.policy.judgement import Grouping
from opinion_stream.policy.loader import Policy
from opinion_stream.policy.outlook import Regime

OLDEST_AGE = 48.0


class Seen(NamedTuple):
    """What the outlook knows of an incident; see `policy.outlook.Regime`. `recent`: weighted mentions, 4 h."""

    e1: float
    e4: float
    e24: float
    age: float
    recent: float


def seen_of(buckets: Mapping[int, int], first_at: datetime, now: datetime, grouping: Grouping) -> Seen:
    """The terms of an incident at `now`; mentions after `now` are left out."""
    last, width = bucket_of(now, grouping), bucket_hours(grouping)
    one = four = day = 0.0
    for bucket, number in buckets.items():
        if bucket <= last:
            age = (last - bucket) * width
            one += number * math.exp(-age)
            four += number * math.exp(-age / 4)
            day += number * math.exp(-age / 24)
    hours = min(max(0.0, (now - first_at).total_seconds() / HOUR), OLDEST_AGE)
    return Seen(math.log(0.5 + one), math.log(0.5 + four), math.log(0.5 + day), math.log1p(hours), four)


class Volume:
    """The outlook of incidents under a policy (`trend.yaml`). Holds no state."""

    def __init__(self, policy: Policy) -> None:
        self._grouping = policy.incidents
        self._policy = policy.trend
        self._zone = ZoneInfo(policy.jurisdiction.timezone)
        mean = sum(policy.trend.profile) / 24
        self._profile = [weight / mean for weight in policy.trend.profile]

    def active_hours(self, at: datetime, hours: int) -> float:
        """The next `hours`, in hours of average activity."""
        offset = at.astimezone(self._zone).utcoffset()
        minutes = int(offset.total_seconds() // 60) if offset is not None else 0
        return Activity(self._profile, at, minutes).between(0.0, hours * HOUR)

    def expected(self, buckets: Mapping[int, int], first_at: datetime, now: datetime) -> tuple[Expected, Expected]:
        """What to expect within 6 h and within 24 h after `now`, with 80 % intervals."""
        return self.outlook(seen_of(buckets, first_at, now, self._grouping), now)

    def outlook(self, seen: Seen, now: datetime) -> tuple[Expected, Expected]:
        """The same from the terms of an incident. A day never holds less than its first six hours."""
        (mean, shape), (day_mean, day_shape) = self.law(seen, now, 6), self.law(seen, now, 24)
        (low, high), (day_low, day_high) = interval(mean, shape), interval(day_mean, day_shape)
        return _expected(mean, low, high), _expected(max(mean, day_mean), max(low, day_low), max(high, day_high))

    def law(self, seen: Seen, now: datetime, hours: int) -> tuple[float, float]:
        """Mean and shape of the negative binomial volume in the next 6 or 24 `hours`."""
        horizon = self._policy.hours_6 if hours == 6 else self._policy.hours_24
        share = seen.recent**2 / (seen.recent**2 + self._policy.spreading_from**2)
        log_mean = math.log(self.active_hours(now, hours))
        log_shape = 0.0
        for weight, line in ((share, horizon.spreading), (1 - share, horizon.quiet)):
            log_mean += weight * _log_mean(line, seen)
            log_shape += weight * _log_shape(line, seen)
        return math.exp(min(log_mean, 20.0)), math.exp(min(max(log_shape, -4.0), 6.0))


def _expected(mean: float, low: int, high: int) -> Expected:
    return Expected(value=round(mean, 2 if mean < 10 else 0), low=low, high=high)


def _log_mean(line: Regime, seen: Seen) -> float:
    return line.intercept + line.e1 * seen.e1 + line.e4 * seen.e4 + line.e24 * seen.e24 + line.age * seen.age


def _log_shape(line: Regime, seen: Seen) -> float:
    return line.shape + line.shape_e1 * seen.e1 + line.shape_e24 * seen.e24 + line.shape_age * seen.age
