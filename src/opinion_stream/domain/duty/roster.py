"""The roster laid over the calendar: watches with their times, and who is on duty at a moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from opinion_stream.domain.response.calendar import is_working_day
from opinion_stream.policy.duty import DayKind, Duty, Post, Weekday

STANDING = "standing"
"""Name of the one shift of a post that a standing seat holds."""
ALL_DAY = (0, 1440)


@dataclass(frozen=True)
class Watch:
    """A seat at a post from `start` up to and without `end`. `instead_of`: the seat whose turn it would be."""

    post: str
    shift: str
    seat: str
    start: datetime
    end: datetime
    instead_of: str | None = None


@dataclass(frozen=True)
class OnDuty:
    """Who is on duty at a post at a moment.

    `on` came on last and is responsible; `handing_over` are those whose shift still overlaps; `above` are the
    watches of the roles above it in the same unit, in the order in which they were asked for.
    """

    on: Watch | None
    handing_over: tuple[Watch, ...] = ()
    above: tuple[Watch, ...] = ()


class Roster:
    """Lookups over `duty.yaml`. Times go in and out with a zone; `zone` is the jurisdiction's."""

    def __init__(self, duty: Duty, zone: ZoneInfo) -> None:
        self._duty = duty
        self._zone = zone
        self._posts = {(unit, p.role): name for name, p in duty.posts.items() for unit in (p.units or ("*",))}

    def post_of(self, unit: str, role: str) -> str | None:
        """Key of the post that answers for `role` in the unit of that code; None where the roster has none."""
        return self._posts.get((unit, role)) or self._posts.get(("*", role))

    def contact(self, seat: str, unit: str) -> str:
        """How a seat is reached for a unit, e.g. `wecom:duty-office`. KeyError for an unknown seat."""
        return self._duty.seats[seat].contact_of(unit)

    def channel(self, seat: str) -> str | None:
        """The channel of notifications to a seat, if it has one of its own. KeyError for an unknown seat."""
        return self._duty.seats[seat].channel

    def who_is_on(self, post: str, at: datetime, unit: str | None = None, above: Sequence[str] = ()) -> OnDuty:
        """Who is on duty at `post` at `at`, and at the posts of the roles `above` it for `unit`.

        `unit` left out: the first unit that the post serves. `on` is None in a gap (an absence without a
        substitute, which the loader refuses). KeyError for an unknown post.
        """
        here = sorted(
            (watch for watch in self.watches(post, at, at + timedelta(minutes=1)) if watch.start <= at < watch.end),
            key=lambda watch: (watch.start, watch.seat),
        )
        served = self._duty.posts[post].units
        for_unit = unit or (served[0] if served else "*")
        chain = []
        for role in above:
            name = self.post_of(for_unit, role)
            watch = self.who_is_on(name, at).on if name else None
            if watch is not None:
                chain.append(watch)
        return OnDuty(here[-1] if here else None, tuple(here[:-1]), tuple(chain))

    def watches(self, post: str, start: datetime, end: datetime) -> list[Watch]:
        """All watches of a post that touch `start` to `end`, in order of time, each with its whole length.

        Substitutions replace part of a watch, absences take it away.
        """
        found = list(self._planned(post, start.astimezone(self._zone), end.astimezone(self._zone)))
        for entry in self._duty.substitutions:
            if entry.post == post:
                found = [part for watch in found for part in self._replaced(watch, entry.start, entry.end, entry.seat)]
        for absence in self._duty.absences:
            found = [
                part
                for watch in found
                for part in (
                    self._replaced(watch, absence.start, absence.end, None) if watch.seat == absence.seat else (watch,)
                )
            ]
        return sorted(
            (watch for watch in found if watch.start < end and start < watch.end),
            key=lambda watch: (watch.start, watch.end, watch.seat),
        )

    def _planned(self, name: str, start: datetime, end: datetime) -> Iterator[Watch]:
        post = self._duty.posts[name]
        day = start.date() - timedelta(days=1)
        while day <= end.date():
            for shift, seat in assigned(post, self._week(day), list(Weekday)[day.weekday()], kind_of(day)):
                first, last = span_of(post, shift)
                yield Watch(name, shift, seat, self._at(day, first), self._at(day, last))
            day += timedelta(days=1)

    def _week(self, day: date) -> int:
        return (day - self._duty.first_week).days // 7

    def _at(self, day: date, minutes: int) -> datetime:
        days, rest = divmod(minutes, 1440)
        return datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), tzinfo=self._zone)

    def _replaced(self, watch: Watch, start: datetime, end: datetime, seat: str | None) -> Iterator[Watch]:
        first, last = start.replace(tzinfo=self._zone), end.replace(tzinfo=self._zone)
        if last <= watch.start or watch.end <= first:
            yield watch
            return
        if watch.start < first:
            yield replace(watch, end=first)
        if seat is not None:
            middle = replace(watch, start=max(first, watch.start), end=min(last, watch.end))
            yield replace(middle, seat=seat, instead_of=None if seat == watch.seat else watch.seat)
        if last < watch.end:
            yield replace(watch, start=last)


def kind_of(day: date) -> DayKind:
    """Whether offices work on that day, make-up days and holidays considered."""
    return DayKind.WORKDAYS if is_working_day(day) else DayKind.RESTDAYS


def assigned(post: Post, week: int, weekday: Weekday, kind: DayKind) -> list[tuple[str, str]]:
    """(shift, seat) that start on such a day; `week` counts from the roster's first week."""
    if post.seat is not None:
        return [(STANDING, post.seat)]
    return [(shift, turn.seat) for turn in post.turns if turn.applies(week, weekday, kind) for shift in turn.shifts]


def span_of(post: Post, shift: str) -> tuple[int, int]:
    """Start and end of a shift in minutes since midnight of the day on which it starts."""
    return ALL_DAY if post.seat is not None else post.shifts[shift].span
