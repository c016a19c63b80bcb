"""What a command must satisfy beyond the state it is legal in: its own content, and the task's circumstances."""

from __future__ import annotations

from collections.abc import Callable

from opinion_stream.models.task import CommandKind, ResponseTask, TaskCommand, TaskState
from opinion_stream.policy import Policy

_TEXT_NEEDED = {
    CommandKind.RECORD: "办理记录",
    CommandKind.TRANSFER: "转办理由",
    CommandKind.DRAFT: "回应文稿",
    CommandKind.REJECT: "退回理由",
    CommandKind.REOPEN: "重新办理的理由",
}

Guard = Callable[[ResponseTask, TaskCommand, Policy], str | None]


def content_problem(task: ResponseTask, command: TaskCommand, policy: Policy) -> str | None:
    """Why `command` could not be carried out in any state, in Chinese, or None. Never quotes the command."""
    needed = _TEXT_NEEDED.get(command.kind)
    if needed and not command.text.strip():
        return f"缺少{needed}（text）"
    units = {unit.code for unit in policy.units.units}
    if command.kind is CommandKind.TRANSFER and command.to_unit not in units:
        return "转往的单位（to_unit）未填写，或不在 units.yaml 之中"
    if command.kind is CommandKind.CONSULT and not (command.consult_units and units.issuperset(command.consult_units)):
        return "会商单位（consult_units）未填写，或不在 units.yaml 之中"
    if command.kind is CommandKind.PUBLISH and command.publication not in policy.response.publications:
        return "发布形式（publication）未填写，或不在 response.yaml 的 publications 之中"
    if command.kind is CommandKind.CLOSE and command.legal_ground is not None:
        if command.legal_ground not in policy.response.legal_grounds:
            return "不公开的法定依据（legal_ground）不在 response.yaml 的 legal_grounds 之中"
        if not command.text.strip():
            return "不公开而办结须写明理由（text）"
    return None


def circumstance_problem(task: ResponseTask, command: TaskCommand, policy: Policy) -> str | None:
    """Why `command` may not be carried out on this task as it now is, in Chinese, or None."""
    guard = _GUARDS.get(command.kind)
    return guard(task, command, policy) if guard else None


def _transfer(task: ResponseTask, command: TaskCommand, policy: Policy) -> str | None:
    if command.to_unit == task.unit.code:
        return "任务已在该单位，无须转办"
    office = policy.jurisdiction.office
    if task.hops >= policy.response.max_hops and command.unit != office:
        return f"已转办{task.hops}次，达到上限，须由{policy.unit(office).name}决定承办单位"
    return None


def _consult(task: ResponseTask, command: TaskCommand, policy: Policy) -> str | None:
    return "不能与承办单位自己会商" if task.unit.code in command.consult_units else None


def _confirm(task: ResponseTask, command: TaskCommand, policy: Policy) -> str | None:
    if command.unit not in {unit.code for unit in task.consult_units}:
        return "只有会商单位才能确认文稿（unit 须为会商单位之一）"
    return None


def _submit(task: ResponseTask, command: TaskCommand, policy: Policy) -> str | None:
    waiting = [unit.name for unit in task.consult_units if unit.code not in task.confirmed_units]
    return f"会商单位尚未确认文稿：{'、'.join(waiting)}" if waiting else None


def _other_than_drafter(task: ResponseTask, command: TaskCommand, policy: Policy) -> str | None:
    return "审批人不能是拟稿人（专人采编、领导审核）" if command.role == task.drafted_by else None


def _close(task: ResponseTask, command: TaskCommand, policy: Policy) -> str | None:
    if task.state is TaskState.PUBLISHED:
        return None
    if command.legal_ground is None:
        return "尚未公开回应，须有不公开的法定依据（legal_ground）和理由才能办结，或在「已发布」后办结"
    return _other_than_drafter(task, command, policy)


_GUARDS: dict[CommandKind, Guard] = {
    CommandKind.TRANSFER: _transfer,
    CommandKind.CONSULT: _consult,
    CommandKind.CONFIRM: _confirm,
    CommandKind.SUBMIT: _submit,
    CommandKind.APPROVE: _other_than_drafter,
    CommandKind.CLOSE: _close,
}
