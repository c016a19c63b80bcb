"""Extension, pause, a new round, a lowered grade, an order: each moves a deadline once and leaves its trace."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from builders import CST, T0, command, escalation, instruction, later, recipient, referral, small_policy, unit_ref
from opinion_stream.domain.response import Output, ResponseDesk
from opinion_stream.domain.response.outcome import outcome_of
from opinion_stream.domain.state import DictStore
from opinion_stream.errors import Rejected
from opinion_stream.models.base import Grade, Nature
from opinion_stream.models.escalation import EscalationKind
from opinion_stream.models.sharing import OutcomeKind
from opinion_stream.models.task import (
    ClockState,
    CommandKind,
    ResponseTask,
    SupervisionNotice,
    TaskClock,
    TaskState,
)
from opinion_stream.policy import Policy

K = CommandKind
SUGGESTION = {"grade": Grade.IV, "nature": Nature.SUGGESTION}


class Office:
    """A desk with the task of one matter."""

    def __init__(self, policy: Policy | None = None, **kw: Any) -> None:
        self.store = DictStore()
        self.policy = policy or small_policy()
        self.desk = ResponseDesk(self.policy, self.store)
        self.count = 0
        self.desk.escalation(escalation(**kw), T0)

    def act(self, kind: CommandKind, now: datetime, **kw: Any) -> list[Output]:
        self.count += 1
        fields = {"id": f"c-{self.count}", "role": "leader", "text": "因为", "at": now, **kw}
        return self.desk.command(command(task_id="t-1", kind=kind, **fields), now)

    def acts(self, now: datetime, *kinds: CommandKind, **kw: Any) -> None:
        for kind in kinds:
            role = "editor" if kind is K.DRAFT else "leader"
            self.act(kind, now, **{"role": role, **kw})

    def refused(self, kind: CommandKind, now: datetime, **kw: Any) -> str:
        with pytest.raises(Rejected) as caught:
            self.act(kind, now, **kw)
        return caught.value.reason

    @property
    def task(self) -> ResponseTask:
        task = self.desk.task("t-1")
        assert task is not None
        return task

    def clock(self, key: str) -> TaskClock:
        return next(clock for clock in self.task.clocks if clock.key == key)


def day(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T23:59:59").replace(tzinfo=CST)


def levels(outputs: list[Output], clock: str) -> list[str]:
    return [o.level for o in outputs if isinstance(o, SupervisionNotice) and o.clock == clock]


PUBLISHED = (K.ACCEPT, K.DRAFT, K.SUBMIT, K.APPROVE)


class TestExtension:
    def test_a_complex_suggestion_gets_fifteen_working_days_instead_of_seven(self) -> None:
        office = Office(**SUGGESTION)
        assert office.clock("suggestion").due_at == day("2026-03-11")
        office.act(K.EXTEND, later(days=2), role="handler", approver="leader", text="须现场勘查")
        clock = office.clock("suggestion")
        assert clock.due_at == day("2026-03-23")
        (change,) = clock.changes
        assert (change.change, change.due_before, change.due_after) == ("extended", day("2026-03-11"), clock.due_at)
        assert (change.role, change.approver, change.note) == ("handler", "leader", "须现场勘查")
        assert office.task.history[-1].approver == "leader"

    def test_it_may_be_less_than_what_is_allowed_but_not_more(self) -> None:
        for asked, given in ((later(days=12), later(days=12)), (later(days=90), day("2026-03-23"))):
            office = Office(**SUGGESTION)
            office.act(K.EXTEND, later(days=2), until=asked)
            assert office.clock("suggestion").due_at == given

    def test_once(self) -> None:
        office = Office(**SUGGESTION)
        office.act(K.EXTEND, later(days=2))
        assert "已经延过一次" in office.refused(K.EXTEND, later(days=3))

    def test_not_when_it_has_passed_and_not_what_the_rules_do_not_let_be_extended(self) -> None:
        office = Office(**SUGGESTION)
        assert "逾期" in office.refused(K.EXTEND, later(days=20), at=later(days=2)), "dating it back wins nothing"
        assert "不得延期" in Office(grade=Grade.II).refused(K.EXTEND, later(hours=1))

    def test_not_by_the_drafter_and_not_without_a_reason(self) -> None:
        office = Office(**SUGGESTION)
        office.acts(T0, K.ACCEPT, K.DRAFT)
        assert "拟稿人" in office.refused(K.EXTEND, later(days=1), role="handler", approver="editor")
        assert "延期理由" in office.refused(K.EXTEND, later(days=1), text=" ")

    def test_what_was_sent_before_is_not_sent_again(self) -> None:
        office = Office(**SUGGESTION)
        first = office.desk.tick(later(days=8))
        assert levels(first, "suggestion") == ["reminder"]
        office.act(K.EXTEND, later(days=8))
        assert levels(office.desk.tick(later(days=20)), "suggestion") == []
        assert levels(office.desk.tick(later(days=22)), "suggestion") == ["missed"]


class TestPause:
    def test_the_working_days_that_it_stood_still_are_added(self) -> None:
        office = Office(**SUGGESTION)
        office.acts(T0, K.ACCEPT, K.RECORD)
        office.act(K.PAUSE, later(days=1), ground="testing")
        assert (office.task.state, office.clock("suggestion").state) == (TaskState.PAUSED, ClockState.PAUSED)
        office.act(K.RESUME, later(days=4))  # Tuesday to Friday: three working days
        clock = office.clock("suggestion")
        assert (office.task.state, clock.state, clock.due_at) == (
            TaskState.HANDLING,
            ClockState.RUNNING,
            day("2026-03-16"),
        )
        assert [change.change for change in clock.changes] == ["paused", "resumed"]

    def test_a_pause_within_a_day_moves_nothing(self) -> None:
        office = Office(**SUGGESTION)
        office.acts(T0, K.ACCEPT, K.RECORD)
        office.act(K.PAUSE, later(hours=1), ground="testing")
        office.act(K.RESUME, later(hours=5))
        assert office.clock("suggestion").due_at == day("2026-03-11")

    def test_it_ends_by_itself_and_then_the_deadline_runs_on(self) -> None:
        office = Office(**SUGGESTION)
        office.acts(T0, K.ACCEPT, K.RECORD)
        office.act(K.PAUSE, later(days=1), ground="testing")
        again = ResponseDesk(office.policy, office.store)
        outputs = again.tick(later(days=60))
        task = again.task("t-1")
        assert task is not None
        assert (task.state, task.history[-1].action) == (TaskState.HANDLING, "auto_resume")
        assert task.history[-1].at == day("2026-03-10"), "after five working days, whenever anyone looked"
        assert levels(outputs, "suggestion") == ["reminder", "missed", "second"]
        due = next(clock.due_at for clock in task.clocks if clock.kind == "suggestion")
        assert due == day("2026-03-18")

    def test_while_it_stands_still_nobody_is_reminded_and_work_is_recorded(self) -> None:
        office = Office(**SUGGESTION)
        office.acts(T0, K.ACCEPT, K.RECORD)
        office.act(K.PAUSE, later(days=7), ground="testing")
        assert office.desk.tick(later(days=10)) == []
        office.act(K.RECORD, later(days=10))
        assert office.task.state is TaskState.PAUSED
        assert "恢复计时" in office.refused(K.DRAFT, later(days=10))

    def test_what_may_not_stand_still_is_not_paused(self) -> None:
        office = Office()
        office.acts(T0, K.ACCEPT, K.RECORD)
        assert "不能暂停的时限仍在计算：回应关切" in office.refused(K.PAUSE, later(hours=1), ground="testing")
        assert "pause.grounds" in office.refused(K.PAUSE, later(hours=1), ground="tired")

    def test_not_more_often_than_the_rules_say(self) -> None:
        office = Office(**SUGGESTION)
        office.acts(T0, K.ACCEPT, K.RECORD)
        office.act(K.PAUSE, later(hours=1), ground="testing")
        office.act(K.RESUME, later(hours=5))
        assert "已暂停1次" in office.refused(K.PAUSE, later(hours=6), ground="testing")

    def test_a_graver_grade_ends_it(self) -> None:
        office = Office(**SUGGESTION)
        office.acts(T0, K.ACCEPT, K.RECORD)
        office.act(K.PAUSE, later(days=1), ground="testing")
        office.desk.escalation(escalation(id="e-2", incident_version=2, grade=Grade.II), later(days=2))
        assert office.task.state is TaskState.HANDLING
        assert office.clock("suggestion").due_at == day("2026-03-12")
        assert office.clock("authoritative").due_at == later(days=2, hours=5)


class TestReopening:
    def answered(self) -> Office:
        office = Office()
        office.acts(later(hours=1), *PUBLISHED)
        office.act(K.PUBLISH, later(hours=2), publication="website")
        return office

    def test_what_is_not_solved_must_be_answered_again_within_48_hours(self) -> None:
        office = self.answered()
        office.act(K.REOPEN, later(days=3), ground="unsolved")
        first, second = office.clock("answer48"), office.clock("answer48.2")
        assert (first.state, second.state, second.start_event) == (ClockState.MET, ClockState.RUNNING, "reopened")
        assert second.due_at == later(days=5)
        notices = [o for o in office.desk.tick(later(days=5)) if isinstance(o, SupervisionNotice)]
        assert [(n.id, n.round) for n in notices] == [("n-1:answer48.2:reminder", 2), ("n-1:answer48.2:missed", 2)]

    def test_a_reopening_without_a_ground_counts_as_not_solved(self) -> None:
        office = self.answered()
        office.act(K.REOPEN, later(days=3))
        assert office.clock("answer48.2").state is ClockState.RUNNING

    def test_a_further_report_on_progress_starts_no_clock(self) -> None:
        office = self.answered()
        office.act(K.REOPEN, later(days=3), ground="follow_up")
        assert [clock.key for clock in office.task.clocks] == ["accept", "answer48"]

    def test_a_deadline_that_still_runs_is_not_loosened(self) -> None:
        office = Office(**SUGGESTION)
        office.acts(T0, *PUBLISHED)
        office.act(K.PUBLISH, T0, publication="website")
        office.act(K.REOPEN, later(days=1))
        office.acts(later(days=1), K.DRAFT, K.SUBMIT, K.APPROVE)
        running = office.clock("suggestion.2")
        office.act(K.PUBLISH, later(days=1), publication="website")
        office.act(K.REOPEN, later(days=2))
        assert office.clock("suggestion.2").due_at == running.due_at
        assert office.clock("suggestion.3").due_at > running.due_at


class TestGrades:
    def test_the_office_may_lower_a_grade_and_what_it_asked_is_owed_no_more(self) -> None:
        office = Office(grade=Grade.II)
        assert "只能由安平市人民政府办公室" in office.refused(K.REGRADE, later(hours=1), to_grade=Grade.III)
        office.act(K.REGRADE, later(hours=1), to_grade=Grade.III, unit="office")
        assert office.task.grade is Grade.III
        assert office.clock("press_conference").state is ClockState.WAIVED
        assert office.clock("answer48").state is ClockState.RUNNING
        assert office.clock("press_conference").changes[-1].change == "waived"
        assert levels(office.desk.tick(later(days=30)), "press_conference") == []

    def test_it_is_not_lowered_to_a_graver_one(self) -> None:
        assert "只能改为更低的等级" in Office().refused(K.REGRADE, later(hours=1), to_grade=Grade.I, unit="office")

    def test_the_grade_that_the_office_set_aside_does_not_come_back_but_a_graver_one_does(self) -> None:
        office = Office(grade=Grade.II)
        office.act(K.REGRADE, later(hours=1), to_grade=Grade.III, unit="office")
        same = escalation(id="e-2", incident_version=7, grade=Grade.II)
        assert office.desk.escalation(same, later(hours=2)) == []
        graver = escalation(id="e-3", incident_version=8, grade=Grade.I)
        office.desk.escalation(graver, later(hours=3))
        assert office.clock("press_conference.2").due_at == later(hours=27)


class TestOrders:
    def test_an_instruction_sets_a_deadline_of_its_own_and_moves_no_other(self) -> None:
        office = Office()
        given = instruction("rcp-9", later(hours=9))
        passed_on = escalation(id="e-9", kind=EscalationKind.INSTRUCTION, instruction=given)
        office.desk.escalation(passed_on, later(hours=1))
        assert office.desk.escalation(passed_on, later(hours=2)) == [], "it acts once"
        ordered = office.task.clocks[-1]
        assert (ordered.name, ordered.due_at, ordered.start_event) == ("按批示办理", later(hours=9), "ordered")
        assert ordered.source == "安平市人民政府办公室批示"
        assert office.clock("answer48").due_at == later(hours=48)
        assert "请抓紧办理" in office.task.history[-1].note
        office.acts(later(hours=8), *PUBLISHED)
        office.act(K.PUBLISH, later(hours=8), publication="weibo")
        assert office.task.clocks[-1].state is ClockState.MET

    def test_a_publication_that_was_demanded_is_owed_until_it_is_made(self) -> None:
        office = Office()
        given = instruction("rcp-9", None, ("press_conference",))
        office.desk.escalation(escalation(id="e-9", instruction=given), later(hours=1))
        office.acts(later(hours=2), *PUBLISHED)
        office.act(K.PUBLISH, later(hours=2), publication="weibo")
        assert office.task.clocks[-1].state is ClockState.RUNNING
        assert office.task.clocks[-1].due_at == later(hours=25)
        office.act(K.PUBLISH, later(hours=3), publication="press_conference")
        assert office.task.clocks[-1].state is ClockState.MET

    def test_an_instruction_may_order_a_task_and_a_grade(self) -> None:
        office = Office(response_required=False)
        given = instruction("rcp-9", None, (), Grade.II, True)
        office.desk.escalation(escalation(id="e-9", response_required=False, instruction=given), later(hours=1))
        assert office.task.state is TaskState.PENDING
        given = instruction("rcp-10", None, (), Grade.I)
        office.desk.escalation(escalation(id="e-10", response_required=False, instruction=given), later(hours=2))
        assert office.task.grade is Grade.I
        assert office.clock("press_conference").due_at <= later(hours=26)

    def test_a_matter_handed_down_is_a_task_with_the_deadline_of_who_handed_it_down(self) -> None:
        office = Office(grade=Grade.IV, response_required=False, referral=referral("jb-7", later(hours=30)))
        ordered = office.task.clocks[-1]
        assert (ordered.name, ordered.due_at) == ("上级交办反馈", later(hours=30))
        assert levels(office.desk.tick(later(hours=31)), ordered.kind) == ["reminder", "missed"]

    def test_a_report_that_its_unit_returned_takes_the_task_along(self) -> None:
        office = Office()
        moved = escalation(
            id="e-2", unit="transport", recipient=recipient(unit="transport"), returned_by=unit_ref("housing")
        )
        office.desk.escalation(moved, later(hours=1))
        assert (office.task.unit, office.task.state) == (unit_ref("transport"), TaskState.PENDING)
        assert office.desk.escalation(moved, later(hours=2)) == []
        office.acts(later(hours=3), K.ACCEPT, K.DRAFT, unit="transport")
        back = escalation(id="e-3", returned_by=unit_ref("transport"))
        assert office.desk.escalation(back, later(hours=4)) == [], "who has drafted an answer has taken it on"


class TestTheEnd:
    def closed(self, **kw: Any) -> Office:
        office = Office(**kw)
        office.act(K.CLOSE, later(hours=1), legal_ground="privacy")
        return office

    def test_a_closed_task_is_archived_then_leaves_and_is_remembered(self) -> None:
        office = self.closed()
        assert office.desk.tick(later(days=29)) == []
        (archived,) = office.desk.tick(later(days=31))
        assert isinstance(archived, ResponseTask)
        assert (archived.state, archived.archived_at) == (TaskState.ARCHIVED, later(days=30, hours=1))
        assert office.desk.tick(later(days=121)) == []
        assert office.desk.task("t-1") is None
        assert [key for key in office.store.entries if not key.startswith("task-gone/")] == []

    @pytest.mark.parametrize("restart", [False, True])
    def test_a_late_replay_does_not_raise_it_again(self, restart: bool) -> None:
        office = self.closed(instruction=instruction("rcp-9", later(hours=9)))
        office.desk.tick(later(days=130))
        desk = ResponseDesk(office.policy, office.store) if restart else office.desk
        assert desk.escalation(escalation(instruction=instruction("rcp-9", later(hours=9))), later(days=131)) == []
        with pytest.raises(Rejected, match="已归档"):
            desk.command(command(task_id="t-1"), later(days=131))
        desk.tick(later(days=530))
        assert office.store.entries == {}, "at last even the id is forgotten"

    def test_a_new_and_graver_report_brings_it_back_as_another_round(self) -> None:
        office = self.closed()
        before = office.task.version
        office.desk.tick(later(days=130))
        again = escalation(id="e-2", incident_version=9, grade=Grade.II)
        office.desk.escalation(again, later(days=140))
        assert office.task.version > before
        assert {clock.round for clock in office.task.clocks} == {2}, "its notices are not those of the first time"
        assert "旧任务" in office.refused(K.ACCEPT, later(days=141), at=later(hours=2), id="of-old")
        office.act(K.ACCEPT, later(days=141))

    def test_what_is_still_owed_is_not_put_away(self) -> None:
        office = Office(grade=Grade.II)
        office.acts(later(hours=1), *PUBLISHED)
        office.act(K.PUBLISH, later(hours=1), publication="website")
        office.act(K.CLOSE, later(hours=2))
        assert "举行新闻发布会" in office.refused(K.ARCHIVE, later(hours=3))
        office.desk.tick(later(days=20))
        office.act(K.ARCHIVE, later(days=20))
        assert office.task.state is TaskState.ARCHIVED

    def test_a_graver_report_on_an_archived_task_is_owed_again(self) -> None:
        office = Office(**SUGGESTION)
        office.acts(later(hours=1), *PUBLISHED)
        office.act(K.PUBLISH, later(hours=1), publication="website")
        office.act(K.CLOSE, later(hours=2))
        office.act(K.ARCHIVE, later(days=1))
        office.desk.escalation(escalation(id="e-2", incident_version=2, grade=Grade.II), later(days=2))
        assert (office.task.state, office.task.grade) == (TaskState.CLOSED, Grade.II)
        assert office.clock("press_conference").due_at == later(days=3)
        assert levels(office.desk.tick(later(days=4)), "press_conference") == ["reminder", "missed", "second"]


def test_a_long_jump_and_many_small_steps_leave_the_same_task() -> None:
    jump, steps = Office(**SUGGESTION), Office(**SUGGESTION)
    outputs: list[Output] = []
    for office in (jump, steps):
        office.acts(T0, K.ACCEPT, K.RECORD)
        office.act(K.PAUSE, later(days=1), ground="testing")
    for hours in range(24, 24 * 40, 7):
        outputs += steps.desk.tick(T0 + timedelta(hours=hours))
    end = T0 + timedelta(hours=24 * 40)
    outputs += steps.desk.tick(end)
    jumped = jump.desk.tick(end)
    told = [(o.id, o.due_at) for o in outputs if isinstance(o, SupervisionNotice)]
    assert told == [(o.id, o.due_at) for o in jumped if isinstance(o, SupervisionNotice)]
    assert jump.task.clocks == steps.task.clocks
    assert jump.task.history == steps.task.history


def test_other_stages_are_told_of_a_closing_and_of_a_reopening_only() -> None:
    office = Office()
    assert outcome_of(office.task) is None
    office.act(K.CLOSE, later(hours=1), legal_ground="privacy")
    closed = outcome_of(office.task)
    assert closed is not None
    assert (closed.kind, closed.legal_ground, closed.at) == (OutcomeKind.CLOSED, "privacy", later(hours=1))
    office.act(K.REOPEN, later(hours=2))
    again = outcome_of(office.task)
    assert again is not None
    assert (again.kind, again.legal_ground) == (OutcomeKind.REOPENED, None)
    assert again.id != closed.id
