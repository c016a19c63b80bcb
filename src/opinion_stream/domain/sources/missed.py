"""Polls that were due and did not come about, and what came in when the source was read again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from opinion_stream.models.source import PollOutcome
from opinion_stream.policy.notify import QuietHours
from opinion_stream.policy.source import Schedule

_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which a source was not read when due.

    `since`: begin of the last poll before it that was not cut short; None: there was none. `until`: begin of the first
    one after it; None: it goes on. `missed`: polls due in between. `failures`: polls cut short. `caught_up`: records
    that came in with the first success, and with the failures before it. `error_kind`: the last one.
    """

    since: datetime | None
    until: datetime | None
    missed: int
    failures: int
    caught_up: int
    error_kind: str | None


def awake(start: datetime, end: datetime, quiet: QuietHours | None, zone: ZoneInfo) -> timedelta:
    """The time from `start` to `end` outside the quiet hours; 0 if `end` is not later."""
    if quiet is None:
        return max(timedelta(), end - start)
    total, at = timedelta(), start
    while at < end:
        woken = quiet.over(at, zone)
        if woken > at:
            at = woken
            continue
        local = at.astimezone(zone)
        night = datetime.combine(local.date(), quiet.start, zone)
        if night <= local:
            night = datetime.combine(local.date() + timedelta(days=1), quiet.start, zone)
        stop = min(end, night.astimezone(at.tzinfo))
        total += stop - at
        at = stop
    return total


def times_due(start: datetime, end: datetime, schedule: Schedule, zone: ZoneInfo) -> int:
    """How often a source read at `start` was due again by `end`."""
    paused = awake(start, end, schedule.quiet_hours, zone)
    return int(paused / timedelta(minutes=schedule.every_minutes) + _ROUNDING)


def missed_between(start: datetime, end: datetime, schedule: Schedule, zone: ZoneInfo) -> int:
    """Polls due between two successes that began at `start` and `end`; the second one is one of them, if late."""
    if (end - start) / timedelta(minutes=schedule.every_minutes) < 2 - _ROUNDING:
        return 0  # the usual case, without a look at the quiet hours
    return max(0, times_due(start, end, schedule, zone) - 1)


def outages(outcomes: Sequence[PollOutcome], schedule: Schedule, zone: ZoneInfo, now: datetime) -> list[Outage]:
    """The outages in a source's outcomes (oldest first), oldest first; the last one may go on at `now`.

    One that goes on is there from the second poll due; what is missed so far is counted. A failure that was made good
    before the next poll was due is none.
    """
    found: list[Outage] = []
    every = timedelta(minutes=schedule.every_minutes)
    since: datetime | None = None
    began = outcomes[0].at - every if outcomes else now  # the first poll was due, too
    failures, partial, kind = 0, 0, None
    for outcome in outcomes:
        if not outcome.ok:
            failures, partial, kind = failures + outcome.polls, partial + outcome.sent, outcome.error_kind
            continue
        if missed := missed_between(began, outcome.at, schedule, zone):
            found.append(Outage(since, outcome.at, missed, failures, partial + outcome.sent, kind))
        began = since = outcome.last_began
        failures, partial, kind = 0, 0, None
    missed = missed_between(began, now, schedule, zone)
    if outcomes and missed:
        found.append(Outage(since, None, missed, failures, partial, kind))
    return found
