"""The response desk: opens tasks from escalations, carries out commands, and watches the deadlines."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from opinion_stream.domain.due import DueIndex
from opinion_stream.domain.response.deadlines import due_notices, next_due, with_clocks
from opinion_stream.domain.response.machine import apply, taken_in
from opinion_stream.domain.state import Store
from opinion_stream.errors import Rejected
from opinion_stream.models.base import WireModel
from opinion_stream.models.escalation import Escalation
from opinion_stream.models.task import (
    PublicResponse,
    ResponseTask,
    SupervisionNotice,
    TaskCommand,
    TaskEvent,
    TaskState,
)
from opinion_stream.policy import Policy

Output = ResponseTask | PublicResponse | SupervisionNotice

TASK = "task/"
MEMORY = "task-memory/"
REFUSALS_KEPT = 100
"""Per task. A record is delivered again soon or never, so the oldest may be forgotten."""


class TaskMemory(WireModel):
    """What the desk remembers of a task beside the task itself."""

    incident_version: int = 0
    """Version of the incident at the last escalation that changed the task."""
    refused: dict[str, str] = Field(default_factory=dict)
    """Ids of illegal commands, with the reason they were given."""


class ResponseDesk:
    """Turns escalations, commands and time into tasks, public responses and notices (seed 二（四）, 二（五）).

    Everything durable is in `store`, one `ResponseTask` per task; the due times in memory are rebuilt from it.
    `now` is what time it is, with its zone. The outputs of a call must be written before the store's changes
    become durable: a call that is repeated on the older state gives the same ids and versions. If they
    could not be written, drop the desk with the changes and build a new one from the store.
    """

    def __init__(self, policy: Policy, store: Store) -> None:
        self._policy = policy
        self._store = store
        self._due: DueIndex[str] = DueIndex()
        for _, raw in store.items(TASK):
            task = ResponseTask.model_validate_json(raw)
            self._due.set(task.id, next_due(task, policy))

    def escalation(self, escalation: Escalation, now: datetime) -> list[Output]:
        """Open the task of an incident that must be answered, or raise its grade; the task if it changed.

        The grade of a task never falls. Only an escalation of a newer incident version acts: repeats, other
        recipients of the same report, receipts and stale reports change nothing. Who has been told to answer
        stays in charge: a later report does not move the task (that is what a transfer is for).
        """
        name = task_id(escalation.incident_id)
        task = self.task(name)
        memory = self._memory(name)
        if task is None:
            if not escalation.response_required:
                return []
            after = _opened(escalation, now, self._policy)
        elif escalation.incident_version > memory.incident_version and escalation.grade.rank < task.grade.rank:
            after = _raised(task, escalation, now, self._policy)
        else:
            return []
        self._remember(name, memory.model_copy(update={"incident_version": escalation.incident_version}))
        return self._keep(after)

    def command(self, command: TaskCommand, now: datetime) -> list[Output]:
        """Carry out `command`; the task and what was published, or nothing if the command id has acted before.

        Raises Rejected: `unknown_task`; `invalid_command` and `illegal_command` as `machine.apply` does. An
        illegal command stays illegal when its id comes again, even if the task would now allow it: who was
        told no must not find it done after a crash. Doing it takes a new command.
        """
        task = self.task(command.task_id)
        if task is None:
            raise Rejected("unknown_task", "没有这一编号的回应任务，请核对 task_id")
        if taken_in(task, command.id):
            return []
        memory = self._memory(task.id)
        if command.id in memory.refused:
            raise Rejected("illegal_command", memory.refused[command.id])
        try:
            after, responses = apply(task, command, self._policy, now)
        except Rejected as refusal:
            if refusal.kind == "illegal_command":
                refused = [*memory.refused.items(), (command.id, refusal.reason)][-REFUSALS_KEPT:]
                self._remember(task.id, memory.model_copy(update={"refused": dict(refused)}))
            raise
        return [*self._keep(after), *responses]

    def tick(self, now: datetime) -> list[Output]:
        """The tasks whose clocks moved by `now`, each followed by its notices. Costs what is due, not what exists."""
        outputs: list[Output] = []
        for name in self._due.pop(now):
            task = self.task(name)
            if task is None:
                continue
            after, notices = due_notices(task, now, self._policy)
            if after is task:
                self._due.set(name, next_due(task, self._policy))
                continue
            after = after.model_copy(update={"version": task.version + 1, "updated_at": now})
            outputs += [*self._keep(after), *notices]
        return outputs

    def task(self, name: str) -> ResponseTask | None:
        """The task of that id as it stands, or None."""
        raw = self._store.get(TASK + name)
        return None if raw is None else ResponseTask.model_validate_json(raw)

    def _keep(self, task: ResponseTask) -> list[Output]:
        self._store.put(TASK + task.id, task.to_bytes())
        self._due.set(task.id, next_due(task, self._policy))
        return [task]

    def _memory(self, name: str) -> TaskMemory:
        raw = self._store.get(MEMORY + name)
        return TaskMemory() if raw is None else TaskMemory.model_validate_json(raw)

    def _remember(self, name: str, memory: TaskMemory) -> None:
        self._store.put(MEMORY + name, memory.to_bytes())


def task_id(incident_id: str) -> str:
    """`t-` and the part of the incident's id after its prefix: one task per incident."""
    _, dash, rest = incident_id.partition("-")
    return f"t-{rest if dash else incident_id}"


def _opened(escalation: Escalation, now: datetime, policy: Policy) -> ResponseTask:
    event = TaskEvent(
        at=now,
        action="open",
        from_state=None,
        to_state=TaskState.PENDING,
        role="rule",
        cause=escalation.id,
        note=f"{escalation.grade.label}，{escalation.kind.label}，须公开回应",
    )
    task = ResponseTask(
        id=task_id(escalation.incident_id),
        version=1,
        incident_id=escalation.incident_id,
        title=escalation.title,
        region=escalation.region,
        category=escalation.category,
        nature=escalation.nature,
        grade=escalation.grade,
        unit=escalation.unit,
        co_units=escalation.co_units,
        state=TaskState.PENDING,
        opened_at=now,
        updated_at=now,
        history=(event,),
    )
    return with_clocks(task, now, policy)


def _raised(task: ResponseTask, escalation: Escalation, now: datetime, policy: Policy) -> ResponseTask:
    event = TaskEvent(
        at=now,
        action="raise",
        from_state=task.state,
        to_state=task.state,
        role="rule",
        cause=escalation.id,
        note=f"等级由{task.grade.label}升为{escalation.grade.label}",
    )
    raised = task.model_copy(
        update={
            "version": task.version + 1,
            "grade": escalation.grade,
            "updated_at": now,
            "history": (*task.history, event),
        }
    )
    return with_clocks(raised, now, policy)
