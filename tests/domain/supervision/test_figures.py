"""Figures of a period: what is late stays in the count until it is done, and nothing is counted twice."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import small_policy
from opinion_stream.domain.supervision.figures import Bulletin, Part, bulletin
from opinion_stream.domain.supervision.period import Period
from opinion_stream.domain.supervision.render import render, shipped_template
from opinion_stream.errors import OpinionStreamError
from opinion_stream.models.base import Grade, Nature, RegionRef, UnitRef
from opinion_stream.models.effect import ResponseEffect
from opinion_stream.models.task import ClockState, ResponseTask, TaskClock, TaskEvent, TaskState

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, tzinfo=ZONE)
WEEK = timedelta(days=7)
LATER = MONDAY + 52 * WEEK


def week(number: int) -> Period:
    return Period(MONDAY + number * WEEK, MONDAY + (number + 1) * WEEK, f"第{number}周")


def event(action: str, hours: float) -> TaskEvent:
    at = MONDAY + timedelta(hours=hours)
    return TaskEvent(at=at, action=action, from_state=None, to_state=TaskState.PENDING, role="rule", cause=action)


def clock(due: float, met: float | None = None, *, kind: str = "answer48") -> TaskClock:
    """Hours after Monday; the state is what time has made of it."""
    due_at = MONDAY + timedelta(hours=due)
    met_at = None if met is None else MONDAY + timedelta(hours=met)
    state = ClockState.MET if met_at is not None and met_at <= due_at else ClockState.MISSED
    return TaskClock(
        kind=kind,
        name="公开回应",
        source="规定",
        started_at=due_at - timedelta(hours=48),
        start_event="opened",
        due_at=due_at,
        state=state,
        met_at=met_at,
    )


def task(
    name: str = "1",
    *,
    opened: float = 1,
    clocks: tuple[TaskClock, ...] = (),
    events: tuple[TaskEvent, ...] = (),
    unit: str = "housing",
    title: str = "停水",
) -> ResponseTask:
    return ResponseTask(
        id=f"t-{name}",
        version=1,
        incident_id=f"i-{name}",
        title=title,
        region=RegionRef(code="990101", name="柳树镇"),
        category="城乡建设",
        nature=Nature.DIFFICULTY,
        grade=Grade.III,
        unit=UnitRef(code=unit, name=f"{unit}局"),
        state=TaskState.PENDING,
        opened_at=MONDAY + timedelta(hours=opened),
        updated_at=MONDAY,
        clocks=clocks,
        response_ids=tuple(e.cause for e in events if e.action == "publish"),
        history=events,
    )


def of(*tasks: ResponseTask, number: int = 0) -> Bulletin:
    return bulletin(tasks, week(number), small_policy(), LATER)


def test_what_is_open_and_overdue_counts_below_the_line_every_week_until_it_is_answered() -> None:
    late = task(clocks=(clock(49, met=2 * 168 + 10),), events=(event("publish", 2 * 168 + 10),))
    assert [of(late, number=n).total.answered_in_time for n in range(4)] == [
        Part(0, 1),
        Part(0, 1),
        Part(0, 1),
        Part(0, 0),
    ]
    assert [len(of(late, number=n).total.overdue) for n in range(4)] == [1, 1, 0, 0]
    assert [of(late, number=n).total.answered for n in range(4)] == [Part(0, 1), Part(0, 1), Part(1, 1), Part(0, 0)]


def test_what_was_answered_after_the_end_of_the_period_was_not_answered_in_it() -> None:
    answered_later = task(clocks=(clock(200, met=190),), events=(event("publish", 190),))
    assert of(answered_later).total.answered == Part(0, 1)
    assert of(answered_later).total.answered_in_time == Part(0, 0)
    assert of(answered_later, number=1).total.answered_in_time == Part(1, 1)


def test_a_deadline_that_has_not_come_is_neither_kept_nor_missed() -> None:
    running = task(clocks=(clock(49),))
    found = bulletin([running], week(0), small_policy(), MONDAY + timedelta(hours=10))
    assert found.total.answered_in_time == Part(0, 0)
    assert found.total.overdue == ()


def test_times_are_from_opening_to_the_first_answer() -> None:
    tasks = [task(str(h), opened=0, events=(event("publish", h), event("publish", h + 50))) for h in range(1, 11)]
    total = of(*tasks).total
    assert total.mean_hours == pytest.approx(5.5)
    assert total.p90_hours == pytest.approx(9)


def test_an_answer_that_did_not_solve_it_is_counted_as_reopened() -> None:
    solved = task("1", events=(event("publish", 5),))
    not_solved = task("2", events=(event("publish", 5), event("reopen", 20)))
    assert of(solved, not_solved).total.reopened == Part(1, 2)


def test_a_lawful_closing_is_an_answer_and_is_told() -> None:
    total = of(task(events=(event("close", 5),))).total
    assert total.answered == Part(1, 1)
    assert total.not_published == 1


def test_acceptance_and_answer_are_counted_apart() -> None:
    total = of(task(clocks=(clock(24, met=3, kind="accept"), clock(49)))).total
    assert total.accepted_in_time == Part(1, 1)
    assert total.answered_in_time == Part(0, 1)


hours = st.floats(0, 1000)
tasks = st.builds(
    task,
    name=st.uuids().map(str),
    opened=hours,
    unit=st.sampled_from(["housing", "water"]),
    clocks=st.lists(st.builds(clock, hours, st.none() | hours), max_size=3).map(tuple),
    events=st.lists(st.builds(event, st.sampled_from(["publish", "close", "reopen", "accept"]), hours), max_size=4).map(
        lambda found: tuple(sorted(found, key=lambda e: e.at))
    ),
)


@given(st.lists(tasks, max_size=8), st.integers(0, 6))
def test_the_units_add_up_to_the_whole(known: list[ResponseTask], number: int) -> None:
    found = of(*known, number=number)
    units = [own for _, own in found.units]
    assert sum(own.received for own in units) == found.total.received
    assert sum(len(own.overdue) for own in units) == len(found.total.overdue)
    for name in ("accepted_in_time", "answered_in_time", "answered", "reopened"):
        parts = [getattr(own, name) for own in units]
        assert sum(parts, Part(0, 0)) == getattr(found.total, name)
        assert all(part.hits <= part.of for part in parts)


@given(st.lists(tasks, max_size=8))
def test_every_task_is_received_in_one_week_and_every_open_deadline_never_drops_out(known: list[ResponseTask]) -> None:
    weeks = [of(*known, number=number) for number in range(7)]
    assert sum(found.total.received for found in weeks) == len(known)
    for found, after in itertools.pairwise(weeks):
        assert after.total.answered_in_time.of >= len(found.total.overdue)


def test_the_bulletin_tells_small_numbers_as_counts_and_survives_odd_titles() -> None:
    known = [task(str(n), clocks=(clock(49, met=5),), events=(event("publish", 5),)) for n in range(6)]
    odd = task("odd", unit="water", title="停水|三天\n<b>*急*</b>", clocks=(clock(49),))
    text = render(of(*known, odd), small_policy(), shipped_template())
    assert "| 按时回应 | 85.7%（6/7） |" in text
    assert "| water局 | 1 | — | 0/1 |" in text
    assert r"停水\|三天 \<b\>\*急\*\</b\>" in text


def test_a_broken_template_is_named_by_line() -> None:
    with pytest.raises(OpinionStreamError, match="line 2"):
        render(of(), small_policy(), "a\n{% if %}")
    with pytest.raises(OpinionStreamError, match="nothing"):
        render(of(), small_policy(), "{{ nothing }}")


def test_a_template_cannot_reach_out_of_its_sandbox() -> None:
    with pytest.raises(OpinionStreamError):
        render(of(), small_policy(), "{{ ''.__class__.__mro__[1].__subclasses__() }}")


def test_a_week_ends_where_the_next_begins_in_any_zone() -> None:
    utc = Period(week(0).start.astimezone(UTC), week(0).end.astimezone(UTC), "周")
    known = [task(clocks=(clock(49, met=5),), events=(event("publish", 5),))]
    assert bulletin(known, utc, small_policy(), LATER).total == of(*known).total


def effect(name: str, before: int, after: int, *, task_id: str = "t-1", hours: float = 24) -> ResponseEffect:
    return ResponseEffect(
        id=f"r-{name}:{hours:g}h",
        response_id=f"r-{name}",
        task_id=task_id,
        incident_id="i-1",
        unit=UnitRef(code="housing", name="住建局"),
        hours=hours,
        published_at=MONDAY + timedelta(hours=5),
        measured_at=MONDAY + timedelta(hours=29),
        before=before,
        after=after,
        critical_before=None,
        critical_after=None,
        enough=before >= 5,
        text="",
    )


def test_the_effect_of_answers_is_told_of_those_with_enough_said_before() -> None:
    effects = [
        effect("1", 40, 4),
        effect("2", 8, 9),
        effect("3", 1, 0),
        effect("4", 40, 4, hours=6),
        effect("5", 40, 4, task_id="t-of-another-unit"),
        effect("1", 40, 4),
    ]
    found = bulletin([task("1")], week(0), small_policy(), LATER, effects)
    assert found.total.eased == Part(1, 2)
    assert bulletin([task("1")], week(1), small_policy(), LATER, effects).total.eased == Part(0, 0)
    assert "| 回应后 24 小时声量回落 | 1/2 |" in render(found, small_policy(), shipped_template())
