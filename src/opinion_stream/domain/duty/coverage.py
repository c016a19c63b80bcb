"""Whether every post is manned at every minute: gaps and overlaps of the pattern and of what was changed by date."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import combinations, pairwise, product
from zoneinfo import ZoneInfo

from opinion_stream.domain.duty.roster import Roster, assigned, span_of
from opinion_stream.policy.duty import Absence, DayKind, Duty, Post, Weekday

Span = tuple[int, int]


def roster_problems(duty: Duty, zone: ZoneInfo) -> Iterator[str]:
    """One line for each gap and each overlap: post, from, to. Nothing: every post is manned round the clock.

    The weekly pattern is checked exactly, over its whole cycle and for every sequence of workdays and days of
    rest that a holiday calendar can bring; substitutions and absences over the dates they name.
    Source of the 24 hours: seed 二（四）.
    """
    for name, post in duty.posts.items():
        yield from dict.fromkeys(f"posts.{name}: {line}" for line in _pattern(post, duty.handover_minutes))
    yield from _doubled(duty)
    yield from dict.fromkeys(_dated(duty, zone))


def _pattern(post: Post, handover: int) -> Iterator[str]:
    if post.seat is not None:
        return
    kinds = list(DayKind)
    for day, before, kind in product(range(post.cycle * 7), kinds, kinds):
        # A shift is at most 24 hours long, so what covers a day started on it or on the day before.
        started = [
            (first + 1440 * shift_day, last + 1440 * shift_day, shift)
            for shift_day, its_kind in ((-1, before), (0, kind))
            for shift, (first, last) in _spans(post, day + shift_day, its_kind)
        ]
        when = _day_name(post, day, kind)
        for first, last in _gaps(((a, b) for a, b, _ in started), 0, 1440):
            yield f"{when} {_hours(first)}—{_hours(last)} 无人值班"
        for one, other in combinations(sorted(started), 2):
            first, last = other[0], min(one[1], other[1])
            if last - first > handover and last > 0:
                names = f"{one[2]}、{other[2]}"
                yield f"{when} {_hours(first)}—{_hours(last)} {names} 两班重叠（交接最多{handover}分钟）"


def _spans(post: Post, day: int, kind: DayKind) -> Iterator[tuple[str, Span]]:
    week, weekday = divmod(day, 7)
    for shift, _ in assigned(post, week, list(Weekday)[weekday], kind):
        yield shift, span_of(post, shift)


def _day_name(post: Post, day: int, kind: DayKind) -> str:
    week, weekday = divmod(day, 7)
    turn = f"轮班第{week + 1}周 " if post.cycle > 1 else ""
    return f"{turn}{list(Weekday)[weekday].label}（{kind.label}）"


def _gaps(spans: Iterable[Span], start: int, end: int) -> Iterator[Span]:
    reached = start
    for first, last in sorted(spans):
        if first > reached:
            yield reached, min(first, end)
        reached = max(reached, last)
        if reached >= end:
            return
    yield reached, end


def _hours(minutes: int) -> str:
    days, rest = divmod(minutes, 1440)
    if days == 1 and rest == 0:
        return "24:00"
    mark = {-1: "前一日", 0: "", 1: "次日"}[days]
    return f"{mark}{rest // 60:02}:{rest % 60:02}"


def _doubled(duty: Duty) -> Iterator[str]:
    by_time = sorted(enumerate(duty.substitutions), key=lambda item: (item[1].post, item[1].start))
    for (_, one), (_, other) in pairwise(by_time):
        if one.post == other.post and other.start < one.end:
            yield f"substitutions: {one.post} 在 {other.start:%Y-%m-%d %H:%M} 有两个替班，请只保留一个"


def _dated(duty: Duty, zone: ZoneInfo) -> Iterator[str]:
    roster = Roster(duty, zone)
    dated: tuple[Absence, ...] = (*duty.substitutions, *duty.absences)
    for entry in dated:
        start, end = entry.start.replace(tzinfo=zone), entry.end.replace(tzinfo=zone)
        for name in duty.posts:
            watches = roster.watches(name, start, end)
            for first, last in _gaps_by_date(((w.start, w.end) for w in watches), start, end):
                when = f"{first:%Y-%m-%d %H:%M} 至 {last:%Y-%m-%d %H:%M}"
                yield f"posts.{name}: {when} 无人值班，请安排替班（substitutions）"


def _gaps_by_date(
    spans: Iterable[tuple[datetime, datetime]], start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    minute = timedelta(minutes=1)
    as_minutes = ((int((a - start) / minute), int((b - start) / minute)) for a, b in spans)
    for first, last in _gaps(as_minutes, 0, int((end - start) / minute)):
        yield start + first * minute, start + last * minute
