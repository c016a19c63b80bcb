"""Clocks, what meets them, and the notices when nothing does."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from builders import T0, command, escalation, later, small_policy
from opinion_stream.domain.response import ResponseDesk, apply
from opinion_stream.domain.response.deadlines import due_notices, next_due, with_clocks
from opinion_stream.domain.state import DictStore
from opinion_stream.models.base import Grade, Nature
from opinion_stream.models.task import ClockState, CommandKind, ResponseTask, SupervisionNotice, TaskClock
from opinion_stream.policy import Policy

K = CommandKind


def opened(**kw: Any) -> ResponseTask:
    (task,) = ResponseDesk(small_policy(), DictStore()).escalation(escalation(**kw), T0)
    assert isinstance(task, ResponseTask)
    return task


def clock(task: ResponseTask, kind: str) -> TaskClock:
    return next(clock for clock in task.clocks if clock.kind == kind)


def act(task: ResponseTask, kind: CommandKind, at: datetime, now: datetime | None = None, **kw: Any) -> ResponseTask:
    made = command(id=f"c{task.version}", task_id=task.id, kind=kind, at=at, text="因为", **kw)
    return apply(task, made, small_policy(), now or at)[0]


def published(
    task: ResponseTask, at: datetime, now: datetime | None = None, publication: str = "website"
) -> ResponseTask:
    for kind, role in ((K.ACCEPT, "a"), (K.DRAFT, "editor"), (K.SUBMIT, "editor"), (K.APPROVE, "leader")):
        task = act(task, kind, at, now, role=role)
    return act(task, K.PUBLISH, at, now, publication=publication)


def levels(notices: list[SupervisionNotice], kind: str) -> list[str]:
    return [notice.level for notice in notices if notice.clock == kind]


class TestWhichClocks:
    @pytest.mark.parametrize(
        ("grade", "nature", "kinds"),
        [
            (Grade.I, Nature.SERIOUS_PROBLEM, ["accept_urgent", "authoritative", "press_conference", "answer48"]),
            (Grade.III, Nature.DIFFICULTY, ["accept", "answer48"]),
            (Grade.IV, Nature.SUGGESTION, ["accept", "suggestion"]),
            (Grade.IV, Nature.ENQUIRY, ["accept", "complaint"]),
        ],
    )
    def test_grade_and_nature_decide(self, grade: Grade, nature: Nature, kinds: list[str]) -> None:
        assert [c.kind for c in opened(grade=grade, nature=nature).clocks] == kinds

    def test_a_clock_says_where_it_comes_from_and_when_it_ends(self) -> None:
        authoritative = clock(opened(grade=Grade.I), "authoritative")
        assert "国办发〔2016〕80号" in authoritative.source
        assert (authoritative.started_at, authoritative.start_event) == (T0, "graded")
        assert (authoritative.due_at, authoritative.state) == (later(hours=5), ClockState.RUNNING)

    def test_working_days_end_with_the_day(self) -> None:
        suggestion = clock(opened(grade=Grade.IV, nature=Nature.SUGGESTION), "suggestion")
        assert suggestion.due_at == datetime(2026, 3, 11, 23, 59, 59, tzinfo=ZoneInfo("Asia/Shanghai"))


def with_graded_acceptance() -> Policy:
    """The small policy, in which the urgent acceptance counts from the grade and not from the opening."""
    policy = small_policy()
    urgent = policy.deadlines.clocks["accept_urgent"].model_copy(update={"starts_at": "graded"})
    deadlines = policy.deadlines.model_copy(update={"clocks": {**policy.deadlines.clocks, "accept_urgent": urgent}})
    return policy.model_copy(update={"deadlines": deadlines})


class TestRaising:
    def test_an_acceptance_stands_when_the_grade_brings_another_clock_for_it(self) -> None:
        task = act(opened(), K.ACCEPT, later(hours=1)).model_copy(update={"grade": Grade.II})
        from_opening = clock(with_clocks(task, later(hours=9), small_policy()), "accept_urgent")
        assert (from_opening.state, from_opening.met_at) == (ClockState.MET, later(hours=1))
        from_grade = clock(with_clocks(task, later(hours=9), with_graded_acceptance()), "accept_urgent")
        assert (from_grade.state, from_grade.met_at) == (ClockState.MET, later(hours=9))

    def test_a_unit_that_has_not_accepted_a_transferred_task_has_to(self) -> None:
        task = act(act(opened(), K.ACCEPT, later(hours=1)), K.TRANSFER, later(hours=2), to_unit="transport")
        raised = with_clocks(task.model_copy(update={"grade": Grade.II}), later(hours=9), with_graded_acceptance())
        assert clock(raised, "accept_urgent").state is ClockState.RUNNING

    def test_what_was_published_before_does_not_answer_for_a_graver_grade(self) -> None:
        task = published(opened(), later(hours=3)).model_copy(update={"grade": Grade.II})
        raised = with_clocks(task, later(hours=9), small_policy())
        assert clock(raised, "authoritative").state is ClockState.RUNNING
        assert clock(raised, "answer48").state is ClockState.MET, "a clock that it had stays as it was"

    def test_nothing_is_owed_for_a_lawfully_closed_matter_until_it_is_taken_up_again(self) -> None:
        closed = act(opened(), K.CLOSE, later(hours=1), legal_ground="privacy")
        closed = closed.model_copy(update={"grade": Grade.II})
        assert with_clocks(closed, later(hours=9), small_policy()) == closed
        reopened = act(closed, K.REOPEN, later(hours=20))
        assert clock(reopened, "authoritative").due_at == later(hours=25)


class TestMeeting:
    def test_accepting_meets_the_acceptance_alone(self) -> None:
        task = act(opened(), K.ACCEPT, later(hours=1))
        assert (clock(task, "accept").state, clock(task, "accept").met_at) == (ClockState.MET, later(hours=1))
        assert clock(task, "answer48").state is ClockState.RUNNING

    def test_each_publication_meets_its_own_clocks(self) -> None:
        task = published(opened(grade=Grade.I), later(hours=4))
        assert clock(task, "authoritative").state is ClockState.MET
        assert clock(task, "answer48").state is ClockState.MET
        assert clock(task, "press_conference").state is ClockState.RUNNING
        task = act(task, K.PUBLISH, later(hours=20), publication="press_conference")
        assert clock(task, "press_conference").state is ClockState.MET
        assert clock(task, "authoritative").met_at == later(hours=4), "what was met stays met when it was"

    def test_the_last_second_is_in_time_and_the_next_is_late(self) -> None:
        assert clock(published(opened(), later(hours=48)), "answer48").state is ClockState.MET
        late = clock(published(opened(), later(hours=48, seconds=1)), "answer48")
        assert (late.state, late.met_at) == (ClockState.MISSED, later(hours=48, seconds=1))

    def test_done_in_time_but_recorded_late_counts_as_in_time_unless_it_was_already_marked(self) -> None:
        done, known = later(hours=40), later(hours=60)
        assert clock(published(opened(), done, known), "answer48").state is ClockState.MET
        marked, _ = due_notices(opened(), later(hours=50), small_policy())
        late = clock(published(marked, done, known), "answer48")
        assert (late.state, late.met_at) == (ClockState.MISSED, known)

    def test_closing_a_published_task_does_not_discharge_the_press_conference_that_is_owed(self) -> None:
        task = act(published(opened(grade=Grade.I), later(hours=4)), K.CLOSE, later(hours=5))
        assert clock(task, "press_conference").state is ClockState.RUNNING
        _, notices = due_notices(task, later(hours=24), small_policy())
        assert levels(notices, "press_conference") == ["reminder", "missed"]

    def test_after_a_lawful_closing_nothing_is_owed(self) -> None:
        task = act(opened(grade=Grade.I), K.CLOSE, later(hours=1), legal_ground="privacy")
        assert {c.state for c in task.clocks} == {ClockState.MET}
        assert next_due(task, small_policy()) is None

    def test_a_lawful_closing_does_not_undo_what_was_missed(self) -> None:
        task = act(opened(grade=Grade.I), K.CLOSE, later(hours=6), legal_ground="privacy")
        assert clock(task, "authoritative").state is ClockState.MISSED
        assert clock(task, "press_conference").state is ClockState.MET


class TestNotices:
    def test_reminder_then_order_then_the_next_level_each_at_its_time(self) -> None:
        task, fired = opened(), []
        for hour in range(100):
            task, notices = due_notices(task, later(hours=hour), small_policy())
            fired += [(hour, notice.level) for notice in notices if notice.clock == "answer48"]
        assert fired == [(39, "reminder"), (48, "missed"), (72, "second")]
        assert clock(task, "answer48").state is ClockState.MISSED

    def test_a_jump_far_ahead_fires_every_level_once_in_order(self) -> None:
        task, notices = due_notices(opened(grade=Grade.I), later(days=30), small_policy())
        assert [(n.clock, n.level) for n in notices] == [
            ("accept_urgent", "reminder"),
            ("accept_urgent", "missed"),
            ("accept_urgent", "second"),
            ("authoritative", "reminder"),
            ("authoritative", "missed"),
            ("authoritative", "second"),
            ("press_conference", "reminder"),
            ("press_conference", "missed"),
            ("press_conference", "second"),
            ("answer48", "reminder"),
            ("answer48", "missed"),
            ("answer48", "second"),
        ]
        assert len({n.id for n in notices}) == len(notices) == 12
        assert due_notices(task, later(days=60), small_policy()) == (task, [])

    def test_nothing_is_due_before_its_time(self) -> None:
        task = opened()
        assert due_notices(task, later(hours=19), small_policy()) == (task, [])
        due = next_due(task, small_policy())
        assert due == later(hours=24 * 0.8)

    def test_what_was_done_in_time_is_not_reminded_of(self) -> None:
        task = published(opened(), later(hours=10))
        assert due_notices(task, later(days=30), small_policy()) == (task, [])

    def test_what_was_done_late_is_on_record_even_if_nobody_looked_before(self) -> None:
        task, notices = due_notices(published(opened(), later(hours=60)), later(hours=61), small_policy())
        assert levels(notices, "answer48") == ["reminder", "missed"]
        assert due_notices(task, later(days=30), small_policy()) == (task, [])

    def test_the_order_says_who_owes_what_since_when(self) -> None:
        _, notices = due_notices(opened(), later(hours=48), small_policy())
        order = next(n for n in notices if n.clock == "answer48" and n.level == "missed")
        assert order.to_role == "direct_responsible"
        assert order.at == order.due_at == later(hours=48)
        assert order.text == (
            "【督办】安平市住房和城乡建设局：“柳树镇又停水了”（Ⅲ级（较大·黄），任务t-1）"
            "的回应关切已于2026-03-04 09:00逾期。"
        )
