"""What other stages are told of a task (反馈, seed 二（四）): that it was closed, or opened again."""

from __future__ import annotations

from opinion_stream.models.sharing import OutcomeKind, TaskOutcome
from opinion_stream.models.task import CommandKind, ResponseTask

_KINDS = {CommandKind.CLOSE.value: OutcomeKind.CLOSED, CommandKind.REOPEN.value: OutcomeKind.REOPENED}


def outcome_of(task: ResponseTask) -> TaskOutcome | None:
    """What the command that made this version of the task brought about, or None if it is nobody else's concern."""
    event = task.history[-1]
    kind = _KINDS.get(event.action)
    if kind is None:
        return None
    return TaskOutcome(
        id=f"{task.id}:{task.version}",
        task_id=task.id,
        incident_id=task.incident_id,
        kind=kind,
        unit=task.unit,
        at=event.at,
        text=event.note,
        legal_ground=task.closed_ground if kind is OutcomeKind.CLOSED else None,
    )
