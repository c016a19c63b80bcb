"""What persons decide about incidents: which commands are lawful, and what each does to a record."""

from __future__ import annotations

import re
from datetime import datetime

from opinion_stream.domain.incidents.intake import Intake
from opinion_stream.domain.incidents.record import RULE, IncidentRecord
from opinion_stream.domain.incidents.standing import rule_grade
from opinion_stream.errors import Rejected
from opinion_stream.models.command import IncidentCommand, IncidentCommandKind
from opinion_stream.models.incident import GradeOverride, IncidentAction, IncidentEvent, IncidentStatus

_OPEN, _CLOSED = IncidentStatus.OPEN, IncidentStatus.CLOSED

ALLOWED: dict[IncidentCommandKind, tuple[IncidentStatus, ...]] = {
    IncidentCommandKind.MERGE: (_OPEN, _CLOSED),
    IncidentCommandKind.SPLIT: (_OPEN, _CLOSED),
    IncidentCommandKind.OVERRIDE_GRADE: (_OPEN, _CLOSED),
    IncidentCommandKind.LIFT_OVERRIDE: (_OPEN, _CLOSED),
    IncidentCommandKind.CLOSE: (_OPEN,),
    IncidentCommandKind.APPROVE_BRIEF: (_OPEN, _CLOSED),
    IncidentCommandKind.RETURN_BRIEF: (_OPEN, _CLOSED),
}
"""The states in which each command is lawful; a merged incident allows none."""

_ROLE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")


def check_content(command: IncidentCommand) -> None:
    """Raises Rejected (`invalid_command`) if the command could be carried out on no incident whatever."""
    problem = _problem(command)
    if problem:
        raise Rejected("invalid_command", problem)


def _problem(command: IncidentCommand) -> str | None:
    if not _ROLE.fullmatch(command.by_role):
        return "操作角色（by_role）未填写，或不是角色代码：请填 duty_officer 一类的代码，不填姓名"
    if not command.reason.strip():
        return f"缺少理由（reason）：{command.action.label}须写明理由"
    match command.action:
        case IncidentCommandKind.MERGE if not command.into:
            return "合并缺少并入的事件编号（into）"
        case IncidentCommandKind.MERGE if command.into == command.incident_id:
            return "事件不能与自己合并：into 须是另一个事件"
        case IncidentCommandKind.SPLIT if not command.mention_ids:
            return "拆分缺少要拆出的提及编号（mention_ids），可选的编号见事件的 mention_ids"
        case IncidentCommandKind.OVERRIDE_GRADE if command.grade is None:
            return "人工定级缺少等级（grade）：I、II、III 或 IV"
        case IncidentCommandKind.OVERRIDE_GRADE if command.until is not None and command.until <= command.at:
            return "人工定级的截止时间（until）须晚于作出决定的时间（at）"
    return None


def check_status(command: IncidentCommand, record: IncidentRecord) -> None:
    """Raises Rejected (`illegal_command`) if the record's status does not allow the command; says which do."""
    allowed = ALLOWED[command.action]
    if record.status not in allowed:
        states = "、".join(f"「{status.label}」" for status in allowed)
        what = command.action.label
        raise Rejected(
            "illegal_command", f"事件现为「{record.status.label}」，不能{what}；{what}只能在以下状态进行：{states}"
        )


def event_of(command: IncidentCommand, action: IncidentAction, what: str = "") -> IncidentEvent:
    """The event that a command is to an incident; `what` goes before the person's reason."""
    reason = f"{what}：{command.reason}" if what else command.reason
    return IncidentEvent(at=command.at, action=action, by=command.by_role, reason=reason, cause=command.id)


def override(record: IncidentRecord, command: IncidentCommand, intake: Intake) -> None:
    """The person's grade holds from now on; one that held before is replaced."""
    if command.grade is None:
        raise ValueError("check_content() comes first")
    record.version += 1
    ruled = rule_grade(record)
    record.override = GradeOverride(
        grade=command.grade,
        by_role=command.by_role,
        reason=command.reason,
        at=command.at,
        until=command.until,
        rule_grade=ruled,
    )
    what = f"人工定级：由{record.grade.label}改定为{command.grade.label}（规则定级为{ruled.label}）"
    intake.regrade(record, command.at, command.by_role, f"{what}：{command.reason}")
    record.tell(event_of(command, IncidentAction.OVERRIDDEN, f"定为{command.grade.label}"))


def lift(record: IncidentRecord, command: IncidentCommand, intake: Intake) -> None:
    """The rules' grade holds again. Raises Rejected (`illegal_command`) if no override holds."""
    if record.override is None:
        raise Rejected("illegal_command", "事件现在没有人工定级，无须取消；取消只能在人工定级之后进行")
    record.version += 1
    record.override = None
    why = f"取消人工定级，恢复规则定级{rule_grade(record).label}：{command.reason}"
    intake.regrade(record, command.at, command.by_role, why)
    record.tell(event_of(command, IncidentAction.LIFTED))


def end_override(record: IncidentRecord, intake: Intake) -> datetime | None:
    """The override has come to its end by itself; returns when that was, None if there is none that ends."""
    if record.override is None or record.override.until is None:
        return None
    until, record.override = record.override.until, None
    reason = f"人工定级到期，恢复规则定级{rule_grade(record).label}"
    intake.regrade(record, until, RULE, reason)
    record.tell(IncidentEvent(at=until, action=IncidentAction.LIFTED, reason=reason))
    return until
