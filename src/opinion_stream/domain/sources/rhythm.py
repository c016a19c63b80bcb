"""A source's own rhythm: its usual rate of news by hour and weekday, and how long it may be without any.

News come by the hour of the day and the day of the week, so time is measured in *expected news*: the integral of the
rate over the time that has passed (the time-rescaling theorem: Daley and Vere-Jones, An Introduction to the Theory of
Point Processes, vol. 1, prop. 7.4.IV). A night in which nothing ever comes is then short, a morning long, and all of a
source's gaps can be compared with one another.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from opinion_stream.policy.source_health import Silence

HOUR = timedelta(hours=1)
_SHRINK_HOURS = 1.0
"""An hour of the day is as its source's average until it has been seen; so much of that stays in the sum."""
_SHRINK_NEWS = 1.0
"""A weekday likewise, in expected news."""
_PRIOR_GAPS = 3.0
"""The quantile of exponential gaps counts as much as so many gaps of the source's own."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which a source was read as due. `news`: begins of the polls that gave something new, in order.

    The poll at `start` ended a time in which the source was not read, or was the first of all.
    """

    start: datetime
    end: datetime
    news: tuple[datetime, ...]


@dataclass(frozen=True)
class Rhythm:
    """`rates`: expected news per hour, by weekday (Monday 0) and hour. `limit`: so many expected news without any are
    silence. `days`: length of the history. `gaps`: number of gaps it rests on."""

    rates: tuple[tuple[float, ...], ...]
    limit: float
    days: float
    gaps: int

    def deadline(self, since: datetime, longest: timedelta, zone: ZoneInfo) -> datetime:
        """When a silence that began at `since` exceeds the limit; at most `longest` later."""
        left, end = self.limit, since + longest
        for start, stop, day, hour in _hours(since, end, zone):
            rate, length = self.rates[day][hour], (stop - start) / HOUR
            if rate * length >= left:
                return start + HOUR * (left / rate)
            left -= rate * length
        return end

    def expected(self, start: datetime, end: datetime, zone: ZoneInfo) -> float:
        """News expected from `start` to `end`."""
        return sum(self.rates[day][hour] * ((b - a) / HOUR) for a, b, day, hour in _hours(start, end, zone))


def learned(stretches: Sequence[Stretch], rules: Silence, zone: ZoneInfo) -> Rhythm | None:
    """The rhythm of a source by its history, in order; None while that is too short to tell (see `Silence`).

    Gaps with an outage in them are left out: when their news came is not known.
    """
    gaps = [(a, b) for stretch in stretches for a, b in zip(stretch.news, stretch.news[1:], strict=False)]
    days = sum((stretch.end - stretch.start for stretch in stretches), timedelta()) / timedelta(days=1)
    if days < rules.learn_days or len(gaps) < rules.learn_gaps:
        return None
    rates = _rates(stretches, zone)
    draft = Rhythm(rates, math.inf, days, len(gaps))
    lengths = [draft.expected(a, b, zone) for a, b in gaps]
    longest: dict[date, float] = {}
    for (_, end), length in zip(gaps, lengths, strict=True):
        day = end.astimezone(zone).date()
        longest[day] = max(length, longest.get(day, 0.0))
    # What comes every day is usual, however many short gaps stand beside it: the night of a busy source.
    own = max(_quantile(sorted(lengths), rules.quantile), _quantile(sorted(longest.values()), rules.day_quantile))
    exponential = -math.log(1 - rules.quantile)
    usual = (len(gaps) * own + _PRIOR_GAPS * exponential) / (len(gaps) + _PRIOR_GAPS)
    return Rhythm(rates, rules.factor * usual, days, len(gaps))


def _rates(stretches: Sequence[Stretch], zone: ZoneInfo) -> tuple[tuple[float, ...], ...]:
    watched = [[0.0] * 24 for _ in range(7)]
    news = [[0] * 24 for _ in range(7)]
    for stretch in stretches:
        for start, stop, day, hour in _hours(stretch.start, stretch.end, zone):
            watched[day][hour] += (stop - start) / HOUR
        for at in stretch.news:
            if at == stretch.start:
                continue  # it came some time before, while nobody read
            local = at.astimezone(zone)
            news[local.weekday()][local.hour] += 1
    overall = sum(map(sum, news)) / (sum(map(sum, watched)) or 1)
    by_hour = [
        (sum(day[hour] for day in news) + _SHRINK_HOURS * overall) / (sum(day[hour] for day in watched) + _SHRINK_HOURS)
        for hour in range(24)
    ]
    by_day = [
        (sum(news[day]) + _SHRINK_NEWS)
        / (sum(length * rate for length, rate in zip(watched[day], by_hour, strict=True)) + _SHRINK_NEWS)
        for day in range(7)
    ]
    return tuple(tuple(factor * rate for rate in by_hour) for factor in by_day)


def _quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the sorted values do not exceed."""
    return values[max(0, math.ceil(share * len(values)) - 1)]


def _hours(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime, int, int]]:
    """The stretch cut at full local hours: (begin, end, weekday, hour)."""
    at = start
    while at < end:
        local = at.astimezone(zone)
        into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        stop = min(end, at + HOUR - into)
        yield at, stop, local.weekday(), local.hour
        at = stop
