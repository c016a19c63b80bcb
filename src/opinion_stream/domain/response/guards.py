"""Guards of the transition table: what a command must satisfy beyond the state it is legal in, and how that reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from opinion_stream.domain.response.clocks import extended, open_clocks, paused
from opinion_stream.domain.response.named import asked_units
from opinion_stream.domain.roles import role_names
from opinion_stream.models.task import ResponseTask, TaskCommand, TaskState
from opinion_stream.policy import Policy

Check = Callable[[ResponseTask, TaskCommand, Policy, datetime], str | None]
"""Why the command may not be carried out, in Chinese, or None. Never quotes the command."""


@dataclass(frozen=True)
class Guard:
    """One condition. `says` is its sentence in the documents.

    `content`: it is about the command's own words, so a command that fails it is invalid in every state and may
    be sent again under the same id; otherwise it is about the task as it stands.
    """

    says: str
    check: Check
    content: bool = False
    standing: bool = False
    """It looks at the task alone, so that one can say beforehand whether it holds."""


def text_needed(what: str) -> Guard:
    """The command says `what` in its text."""
    return Guard(
        f"写明{what}", lambda task, command, policy, now: None if command.text.strip() else f"缺少{what}（text）", True
    )


def _to_unit(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> str | None:
    known = any(unit.code == command.to_unit for unit in policy.units.units)
    return None if known else "转往的单位（to_unit）未填写，或不在 units.yaml 之中"


def _consult_units(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> str | None:
    units = {unit.code for unit in policy.units.units}
    if not units.issuperset(command.consult_units) or not (command.consult_units or task.named_units):
        return "会商单位（consult_units）未填写，或不在 units.yaml 之中"
    return None


def _publication(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> str | None:
    if command.publication in policy.response.publications:
        return None
    return "发布形式（publication）未填写，或不在 response.yaml 的 publications 之中"


def _legal_ground(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> str | None:
    if command.legal_ground is None:
        return None
    if command.legal_ground not in policy.response.legal_grounds:
        return "不公开的法定依据（legal_ground）不在 response.yaml 的 legal_grounds 之中"
    return None if command.text.strip() else "不公开而办结须写明理由（text）"


def _pause_ground(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> str | None:
    if command.ground in policy.response.pause.grounds:
        return None
    return "暂停计时的事由（ground）未填写，或不在 response.yaml 的 pause.grounds 之中"


def _reopen_ground(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> str | None:
    if command.ground is None or command.ground in policy.response.reopen_grounds:
        return None
    return "重新办理的事由（ground）不在 response.yaml 的 reopen_grounds 之中"


def _to_grade(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> str | None:
    return None if command.to_grade is not None else "降低后的等级（to_grade）未填写"


def _lead(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> str | None:
    if command.unit in ("", task.unit.code):
        return None
    return f"只能由承办（牵头）单位{task.unit.name}进行"


def _lead_or_office(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> str | None:
    office = policy.jurisdiction.office
    if command.unit in ("", task.unit.code, office):
        return None
    return f"只能由承办（牵头）单位{task.unit.name}或{policy.unit(office).name}进行"


def _office(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> str | None:
    office = policy.jurisdiction.office
    return None if command.unit == office else f"只能由{policy.unit(office).name}决定（unit 须为该单位）"


def _works_on_it(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> str | None:
    if command.unit in ("", task.unit.code, policy.jurisdiction.office, *(unit.code for unit in task.co_units)):
        return None
    return "只有承办单位和协办单位可以记录办理情况（unit 须为其中之一）"


def _asked(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> str | None:
    asked = asked_units(task.named_units, task.consult_units)
    if command.unit in {unit.code for unit in (*asked, *task.co_units)} - {task.unit.code}:
        return None
    return "只有会商单位才能确认文稿（unit 须为会商单位、文稿提到的单位或协办单位之一）"


def _hops(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> str | None:
    if command.to_unit == task.unit.code:
        return "任务已在该单位，无须转办"
    office = policy.jurisdiction.office
    if task.hops >= policy.response.max_hops and command.unit != office:
        return f"已转办{task.hops}次，达到上限，须由{policy.unit(office).name}决定承办单位"
    return None


def _returnable(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> str | None:
    office = policy.unit(policy.jurisdiction.office)
    if task.hops > policy.response.max_hops:
        return f"承办单位已由{office.name}指定，不能再退回"
    if not task.passed_by and task.unit.code == office.code:
        return f"任务在{office.name}，没有可以退回的单位，请转办"
    return None


def _others(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> str | None:
    if command.consult_units and set(command.consult_units) == {task.unit.code}:
        return "不能与承办单位自己会商"
    return None


def _confirmed(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> str | None:
    asked = asked_units(task.named_units, task.consult_units)
    waiting = [unit.name for unit in asked if unit.code not in task.confirmed_units]
    return f"会商单位尚未确认文稿：{'、'.join(waiting)}" if waiting else None


def _approver_of(role: str, task: ResponseTask, policy: Policy) -> str | None:
    if role == task.drafted_by:
        return "审批人不能是拟稿人（专人采编、领导审核）"
    if policy.response.approvers and role not in policy.response.approvers:
        names = role_names(policy)
        able = "、".join(f"{names[code]}（{code}）" if code in names else code for code in policy.response.approvers)
        return f"批准的岗位须是：{able}，见 response.yaml 的 approvers"
    return None


def _reviewer(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> str | None:
    return _approver_of(command.role, task, policy)


def _approved(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> str | None:
    return _approver_of(command.approver or command.role, task, policy)


def _published_or_lawful(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> str | None:
    if task.state is TaskState.PUBLISHED:
        return None
    if command.legal_ground is None:
        return "尚未公开回应，须有不公开的法定依据（legal_ground）和理由才能办结，或在「已发布」后办结"
    return _approved(task, command, policy, now)


def _extendable(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> str | None:
    if extended(task, command, now, policy) != task.clocks:
        return None
    return "没有可以延期的时限：逾期的、已经延过一次的、规定不得延期的都不能延期，新的期限也须晚于原期限"


def _pausable(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> str | None:
    if task.pauses >= policy.response.pause.max_times:
        return f"已暂停{task.pauses}次，达到上限"
    running = open_clocks(task, now)
    stopped = [clock for clock in paused(task, command, now, policy) if clock.paused_at is not None]
    if not stopped or len(stopped) < len(running):
        names = [clock.name for clock in running if clock.key not in {c.key for c in stopped}]
        return f"不能暂停的时限仍在计算：{'、'.join(names)}" if names else "没有可以暂停的时限"
    return None


def _nothing_owed(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> str | None:
    names = [clock.name for clock in open_clocks(task, now)]
    return f"尚有没有完成的时限：{'、'.join(names)}" if names else None


def _lower(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> str | None:
    if command.to_grade is not None and command.to_grade.rank > task.grade.rank:
        return None
    return f"现为{task.grade.label}，只能改为更低的等级；升级随事件等级自动进行"


TO_UNIT = Guard("转往的单位在 units.yaml 之中", _to_unit, True)
CONSULT_UNITS = Guard("会商单位在 units.yaml 之中（文稿提到的单位自动列入）", _consult_units, True)
PUBLICATION = Guard("发布形式在 response.yaml 的 publications 之中", _publication, True)
LEGAL_GROUND = Guard("写了法定依据的：依据在 legal_grounds 之中，并写明理由", _legal_ground, True)
PAUSE_GROUND = Guard("事由在 pause.grounds 之中", _pause_ground, True)
REOPEN_GROUND = Guard("写了事由的：事由在 reopen_grounds 之中", _reopen_ground, True)
TO_GRADE = Guard("写明降到哪一级", _to_grade, True)
LEAD = Guard("由承办（牵头）单位进行", _lead)
LEAD_OR_OFFICE = Guard("由承办（牵头）单位或办公室进行", _lead_or_office)
OFFICE = Guard("由办公室决定", _office)
WORKS_ON_IT = Guard("由承办、协办单位或办公室记录", _works_on_it)
ASKED = Guard("由会商单位、文稿提到的单位或协办单位确认", _asked)
HOPS = Guard("转办不超过 max_hops 次，超过由办公室决定；不转给现承办单位", _hops)
RETURNABLE = Guard("不是办公室指定的承办单位；有可以退回的单位", _returnable, standing=True)
OTHERS = Guard("不与自己会商", _others)
CONFIRMED = Guard("文稿提到的和会商的单位全部确认", _confirmed, standing=True)
REVIEWER = Guard("批准岗位在 approvers 之中，且不是拟稿岗位", _reviewer)
APPROVED = Guard("批准岗位（approver）在 approvers 之中，且不是拟稿岗位", _approved)
PUBLISHED_OR_LAWFUL = Guard("已发布；否则须有法定依据、理由和批准岗位", _published_or_lawful)
EXTENDABLE = Guard("有未到期、可延期、没有延过的时限", _extendable, standing=True)
PAUSABLE = Guard("不超过 pause.max_times 次；在走的时限都允许暂停", _pausable, standing=True)
NOTHING_OWED = Guard("没有未完成的时限", _nothing_owed, standing=True)
LOWER = Guard("比现在的等级低", _lower)
