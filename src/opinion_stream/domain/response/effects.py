"""What a legal command changes in a task beside its state: unit, draft, consultation, ground, and what it publishes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime

from opinion_stream.models.base import UnitRef
from opinion_stream.models.task import CommandKind, PublicResponse, ResponseTask, TaskCommand, TaskState
from opinion_stream.policy import Policy


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
    if command.kind is CommandKind.DRAFT:
        return ""
    if command.kind is CommandKind.TRANSFER and command.to_unit:
        return f"由{task.unit.name}转{policy.unit(command.to_unit).name}：{said}"
    if command.kind is CommandKind.CONSULT:
        return "、".join(policy.unit(code).name for code in command.consult_units)
    if command.kind is CommandKind.PUBLISH and command.publication:
        return policy.response.publications[command.publication].name
    if command.kind is CommandKind.CLOSE and command.legal_ground and task.state is not TaskState.PUBLISHED:
        ground = policy.response.legal_grounds[command.legal_ground]
        return f"不予公开：{ground.text}（{ground.source}）。{said}"
    return said


Effect = Callable[[ResponseTask, TaskCommand, Policy], dict[str, object]]


def _transfer(task: ResponseTask, command: TaskCommand, policy: Policy) -> dict[str, object]:
    unit = policy.unit(command.to_unit or "")
    # The unit that now has it answers with its own words (谁主管谁发声).
    fresh: dict[str, object] = {"draft": None, "drafted_by": None, "consult_units": (), "confirmed_units": ()}
    return {**fresh, "unit": UnitRef(code=unit.code, name=unit.name), "hops": task.hops + 1}


def _draft(task: ResponseTask, command: TaskCommand, policy: Policy) -> dict[str, object]:
    # Another text needs another confirmation by everyone who was asked about the earlier one.
    return {"draft": command.text, "drafted_by": command.role, "confirmed_units": ()}


def _consult(task: ResponseTask, command: TaskCommand, policy: Policy) -> dict[str, object]:
    asked = {unit.code: unit for unit in task.consult_units}
    for code in command.consult_units:
        asked.setdefault(code, UnitRef(code=code, name=policy.unit(code).name))
    return {"consult_units": tuple(asked.values())}


def _confirm(task: ResponseTask, command: TaskCommand, policy: Policy) -> dict[str, object]:
    return {"confirmed_units": tuple(dict.fromkeys((*task.confirmed_units, command.unit)))}


def _close(task: ResponseTask, command: TaskCommand, policy: Policy) -> dict[str, object]:
    return {"closed_ground": None if task.state is TaskState.PUBLISHED else command.legal_ground}


def _reject(task: ResponseTask, command: TaskCommand, policy: Policy) -> dict[str, object]:
    # Back to handling the draft is given up, and with it whom it had named; one step back it stands.
    return {"consult_units": (), "confirmed_units": ()} if task.state is TaskState.DRAFTED else {}


def _reopen(task: ResponseTask, command: TaskCommand, policy: Policy) -> dict[str, object]:
    return {"closed_ground": None, "consult_units": (), "confirmed_units": ()}


_EFFECTS: dict[CommandKind, Effect] = {
    CommandKind.TRANSFER: _transfer,
    CommandKind.DRAFT: _draft,
    CommandKind.CONSULT: _consult,
    CommandKind.CONFIRM: _confirm,
    CommandKind.REJECT: _reject,
    CommandKind.CLOSE: _close,
    CommandKind.REOPEN: _reopen,
}


def changes(task: ResponseTask, command: TaskCommand, policy: Policy) -> dict[str, object]:
    """The fields that `command` sets beside state, clocks and history; `command` has passed the guards."""
    effect = _EFFECTS.get(command.kind)
    return effect(task, command, policy) if effect else {}
