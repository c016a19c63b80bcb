"""What may be done to a task, in which state, and what comes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from builders import command, escalation, later, small_policy, unit_ref
from opinion_stream.domain.response import ResponseDesk, apply
from opinion_stream.domain.response.machine import TABLE, allowed_now
from opinion_stream.domain.response.table import ROWS, as_markdown
from opinion_stream.domain.state import DictStore
from opinion_stream.errors import Rejected
from opinion_stream.models.base import Grade
from opinion_stream.models.task import CommandKind, PublicResponse, ResponseTask, TaskState

NOW = later(hours=1)
K = CommandKind


def opened(**kw: Any) -> ResponseTask:
    (task,) = ResponseDesk(small_policy(), DictStore()).escalation(escalation(**kw), later())
    assert isinstance(task, ResponseTask)
    return task


FILLED: dict[CommandKind, dict[str, Any]] = {
    K.RECORD: {"text": "已派人到现场抢修"},
    K.TRANSFER: {"text": "不属本单位职责", "to_unit": "transport"},
    K.DRAFT: {"text": "供水已恢复。", "role": "editor"},
    K.CONSULT: {"consult_units": ("health",)},
    K.CONFIRM: {"unit": "health"},
    K.REJECT: {"text": "请补充恢复时间"},
    K.PUBLISH: {"publication": "website", "url": "https://example.org/1"},
    K.REOPEN: {"text": "群众反映仍未解决"},
    K.RETURN: {"text": "不属本单位职责"},
    K.EXTEND: {"text": "须与多个部门会商"},
    K.PAUSE: {"text": "水样已送检", "ground": "testing"},
    K.REGRADE: {"text": "会商后认为影响有限", "to_grade": Grade.IV, "unit": "office"},
}


def act(task: ResponseTask, kind: CommandKind, **kw: Any) -> ResponseTask:
    return act_and_publish(task, kind, **kw)[0]


def act_and_publish(task: ResponseTask, kind: CommandKind, **kw: Any) -> tuple[ResponseTask, list[PublicResponse]]:
    fields = {"id": f"c{task.version}", "task_id": task.id, "role": "leader", **FILLED.get(kind, {}), **kw}
    return apply(task, command(kind=kind, **fields), small_policy(), NOW)


def after(*kinds: CommandKind, **kw: Any) -> ResponseTask:
    task = opened(**kw)
    for kind in kinds:
        task = act(task, kind)
    return task


WAYS: dict[TaskState, tuple[CommandKind, ...]] = {
    TaskState.PENDING: (),
    TaskState.ACCEPTED: (K.ACCEPT,),
    TaskState.HANDLING: (K.ACCEPT, K.RECORD),
    TaskState.PAUSED: (K.ACCEPT, K.RECORD, K.PAUSE),
    TaskState.DRAFTED: (K.ACCEPT, K.RECORD, K.DRAFT),
    TaskState.CONSULTING: (K.ACCEPT, K.RECORD, K.DRAFT, K.CONSULT),
    TaskState.UNDER_REVIEW: (K.ACCEPT, K.RECORD, K.DRAFT, K.SUBMIT),
    TaskState.APPROVED: (K.ACCEPT, K.RECORD, K.DRAFT, K.SUBMIT, K.APPROVE),
    TaskState.PUBLISHED: (K.ACCEPT, K.RECORD, K.DRAFT, K.SUBMIT, K.APPROVE, K.PUBLISH),
    TaskState.CLOSED: (K.ACCEPT, K.RECORD, K.DRAFT, K.SUBMIT, K.APPROVE, K.PUBLISH, K.CLOSE),
    TaskState.ARCHIVED: (K.ACCEPT, K.RECORD, K.DRAFT, K.SUBMIT, K.APPROVE, K.PUBLISH, K.CLOSE, K.ARCHIVE),
}


def at_state(state: TaskState) -> ResponseTask:
    """A task in that state; in working days, which may be paused, where only such a one can be in it."""
    return after(*WAYS[state], **({"grade": Grade.IV} if state is TaskState.PAUSED else {}))


def refused(task: ResponseTask, kind: CommandKind, **kw: Any) -> Rejected:
    with pytest.raises(Rejected) as caught:
        act(task, kind, **kw)
    return caught.value


class TestTheRoad:
    @pytest.mark.parametrize("state", list(TaskState))
    def test_every_state_is_reached_by_its_commands(self, state: TaskState) -> None:
        assert at_state(state).state is state

    def test_the_whole_road_with_a_consultation_ends_published_and_closed(self) -> None:
        task = after(K.ACCEPT, K.RECORD, K.DRAFT, K.CONSULT, K.CONFIRM, K.SUBMIT, K.APPROVE)
        task, (response,) = act_and_publish(task, K.PUBLISH)
        assert (response.text, response.publication, response.unit) == ("供水已恢复。", "website", task.unit)
        assert response.title == "关于“柳树镇又停水了”的回应"
        assert task.response_ids == (response.id,)
        task = act(task, K.CLOSE)
        assert (task.state, task.closed_ground) == (TaskState.CLOSED, None)
        assert [event.to_state for event in task.history] == [
            TaskState.PENDING,
            TaskState.ACCEPTED,
            TaskState.HANDLING,
            TaskState.DRAFTED,
            TaskState.CONSULTING,
            TaskState.CONSULTING,
            TaskState.UNDER_REVIEW,
            TaskState.APPROVED,
            TaskState.PUBLISHED,
            TaskState.CLOSED,
        ]

    def test_each_command_is_one_version_and_one_entry_with_its_role_and_cause(self) -> None:
        before = opened()
        task = act(before, K.ACCEPT, id="k-7", role="duty_officer", at=later(minutes=30))
        assert task.version == before.version + 1
        last = task.history[-1]
        assert (last.action, last.role, last.cause, last.at) == ("accept", "duty_officer", "k-7", later(minutes=30))
        assert task.updated_at == NOW

    def test_further_publications_carry_the_same_approved_text(self) -> None:
        task, (second,) = act_and_publish(after(*WAYS[TaskState.PUBLISHED]), K.PUBLISH, publication="weibo")
        assert second.text == "供水已恢复。"
        assert len(set(task.response_ids)) == 2


class TestStates:
    @pytest.mark.parametrize(("kind", "state"), [(k, s) for k in CommandKind for s in TaskState if s not in TABLE[k]])
    def test_what_the_table_does_not_list_is_refused_and_the_refusal_says_where_it_is_allowed(
        self, kind: CommandKind, state: TaskState
    ) -> None:
        refusal = refused(at_state(state), kind)
        assert refusal.kind == "illegal_command"
        assert f"任务现为「{state.label}」" in refusal.reason
        assert all(f"「{allowed.label}」" in refusal.reason for allowed in TABLE[kind])

    def test_publishing_before_approval_reads_well(self) -> None:
        assert refused(after(*WAYS[TaskState.DRAFTED]), K.PUBLISH).reason == (
            "任务现为「已拟稿」，不能发布；发布只能在以下状态进行：「已批准」、「已发布」。"
            "现在可以：办理记录、拟稿、会商、送审、退回修改、办结、延期、降低等级"
        )


class TestTheTable:
    def test_there_is_a_row_for_every_command_with_its_source(self) -> None:
        assert set(ROWS) == set(CommandKind)
        assert all(row.source for row in ROWS.values())

    def test_the_documents_show_the_table_as_it_is(self) -> None:
        text = (Path(__file__).parents[3] / "docs" / "rules-response.md").read_text(encoding="utf-8")
        assert as_markdown() in text, "run: python -m opinion_stream task table"

    def test_what_stands_in_the_way_is_said_beforehand(self) -> None:
        now = allowed_now(after(*WAYS[TaskState.CONSULTING]), small_policy(), NOW)
        assert now[K.SUBMIT] == "会商单位尚未确认文稿：安平市卫生健康委员会"
        assert now[K.DRAFT] is None
        assert K.PUBLISH not in now


class TestContent:
    @pytest.mark.parametrize("kind", [K.RECORD, K.DRAFT, K.TRANSFER, K.REJECT, K.REOPEN])
    def test_what_must_be_written_down_is_asked_for(self, kind: CommandKind) -> None:
        state = next(iter(TABLE[kind]))
        refusal = refused(after(*WAYS[state]), kind, text="  ")
        assert (refusal.kind, "text" in refusal.reason) == ("invalid_command", True)

    @pytest.mark.parametrize(
        ("state", "kind", "kw", "file"),
        [
            (TaskState.PENDING, K.TRANSFER, {"to_unit": "no-such"}, "units.yaml"),
            (TaskState.PENDING, K.TRANSFER, {"to_unit": None}, "units.yaml"),
            (TaskState.DRAFTED, K.CONSULT, {"consult_units": ()}, "units.yaml"),
            (TaskState.DRAFTED, K.CONSULT, {"consult_units": ("health", "no-such")}, "units.yaml"),
            (TaskState.APPROVED, K.PUBLISH, {"publication": "skywriting"}, "response.yaml"),
            (TaskState.APPROVED, K.PUBLISH, {"publication": None}, "response.yaml"),
            (TaskState.PENDING, K.CLOSE, {"legal_ground": "no-mood", "text": "不想答"}, "response.yaml"),
        ],
    )
    def test_a_code_the_policy_does_not_know_is_refused_without_quoting_it(
        self, state: TaskState, kind: CommandKind, kw: dict[str, Any], file: str
    ) -> None:
        refusal = refused(after(*WAYS[state]), kind, **kw)
        assert (refusal.kind, file in refusal.reason) == ("invalid_command", True)
        assert "no-such" not in refusal.reason


class TestTransfer:
    def test_a_transfer_puts_the_task_before_another_unit_with_its_reason(self) -> None:
        task = act(after(K.ACCEPT), K.TRANSFER)
        assert (task.unit, task.state, task.hops) == (unit_ref("transport"), TaskState.PENDING, 1)
        assert task.history[-1].note == "由安平市住房和城乡建设局转安平市交通运输局：不属本单位职责"

    def test_after_the_last_hop_only_the_office_decides(self) -> None:
        task = act(act(opened(), K.TRANSFER), K.TRANSFER, to_unit="health", unit="transport")
        refusal = refused(task, K.TRANSFER, to_unit="emergency", unit="health")
        assert refusal.reason == "已转办2次，达到上限，须由安平市人民政府办公室决定承办单位"
        assert act(task, K.TRANSFER, to_unit="emergency", unit="office").unit == unit_ref("emergency")

    def test_a_transfer_to_itself_is_refused(self) -> None:
        assert "已在该单位" in refused(opened(), K.TRANSFER, to_unit="housing").reason

    def test_the_new_unit_starts_with_its_own_words(self) -> None:
        task = act(act(after(*WAYS[TaskState.CONSULTING]), K.REJECT), K.REJECT)
        task = act(task, K.TRANSFER)
        assert (task.draft, task.drafted_by, task.consult_units) == (None, None, ())


class TestReturn:
    def test_a_returned_task_goes_to_whom_it_came_from_and_at_first_to_the_office(self) -> None:
        task = act(opened(), K.RETURN)
        assert (task.unit, task.state, task.hops) == (unit_ref("office"), TaskState.PENDING, 0)
        assert task.history[-1].note == "由安平市住房和城乡建设局退回安平市人民政府办公室：不属本单位职责"
        task = act(act(opened(), K.TRANSFER), K.RETURN, unit="transport")
        assert (task.unit, task.passed_by) == (unit_ref("housing"), ())

    def test_the_office_has_nobody_to_return_it_to(self) -> None:
        assert "请转办" in refused(act(opened(), K.RETURN), K.RETURN, unit="office").reason

    def test_whom_the_office_named_after_the_last_hop_does_not_return_it(self) -> None:
        task = act(act(opened(), K.TRANSFER), K.TRANSFER, to_unit="health", unit="transport")
        task = act(task, K.TRANSFER, to_unit="emergency", unit="office")
        assert refused(task, K.RETURN, unit="emergency").reason == "承办单位已由安平市人民政府办公室指定，不能再退回"


class TestWhoActs:
    def test_a_co_unit_records_its_work_and_confirms_but_only_the_lead_publishes(self) -> None:
        task = after(K.ACCEPT, co_units=("health",))
        task = act(task, K.RECORD, unit="health")
        assert (task.state, task.history[-1].unit) == (TaskState.HANDLING, "health")
        task = act(act(task, K.DRAFT), K.CONSULT, consult_units=("transport",))
        task = act(act(task, K.CONFIRM, unit="health"), K.CONFIRM, unit="transport")
        task = act(act(task, K.SUBMIT), K.APPROVE)
        assert "牵头" in refused(task, K.PUBLISH, unit="health").reason
        assert act(task, K.PUBLISH).state is TaskState.PUBLISHED

    def test_others_do_not_act_for_the_lead(self) -> None:
        for kind in (K.ACCEPT, K.TRANSFER, K.RETURN):
            assert refused(opened(), kind, unit="transport").kind == "illegal_command"
        assert "协办单位" in refused(after(K.ACCEPT), K.RECORD, unit="transport").reason

    def test_only_the_roles_that_may_approve_do(self) -> None:
        policy = small_policy()
        strict = policy.model_copy(update={"response": policy.response.model_copy(update={"approvers": ("boss",)})})
        task = after(*WAYS[TaskState.UNDER_REVIEW])
        approval = command(id="k", task_id=task.id, kind=K.APPROVE, role="leader")
        with pytest.raises(Rejected, match="boss"):
            apply(task, approval, strict, NOW)
        assert apply(task, approval.model_copy(update={"role": "boss"}), strict, NOW)[0].state is TaskState.APPROVED
        ground = {"legal_ground": "privacy", "text": "涉及病历", "role": "handler"}
        closing = command(id="k", task_id=task.id, kind=K.CLOSE, **ground)
        with pytest.raises(Rejected, match="boss"):
            apply(task, closing, strict, NOW)
        closed, _ = apply(task, closing.model_copy(update={"approver": "boss"}), strict, NOW)
        assert (closed.state, closed.history[-1].approver) == (TaskState.CLOSED, "boss")


class TestConsultation:
    def test_a_body_that_the_text_names_must_confirm_without_being_listed(self) -> None:
        task = act(after(K.ACCEPT), K.DRAFT, text="市卫健委已派医疗队，市住建局正在抢修。")
        assert task.named_units == (unit_ref("health"),), "the unit's own name needs no confirmation"
        assert refused(task, K.SUBMIT).reason == "会商单位尚未确认文稿：安平市卫生健康委员会"
        task = act(act(task, K.CONSULT, consult_units=()), K.CONFIRM, unit="health")
        assert act(task, K.SUBMIT).state is TaskState.UNDER_REVIEW

    def test_a_name_inside_another_name_is_not_that_unit(self) -> None:
        task = act(after(K.ACCEPT), K.DRAFT, text="详见市政府办公室通知。")
        assert task.named_units == (unit_ref("office"),)

    def test_every_body_that_was_named_must_confirm_before_review(self) -> None:
        task = act(after(*WAYS[TaskState.DRAFTED]), K.CONSULT, consult_units=("health", "transport"))
        assert refused(task, K.SUBMIT).reason == ("会商单位尚未确认文稿：安平市卫生健康委员会、安平市交通运输局")
        task = act(task, K.CONFIRM, unit="health")
        assert refused(task, K.SUBMIT).reason.endswith("安平市交通运输局")
        task = act(task, K.CONFIRM, unit="transport")
        assert act(task, K.SUBMIT).state is TaskState.UNDER_REVIEW

    def test_only_a_body_that_was_named_confirms(self) -> None:
        assert "只有会商单位" in refused(after(*WAYS[TaskState.CONSULTING]), K.CONFIRM, unit="housing").reason

    def test_the_unit_does_not_consult_itself(self) -> None:
        assert "自己" in refused(after(*WAYS[TaskState.DRAFTED]), K.CONSULT, consult_units=("housing",)).reason

    def test_another_text_needs_another_confirmation(self) -> None:
        task = act(after(K.ACCEPT, K.DRAFT, K.CONSULT, K.CONFIRM), K.DRAFT, text="供水将于明日恢复。")
        assert "卫生健康委员会" in refused(task, K.SUBMIT).reason

    def test_a_consultation_given_up_with_its_draft_binds_no_more(self) -> None:
        task = act(act(after(*WAYS[TaskState.CONSULTING]), K.REJECT), K.REJECT)
        assert task.state is TaskState.HANDLING
        assert act(act(task, K.DRAFT), K.SUBMIT).state is TaskState.UNDER_REVIEW


class TestReview:
    def test_who_drafted_does_not_approve(self) -> None:
        assert "拟稿人" in refused(after(*WAYS[TaskState.UNDER_REVIEW]), K.APPROVE, role="editor").reason

    def test_what_is_sent_back_is_approved_anew(self) -> None:
        task = act(after(*WAYS[TaskState.APPROVED]), K.REJECT)
        assert task.state is TaskState.DRAFTED
        assert refused(task, K.PUBLISH).kind == "illegal_command"


class TestClosing:
    def test_without_publishing_it_takes_a_legal_ground(self) -> None:
        for state in TaskState:
            if state not in (TaskState.PUBLISHED, TaskState.CLOSED, TaskState.ARCHIVED):
                assert "legal_ground" in refused(at_state(state), K.CLOSE, text="没有必要").reason

    def test_and_a_reason(self) -> None:
        assert "理由" in refused(opened(), K.CLOSE, legal_ground="privacy").reason

    def test_and_someone_other_than_the_drafter(self) -> None:
        lawful = {"legal_ground": "privacy", "text": "涉及个人病历"}
        task = after(*WAYS[TaskState.DRAFTED])
        assert refused(task, K.CLOSE, role="editor", **lawful).kind == "illegal_command"
        closed = act(task, K.CLOSE, role="leader", **lawful)
        assert (closed.state, closed.closed_ground) == (TaskState.CLOSED, "privacy")
        note = closed.history[-1].note
        assert "政府信息公开条例" in note
        assert "涉及个人病历" in note

    def test_what_is_not_solved_is_reopened_and_must_be_answered_again(self) -> None:
        for state in (TaskState.PUBLISHED, TaskState.CLOSED):
            task = act(after(*WAYS[state]), K.REOPEN)
            assert task.state is TaskState.HANDLING
            assert refused(task, K.PUBLISH).kind == "illegal_command"
            assert "legal_ground" in refused(task, K.CLOSE).reason


class TestOnce:
    def test_the_same_command_changes_nothing_more(self) -> None:
        task = after(*WAYS[TaskState.APPROVED])
        task, (_,) = act_and_publish(task, K.PUBLISH, id="press")
        assert act_and_publish(task, K.PUBLISH, id="press") == (task, [])

    @pytest.mark.parametrize(("at", "counts"), [(later(days=-3), later()), (later(days=9), NOW)])
    def test_nobody_acts_before_the_opening_or_after_now(self, at: Any, counts: Any) -> None:
        assert act(opened(), K.ACCEPT, at=at).history[-1].at == counts
