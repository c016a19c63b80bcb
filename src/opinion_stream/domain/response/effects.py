"""What a legal command changes in a task beside its state: unit, draft, consultation, clocks, and what it publishes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from opinion_stream.domain.response.clocks import extended, pause_ends, paused, restarted, resumed, waived
from opinion_stream.domain.response.deadlines import settled, with_clocks
from opinion_stream.domain.response.named import named_units
from opinion_stream.models.base import UnitRef
from opinion_stream.models.task import CommandKind, PublicResponse, ResponseTask, TaskCommand, TaskState
from opinion_stream.policy import Policy

Change = Callable[[ResponseTask, TaskCommand, Policy, datetime], dict[str, object]]
"""(task with the clocks that the command meets, command, policy, now) to the fields it sets."""


@dataclass(frozen=True)
class Effect:
    """What a command does to a task's fields. `says` is its sentence in the documents."""

    says: str
    change: Change


def published(task: ResponseTask, command: TaskCommand, at: datetime) -> PublicResponse:
    """What a publishing command makes public: the approved draft, with an id from task and command."""
    digest = hashlib.sha256(f"{task.id}\x1f{command.id}".encode()).hexdigest()
    return PublicResponse(
        id=f"r-{digest[:20]}",
        task_id=task.id,
        incident_id=task.incident_id,
        unit=task.unit,
        nature=task.nature,
        title=f"关于“{task.title}”的回应",
        text=task.draft or "",
        publication=command.publication or "",
        url=command.url,
        published_at=at,
        grade=task.grade,
    )


def note(task: ResponseTask, command: TaskCommand, policy: Policy) -> str:
    """What the history says beside the action; a draft stands in `draft`, so it is not repeated here."""
    said = command.text.strip()
    match command.kind:
        case CommandKind.DRAFT:
            return ""
        case CommandKind.TRANSFER if command.to_unit:
            return f"由{task.unit.name}转{policy.unit(command.to_unit).name}：{said}"
        case CommandKind.RETURN:
            return f"由{task.unit.name}退回{_giver(task, policy).name}：{said}"
        case CommandKind.CONSULT:
            return "、".join(unit.name for unit in _asked(task, command, policy))
        case CommandKind.PUBLISH if command.publication:
            return policy.response.publications[command.publication].name
        case CommandKind.CLOSE if command.legal_ground and task.state is not TaskState.PUBLISHED:
            ground = policy.response.legal_grounds[command.legal_ground]
            return f"不予公开：{ground.text}（{ground.source}）。{said}"
        case CommandKind.PAUSE if command.ground:
            why = policy.response.pause.grounds[command.ground]
            return f"{why.text}（{why.source}）。{said}"
        case CommandKind.REOPEN if command.ground:
            return f"{policy.response.reopen_grounds[command.ground].name}。{said}"
        case CommandKind.REGRADE if command.to_grade:
            return f"等级由{task.grade.label}降为{command.to_grade.label}：{said}"
        case _:
            return said


FRESH: dict[str, object] = {
    "draft": None,
    "drafted_by": None,
    "advice": (),
    "named_units": (),
    "consult_units": (),
    "confirmed_units": (),
}
"""The unit that now has the task answers with its own words (谁主管谁发声)."""


def _giver(task: ResponseTask, policy: Policy) -> UnitRef:
    office = policy.unit(policy.jurisdiction.office)
    return task.passed_by[-1] if task.passed_by else UnitRef(code=office.code, name=office.name)


def _asked(task: ResponseTask, command: TaskCommand, policy: Policy) -> tuple[UnitRef, ...]:
    codes = dict.fromkeys((*(unit.code for unit in task.named_units), *command.consult_units))
    return tuple(UnitRef(code=code, name=policy.unit(code).name) for code in codes if code != task.unit.code)


