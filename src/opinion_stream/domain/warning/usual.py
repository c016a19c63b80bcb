"""The usual level of a category in a region: a slowly forgetting rate by hour of day and weekday, and its scatter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from opinion_stream.policy.outlook import Burst

HOUR = 3600
Weights = tuple[tuple[float, ...], tuple[float, ...]]
FORGOTTEN = 10
"""Half-lives after which nothing is left worth counting."""


@dataclass(slots=True)
class Series:
    """Mentions of one category of a region (or of all). `learned` and the profiles fade by the half-life.

    `buckets`: hour (epoch hours) to mentions, for hours from `folded` on; older ones are in the sums. At most
    `guard_hours` + 1 of them.
    """

    folded: int
    learned: float = 0.0
    hours: list[float] = field(default_factory=lambda: [0.0] * 24)
    days: list[float] = field(default_factory=lambda: [0.0] * 7)
    buckets: dict[int, int] = field(default_factory=dict)
    latest: list[tuple[int, str, str]] = field(default_factory=list)
    """(epoch seconds, mention id, incident id) of the latest mentions."""

    def count(self, first: int, last: int) -> int:
        """Mentions in the hours `first` to `last`, both included."""
        return sum(number for hour, number in self.buckets.items() if first <= hour <= last)


@dataclass(slots=True)
class RegionLevel:
    """What all series of a region share: its clock (latest event time, epoch seconds), profile and observed time."""

    since: int
    """First hour observed (epoch hours)."""
    clock: float
    all: Series
    active: float = 0.0
    """Observed time before `all.folded` in hours of average activity, faded like the sums."""

    @property
    def hour(self) -> int:
        """The hour the clock stands in."""
        return int(self.clock // HOUR)


class Usual:
    """Learns and answers the usual level. The sums live in `Series` and `RegionLevel`; here are only derived profiles.

    Counts in a stretch of time are Gamma-Poisson: the rate is known from `learned` mentions in `active` hours, with a
    prior; `scatter` is added to its relative variance. Hours that stand out are cut before they are learned, as
    Noufaily et al. 2013 (Statistics in Medicine 32) weigh past outbreaks down; the latest `guard_hours` are left out,
    as in EARS C2 (Hutwagner et al. 2003, J. Urban Health 80).
    """

    def __init__(self, policy: Burst, zone: ZoneInfo) -> None:
        self._policy = policy
        self._zone = zone
        self._keep = 0.5 ** (1 / (24 * policy.half_life_days))
        self._longest = int(FORGOTTEN * 24 * policy.half_life_days)
        self._profiles: dict[int, tuple[tuple[float, ...], Weights]] = {}
        self._prior = policy.prior_per_day * policy.prior_days
        self._prior_hours = 24 * policy.prior_days

    def start(self, at: float) -> RegionLevel:
        """A region whose first mention is at `at` (epoch seconds)."""
        hour = int(at // HOUR)
        return RegionLevel(since=hour, clock=at, all=Series(hour))

    def advance(self, region: RegionLevel, at: float) -> bool:
        """Let the clock reach `at`; whether a new hour began. Earlier times change nothing."""
        before = region.hour
        region.clock = max(region.clock, at)
        boundary = region.hour - self._policy.guard_hours
        if boundary > region.all.folded:
            start = max(region.all.folded, boundary - self._longest)
            region.active *= self._keep ** (start - region.all.folded)
            weights = self._weights(region, region.all)
            for hour in range(start, boundary):
                region.active = region.active * self._keep + self._stretch(weights, hour, hour + 1)
            self.fold(region.all, region)
        return region.hour > before

    def add(self, series: Series, region: RegionLevel, at: float) -> None:
        """Count a mention at `at`, not after the clock. One from before the region was followed is not counted."""
        self.fold(series, region)
        hour = int(at // HOUR)
        if hour >= series.folded:
            series.buckets[hour] = series.buckets.get(hour, 0) + 1
        elif hour >= region.since:
            self._learn(series, hour, self._keep ** (series.folded - hour))

    def fold(self, series: Series, region: RegionLevel) -> None:
        """Move the hours older than the guard into the sums."""
        boundary = region.hour - self._policy.guard_hours
        if boundary <= series.folded:
            return
        old = sorted(hour for hour in series.buckets if hour < boundary)
        weights = self._weights(region, series) if old else ((), ())
        for hour in old:
            self._fade(series, hour)
            usual = self._rate(series, region) * self._stretch(weights, hour, hour + 1)
            spread = math.sqrt(usual + usual * usual / self._shape(series))
            number = series.buckets.pop(hour)
            self._learn(series, hour, min(number, usual + self._policy.outlier * spread + 1))
        self._fade(series, boundary)

    def law(self, series: Series, region: RegionLevel, first: int) -> tuple[float, float]:
        """Mean and shape of the negative binomial count from the start of hour `first` to the clock."""
        weights = self._weights(region, series)
        whole = self._stretch(weights, first, region.hour)
        part = self._stretch(weights, region.hour, region.hour + 1) * (region.clock / HOUR - region.hour)
        return max(self._rate(series, region) * (whole + part), 1e-9), self._shape(series)

    def _rate(self, series: Series, region: RegionLevel) -> float:
        return (series.learned + self._prior) / (region.active + self._prior_hours)

    def _shape(self, series: Series) -> float:
        return 1 / (1 / (series.learned + self._prior) + self._policy.scatter)

    def _learn(self, series: Series, hour: int, number: float) -> None:
        of_day, weekday = self._local(hour)
        series.learned += number
        series.hours[of_day] += number
        series.days[weekday] += number

    def _fade(self, series: Series, hour: int) -> None:
        left = self._keep ** max(0, hour - series.folded)
        series.learned *= left
        series.hours = [number * left for number in series.hours]
        series.days = [number * left for number in series.days]
        series.folded = max(series.folded, hour)

    def _weights(self, region: RegionLevel, series: Series) -> Weights:
        """Activity by hour and by weekday, mean 1: the general profile, then the region's, then the series' own."""
        wider = self._policy.hours, self._policy.weekdays
        if series is not region.all:
            wider = self._weights(region, region.all)
        # The sums change when, and only when, one of these does.
        stamp = (series.folded, series.learned, region.all.folded, region.all.learned)
        known = self._profiles.get(id(series))
        if known is None or known[0] != stamp:
            weights = self._shrunk(series.hours, wider[0]), self._shrunk(series.days, wider[1])
            known = self._profiles[id(series)] = stamp, weights
        return known[1]

    def _shrunk(self, own: Sequence[float], wider: Sequence[float]) -> tuple[float, ...]:
        weight = self._policy.profile_weight
        to_mean = len(own) / (sum(own) + weight)
        scale = weight / sum(wider) * to_mean
        return tuple([number * to_mean + part * scale for number, part in zip(own, wider, strict=True)])

    def _stretch(self, weights: Weights, first: int, end: int) -> float:
        """Activity of the hours `first` to `end` (not included), whole days at once."""
        hours, days = weights
        total, hour = 0.0, first
        of_day, weekday = self._local(first)
        while hour < end:
            if of_day == 0 and hour + 24 <= end:
                total += 24 * days[weekday]
                hour += 24
            else:
                total += hours[of_day] * days[weekday]
                hour += 1
                of_day = (of_day + 1) % 24
                if of_day:
                    continue
            weekday = (weekday + 1) % 7
        return total

    def _local(self, hour: int) -> tuple[int, int]:
        """Hour of the local day and weekday (Monday 0)."""
        local = datetime.fromtimestamp(hour * HOUR, self._zone)
        return local.hour, local.weekday()
