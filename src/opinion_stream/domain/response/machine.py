"""The state machine of a response task: carries out what the transition table allows, and records it."""

from __future__ import annotations

from datetime import datetime

from opinion_stream.domain.response.deadlines import met
from opinion_stream.domain.response.effects import note, published
from opinion_stream.domain.response.table import ROWS, TABLE, allowed_in
from opinion_stream.errors import Rejected
from opinion_stream.models.task import CommandKind, PublicResponse, ResponseTask, TaskCommand, TaskEvent, TaskState
from opinion_stream.policy import Policy

__all__ = ["TABLE", "allowed_now", "apply", "refused_because", "taken_in"]


def apply(
    task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime
) -> tuple[ResponseTask, list[PublicResponse]]:
    """The task after `command`, taken in at `now`, and what was published by it.

    The command counts from `command.at`, when the person acted, but not from before the task was opened nor
    from after `now`; what changes a deadline (extension, pause, a new round) counts from `now`, so that no time
    is won by dating it back. A command id that the task's history knows changes nothing: the same task is
    returned. Raises Rejected: `invalid_command` if the command could not be carried out in any state (a reason
    is missing, a code is not in the policy); `illegal_command` if the task does not allow it as it now is. The
    reason says which states allow it.
    """
    if taken_in(task, command.id):
        return task, []
    refusal = refused_because(task, command, policy, now)
    if refusal is not None:
        raise refusal
    row = ROWS[command.kind]
    after = row.moves[task.state]
    at = max(task.opened_at, min(command.at, now))
    clocked = task.model_copy(update={"clocks": met(task, command.kind, command.publication, at, now, policy)})
    if command.kind is CommandKind.CLOSE and task.state is not TaskState.PUBLISHED:
        clocked = task
    responses = [published(task, command, at)] if command.kind is CommandKind.PUBLISH else []
    event = TaskEvent(
        at=at,
        action=command.kind.value,
        from_state=task.state,
        to_state=after,
        role=command.role,
        cause=command.id,
        note=note(task, command, policy),
        unit=command.unit,
        approver=command.approver,
        ground=command.ground or command.legal_ground,
    )
    update: dict[str, object] = {
        "version": task.version + 1,
        "state": after,
        "updated_at": now,
        "clocks": clocked.clocks,
        "response_ids": (*task.response_ids, *(response.id for response in responses)),
        "history": (*task.history, event),
    }
    return task.model_copy(update=update | row.effect.change(clocked, command, policy, now)), responses


def refused_because(task: ResponseTask, command: TaskCommand, policy: Policy, now: datetime) -> Rejected | None:
    """Why `command` cannot be carried out on the task as it stands at `now`, or None if it can."""
    row = ROWS[command.kind]
    for content in (True, False):
        if not content and task.state not in row.moves:
            return Rejected("illegal_command", _not_here(command.kind, task.state))
        for guard in row.guards:
            problem = guard.check(task, command, policy, now) if guard.content is content else None
            if problem:
                return Rejected("invalid_command" if content else "illegal_command", problem)
    return None


def allowed_now(task: ResponseTask, policy: Policy, now: datetime) -> dict[CommandKind, str | None]:
    """The actions that the table lists for the task's state, each with what stands in its way now, or None.

    What depends on who acts and with which words is judged when it is done.
    """
    found: dict[CommandKind, str | None] = {}
    for kind in allowed_in(task.state):
        probe = TaskCommand(id="probe", task_id=task.id, kind=kind, role="probe", at=now)
        problems = (guard.check(task, probe, policy, now) for guard in ROWS[kind].guards if guard.standing)
        found[kind] = next((problem for problem in problems if problem), None)
    return found


_ACTIONS = frozenset(kind.value for kind in CommandKind)
"""Opening and raising are caused by escalations; a command id that equals one of theirs is not a repeat."""


def taken_in(task: ResponseTask, command_id: str) -> bool:
    """Whether a command of that id has already changed the task."""
    return any(event.cause == command_id and event.action in _ACTIONS for event in task.history)


def _not_here(kind: CommandKind, state: TaskState) -> str:
    allowed = "、".join(f"「{s.label}」" for s in TaskState if s in TABLE[kind])
    reason = f"任务现为「{state.label}」，不能{kind.label}；{kind.label}只能在以下状态进行：{allowed}"
    here = "、".join(other.label for other in allowed_in(state))
    return f"{reason}。现在可以：{here}" if here else reason