def _transfer(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> dict[str, object]:
    unit = policy.unit(command.to_unit or "")
    return {
        **FRESH,
        "unit": UnitRef(code=unit.code, name=unit.name),
        "co_units": tuple(other for other in task.co_units if other.code != unit.code),
        "passed_by": (*task.passed_by, task.unit),
        "hops": task.hops + 1,
    }


def _return(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> dict[str, object]:
    return {**FRESH, "unit": _giver(task, policy), "passed_by": task.passed_by[:-1]}


def _draft(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> dict[str, object]:
    # Another text needs another confirmation by everyone who was asked about the earlier one.
    return {
        "draft": command.text,
        "drafted_by": command.role,
        "named_units": named_units(command.text, policy, task.unit.code),
        "confirmed_units": (),
    }


def _consult(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> dict[str, object]:
    asked = {unit.code: unit for unit in (*task.consult_units, *_asked(task, command, policy))}
    return {"consult_units": tuple(asked.values())}


def _confirm(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> dict[str, object]:
    return {"confirmed_units": tuple(dict.fromkeys((*task.confirmed_units, command.unit)))}


def _reject(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> dict[str, object]:
    # Back to handling the draft is given up, and with it whom it had named; one step back it stands.
    given_up = {"named_units": (), "consult_units": (), "confirmed_units": ()}
    return dict(given_up) if task.state is TaskState.DRAFTED else {}


def _close(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> dict[str, object]:
    ended: dict[str, object] = {"closed_at": now, "paused_until": None}
    if task.state is TaskState.PUBLISHED:
        return {**ended, "closed_ground": None}
    at = max(task.opened_at, min(command.at, now))
    return {**ended, "closed_ground": command.legal_ground, "clocks": settled(task, at, now)}


def _reopen(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> dict[str, object]:
    grounds = policy.response.reopen_grounds
    again = {"closed_ground": None, "closed_at": None, "named_units": (), "consult_units": (), "confirmed_units": ()}
    taken_up = task.model_copy(update=again)
    if command.ground is None or grounds[command.ground].restarts:
        taken_up = taken_up.model_copy(update={"clocks": restarted(taken_up, command, now, policy)})
    # A grade that rose while nothing was owed brings its clocks when the matter is taken up again.
    return {**again, "clocks": with_clocks(taken_up, now, policy).clocks}


def _extend(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> dict[str, object]:
    return {"clocks": extended(task, command, now, policy)}


def _pause(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> dict[str, object]:
    return {
        "clocks": paused(task, command, now, policy),
        "pauses": task.pauses + 1,
        "paused_until": pause_ends(now, policy),
    }


def _resume(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> dict[str, object]:
    said = command.text.strip()
    clocks = resumed(task, now, policy, role=command.role, cause=command.id, note=said)
    return {"clocks": clocks, "paused_until": None}


def _regrade(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> dict[str, object]:
    lower = task.model_copy(update={"grade": command.to_grade})
    lower = lower.model_copy(update={"clocks": waived(lower, command, now, policy)})
    eased_from = task.eased_from or task.grade
    return {"grade": lower.grade, "eased_from": eased_from, "clocks": with_clocks(lower, now, policy).clocks}


def _archive(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> dict[str, object]:
    return {"archived_at": now}


NOTHING = Effect("", lambda task, command, policy, now: {})
TRANSFER = Effect("承办单位改为转往的单位，转办次数加一；原单位的文稿作废", _transfer)
RETURN = Effect("退给上一个单位，没有的退给办公室；原单位的文稿作废", _return)
DRAFT = Effect("记下文稿和拟稿岗位；列出文稿提到的单位；先前的确认作废", _draft)
CONSULT = Effect("列出须确认的单位", _consult)
CONFIRM = Effect("记下该单位的确认", _confirm)
REJECT = Effect("从「已拟稿」退回时，会商和确认作废", _reject)
PUBLISH = Effect("发出一条公开回应（文稿原文），满足相应时限", lambda task, command, policy, now: {})
CLOSE = Effect("记下办结时间；依法不公开的，记下依据，不再计时", _close)
REOPEN = Effect("会商、确认和不公开依据作废；没有解决的，时限按规定重新计算", _reopen)
EXTEND = Effect("可延期的时限延到新的期限，记入该时限的变更", _extend)
PAUSE = Effect("可暂停的时限停止计算，记入变更；到最长期限自动恢复", _pause)
RESUME = Effect("停过的时间加到期限上，记入变更", _resume)
REGRADE = Effect("等级降低；新等级不要求、又没有到期的时限不再要求，记入变更", _regrade)
ARCHIVE = Effect("记下归档时间", _archive)
