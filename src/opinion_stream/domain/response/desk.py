"""The response desk: opens tasks from escalations, carries out commands, and watches the deadlines."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from opinion_stream.domain.due import DueIndex
from opinion_stream.domain.figures import Figures
from opinion_stream.domain.response.completeness import DraftCheck
from opinion_stream.domain.response.deadlines import due_notices
from opinion_stream.domain.response.intake import Order, opened, order_of, ordered, taken_up, task_id
from opinion_stream.domain.response.life import Gone, caught_up, leaves_at, remembered, wakes_at, woken
from opinion_stream.domain.response.machine import apply, taken_in
from opinion_stream.domain.response.tally import TaskTally
from opinion_stream.domain.state import Store
from opinion_stream.errors import Rejected
from opinion_stream.models.base import WireModel
from opinion_stream.models.escalation import Escalation
from opinion_stream.models.task import CommandKind, PublicResponse, ResponseTask, SupervisionNotice, TaskCommand
from opinion_stream.policy import Policy

__all__ = ["Output", "ResponseDesk", "task_id"]

Output = ResponseTask | PublicResponse | SupervisionNotice

TASK = "task/"
MEMORY = "task-memory/"
GONE = "task-gone/"
REFUSALS_KEPT = 100
"""Per task. A record is delivered again soon or never, so the oldest may be forgotten."""

_MOVES_CLOCKS = frozenset(
    {CommandKind.EXTEND, CommandKind.PAUSE, CommandKind.RESUME, CommandKind.REOPEN, CommandKind.REGRADE}
)


class TaskMemory(WireModel):
    """What the desk remembers of a task beside the task itself."""

    incident_version: int = 0
    """The latest version of the incident that any escalation told of."""
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
        self._check = DraftCheck(policy)
        self._store = store
        self._due: DueIndex[str] = DueIndex()
        self._tally = TaskTally()
        for _, raw in store.items(TASK):
            task = ResponseTask.model_validate_json(raw)
            self._tally.put(task)
            self._due.set(task.id, wakes_at(task, policy))
        for key, raw in store.items(GONE):
            self._due.set(key.removeprefix(GONE), Gone.model_validate_json(raw).forget_at)

    def escalation(self, escalation: Escalation, now: datetime) -> list[Output]:
        """Open the task of a matter that must be answered, raise it, do what a report orders; the task if it changed.

        The grade of a task falls only by the office's command. A report of an incident raises only by a newer
        version: repeats, other recipients of the same report, receipts and stale reports change nothing. An
        instruction (批示) or a referral (交办) that is passed on acts once, by its own id. Who has been told to
        answer stays in charge, unless that unit returned the report. A task that has left the store comes back
        only for a newer and graver report or a new order.
        """
        name = task_id(escalation.incident_id)
        task, gone = self.task(name), self._gone(name)
        seen = gone.incident_version if gone else self._memory(name).incident_version
        newer = escalation.incident_version > seen
        if task is None:
            order = order_of(escalation)
            if not _must_open(escalation, order, gone):
                if gone is not None and newer:
                    self._put_gone(name, gone.model_copy(update={"incident_version": escalation.incident_version}))
                return []
            after = opened(escalation, now, self._policy, gone)
            if order is not None and order.cause not in after.orders_before:
                after = ordered(after, order, now, self._policy)
            self._store.delete(GONE + name)
            self._see(name, max(seen, escalation.incident_version))
            return self._keep(after)
        before = caught_up(task, now, self._policy)
        after = taken_up(before, escalation, now, self._policy, newer=newer)
        if newer:
            self._see(name, escalation.incident_version)
        return [] if after is before else self._keep(after.model_copy(update={"version": task.version + 1}))

    def command(self, command: TaskCommand, now: datetime) -> list[Output]:
        """Carry out `command`; the task, what was published and what fell due, or nothing if its id acted before.

        Raises Rejected: `unknown_task`; `invalid_command` and `illegal_command` as `machine.apply` does. An
        illegal command stays illegal when its id comes again, even if the task would now allow it: who was
        told no must not find it done after a crash. Doing it takes a new command.
        """
        task = self._known(command.task_id)
        if taken_in(task, command.id):
            return []
        if task.first_round > 1 and command.at < task.opened_at:
            raise Rejected("illegal_command", "这一操作早于任务重新建立的时间，属于已归档的旧任务，不再执行")
        memory = self._memory(task.id)
        if command.id in memory.refused:
            raise Rejected("illegal_command", memory.refused[command.id])
        before, notices = caught_up(task, now, self._policy), list[SupervisionNotice]()
        if command.kind in _MOVES_CLOCKS:
            # Else a notice that was due before the deadline moved would depend on when the last tick came.
            before, notices = due_notices(before, now, self._policy)
        try:
            after, responses = apply(before, command, self._policy, now)
        except Rejected as refusal:
            if refusal.kind == "illegal_command":
                refused = [*memory.refused.items(), (command.id, refusal.reason)][-REFUSALS_KEPT:]
                self._remember(task.id, memory.model_copy(update={"refused": dict(refused)}))
            raise
        if command.kind is CommandKind.DRAFT:
            advice = self._check.check(command.text, after.nature, after.keywords)
            after = after.model_copy(update={"advice": tuple(each.text for each in advice)})
        return [*self._keep(after), *responses, *notices]

    def tick(self, now: datetime) -> list[Output]:
        """The tasks that time changed by `now`, each followed by its notices. Costs what is due, not what exists."""
        outputs: list[Output] = []
        for name in self._due.pop(now):
            task = self.task(name)
            if task is None:
                self._forget(name, now)
                continue
            after, notices = woken(task, now, self._policy)
            if after is not task:
                outputs += [*self._keep(after), *notices]
            left_at = leaves_at(after, self._policy)
            if left_at is not None and left_at <= now:
                self._let_go(after, left_at)
                self._forget(name, now)
            else:
                self._due.set(name, wakes_at(after, self._policy))
        return outputs

    def figures(self) -> Figures:
        """Tasks by state, deadlines by kind and standing."""
        return self._tally.figures()

    def task(self, name: str) -> ResponseTask | None:
        """The task of that id as it stands, or None."""
        raw = self._store.get(TASK + name)
        return None if raw is None else ResponseTask.model_validate_json(raw)

    def _known(self, name: str) -> ResponseTask:
        task = self.task(name)
        if task is not None:
            return task
        if self._gone(name) is not None:
            raise Rejected("illegal_command", "任务已归档并移出，不能再操作；新的情况请作为新的事项报送")
        raise Rejected("unknown_task", "没有这一编号的回应任务，请核对 task_id")

    def _keep(self, task: ResponseTask) -> list[Output]:
        self._store.put(TASK + task.id, task.to_bytes())
        self._tally.put(task)
        self._due.set(task.id, wakes_at(task, self._policy))
        return [task]

    def _let_go(self, task: ResponseTask, left_at: datetime) -> None:
        gone = remembered(task, self._memory(task.id).incident_version, left_at, self._policy)
        self._store.delete(TASK + task.id)
        self._tally.drop(task.id)
        self._store.delete(MEMORY + task.id)
        self._put_gone(task.id, gone)

    def _gone(self, name: str) -> Gone | None:
        raw = self._store.get(GONE + name)
        return None if raw is None else Gone.model_validate_json(raw)

    def _put_gone(self, name: str, gone: Gone) -> None:
        self._store.put(GONE + name, gone.to_bytes())
        self._due.set(name, gone.forget_at)

    def _forget(self, name: str, now: datetime) -> None:
        gone = self._gone(name)
        if gone is not None and gone.forget_at <= now:
            self._store.delete(GONE + name)
            self._due.set(name, None)

    def _memory(self, name: str) -> TaskMemory:
        raw = self._store.get(MEMORY + name)
        return TaskMemory() if raw is None else TaskMemory.model_validate_json(raw)

    def _see(self, name: str, incident_version: int) -> None:
        self._remember(name, self._memory(name).model_copy(update={"incident_version": incident_version}))

    def _remember(self, name: str, memory: TaskMemory) -> None:
        self._store.put(MEMORY + name, memory.to_bytes())


def _must_open(escalation: Escalation, order: Order | None, gone: Gone | None) -> bool:
    if gone is None:
        return escalation.response_required or (order is not None and order.opens)
    if order is not None and order.cause not in gone.orders and (order.opens or order.due_at or order.publications):
        # What is ordered about a matter that was put away must not be lost.
        return True
    graver = escalation.grade.rank < gone.grade.rank
    return escalation.response_required and graver and escalation.incident_version > gone.incident_version
