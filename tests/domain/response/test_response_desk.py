"""Tasks are opened from escalations, acted on, watched, and survive a restart."""

from __future__ import annotations

from typing import Any

import pytest

from builders import T0, command, escalation, later, recipient, small_policy
from opinion_stream.domain.response import Output, ResponseDesk
from opinion_stream.domain.state import DictStore
from opinion_stream.errors import Rejected
from opinion_stream.models.base import Grade
from opinion_stream.models.escalation import EscalationStatus
from opinion_stream.models.task import (
    ClockState,
    CommandKind,
    PublicResponse,
    ResponseTask,
    SupervisionNotice,
    TaskState,
)

K = CommandKind


@pytest.fixture
def store() -> DictStore:
    return DictStore()


@pytest.fixture
def desk(store: DictStore) -> ResponseDesk:
    return ResponseDesk(small_policy(), store)


def only_task(outputs: list[Output]) -> ResponseTask:
    (task,) = outputs
    assert isinstance(task, ResponseTask)
    return task


def act(desk: ResponseDesk, kind: CommandKind, hour: float = 1, **kw: Any) -> list[Output]:
    return desk.command(command(task_id="t-1", kind=kind, at=later(hours=hour), **kw), later(hours=hour))


class TestEscalations:
    def test_the_first_report_that_needs_an_answer_opens_the_task_of_its_incident(self, desk: ResponseDesk) -> None:
        assert desk.escalation(escalation(response_required=False), T0) == []
        task = only_task(desk.escalation(escalation(incident_version=2), later(hours=1)))
        assert (task.id, task.version, task.state) == ("t-1", 1, TaskState.PENDING)
        assert (task.unit.code, task.opened_at) == ("housing", later(hours=1))
        assert (task.history[0].action, task.history[0].cause) == ("open", "esc-1")

    def test_other_recipients_receipts_and_repeats_of_the_report_change_nothing(self, desk: ResponseDesk) -> None:
        desk.escalation(escalation(), T0)
        office = recipient(unit="office", level="own")
        assert desk.escalation(escalation(), T0) == []
        assert desk.escalation(escalation(id="esc-2", recipient=office), T0) == []
        assert desk.escalation(escalation(version=2, status=EscalationStatus.ACKNOWLEDGED), T0) == []

    def test_a_graver_report_raises_the_task_and_brings_its_clocks(self, desk: ResponseDesk) -> None:
        desk.escalation(escalation(), T0)
        raised = escalation(id="esc-2", incident_version=4, grade=Grade.II)
        task = only_task(desk.escalation(raised, later(hours=10)))
        assert (task.version, task.grade, task.state) == (2, Grade.II, TaskState.PENDING)
        assert task.history[-1].note == "等级由Ⅲ级（较大·黄）升为Ⅱ级（重大·橙）"
        due = {c.kind: c.due_at for c in task.clocks}
        assert due["authoritative"] == later(hours=15), "graded clocks count from the new grade"
        assert due["accept_urgent"] == later(hours=2), "opened clocks count from the opening"
        assert due["answer48"] == later(hours=48), "a clock that runs already goes on"

    def test_the_grade_never_falls_and_a_stale_report_does_not_raise_it(self, desk: ResponseDesk) -> None:
        desk.escalation(escalation(incident_version=5), T0)
        assert desk.escalation(escalation(incident_version=6, grade=Grade.IV), T0) == []
        assert desk.escalation(escalation(incident_version=4, grade=Grade.I), T0) == []


class TestCommands:
    def test_a_command_gives_the_task_and_what_was_published(self, desk: ResponseDesk) -> None:
        desk.escalation(escalation(), T0)
        act(desk, K.ACCEPT)
        act(desk, K.DRAFT, role="editor", text="供水已恢复。")
        act(desk, K.SUBMIT, role="editor")
        act(desk, K.APPROVE, role="leader")
        task, response = act(desk, K.PUBLISH, publication="wechat")
        assert isinstance(task, ResponseTask)
        assert isinstance(response, PublicResponse)
        assert (task.version, task.response_ids) == (6, (response.id,))
        assert desk.task("t-1") == task

    def test_a_command_for_no_task_is_rejected_and_works_once_there_is_one(self, desk: ResponseDesk) -> None:
        with pytest.raises(Rejected, match="task_id") as caught:
            act(desk, K.ACCEPT)
        assert caught.value.kind == "unknown_task"
        desk.escalation(escalation(), T0)
        assert only_task(act(desk, K.ACCEPT)).state is TaskState.ACCEPTED

    def test_the_same_command_id_acts_once(self, desk: ResponseDesk) -> None:
        desk.escalation(escalation(), T0)
        assert len(act(desk, K.ACCEPT, id="k")) == 1
        assert act(desk, K.ACCEPT, id="k") == []

    def test_who_was_told_no_does_not_find_it_done_later(self, store: DictStore, desk: ResponseDesk) -> None:
        desk.escalation(escalation(), T0)
        with pytest.raises(Rejected) as first:
            act(desk, K.RECORD, id="early", text="已派人")
        act(desk, K.ACCEPT)
        with pytest.raises(Rejected) as again:
            act(ResponseDesk(small_policy(), store), K.RECORD, id="early", text="已派人")
        assert again.value.reason == first.value.reason
        assert only_task(act(desk, K.RECORD, id="anew", text="已派人")).state is TaskState.HANDLING

    def test_a_command_that_was_written_wrongly_may_be_sent_again(self, desk: ResponseDesk) -> None:
        desk.escalation(escalation(), T0)
        with pytest.raises(Rejected) as caught:
            act(desk, K.TRANSFER, id="k", to_unit="transport")
        assert caught.value.kind == "invalid_command"
        assert only_task(act(desk, K.TRANSFER, id="k", to_unit="transport", text="职责所在")).hops == 1


class TestTime:
    def test_a_tick_gives_the_task_that_moved_and_its_notices(self, desk: ResponseDesk) -> None:
        desk.escalation(escalation(), T0)
        assert desk.tick(later(hours=19)) == []
        task, notice = desk.tick(later(hours=20))
        assert isinstance(task, ResponseTask)
        assert isinstance(notice, SupervisionNotice)
        assert (task.version, notice.id) == (2, "n-1:accept:reminder")
        assert desk.tick(later(hours=20)) == []

    def test_a_worker_that_was_down_across_the_deadline_raises_the_notices_once(self, store: DictStore) -> None:
        ResponseDesk(small_policy(), store).escalation(escalation(), T0)
        task, *notices = ResponseDesk(small_policy(), store).tick(later(hours=49))
        assert isinstance(task, ResponseTask)
        assert {c.kind: c.state for c in task.clocks} == {"accept": ClockState.MISSED, "answer48": ClockState.MISSED}
        assert {n.id for n in notices} == {
            "n-1:accept:reminder",
            "n-1:accept:missed",
            "n-1:accept:second",
            "n-1:answer48:reminder",
            "n-1:answer48:missed",
        }
        assert ResponseDesk(small_policy(), store).tick(later(hours=49)) == []

    def test_a_tick_looks_only_at_what_is_due(self, store: DictStore, desk: ResponseDesk) -> None:
        for number in range(50):
            desk.escalation(escalation(incident_id=f"inc-{number}"), later(hours=number))
        reads: list[str] = []
        real = store.get
        store.get = lambda key: reads.append(key) or real(key)  # type: ignore[func-returns-value,method-assign]
        desk.tick(later(hours=20))
        assert reads == ["task/t-0"]
