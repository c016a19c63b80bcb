"""What becomes of a task by itself: opened, raised, given an order, woken by time, archived, forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta

from opinion_stream.domain.ids import TASK_PREFIX
from opinion_stream.domain.response.clocks import ordered_clock, resumed
from opinion_stream.domain.response.deadlines import due_notices, next_due, with_clocks
from opinion_stream.models.base import Grade, Instant, WireModel
from opinion_stream.models.escalation import Escalation
from opinion_stream.models.task import CommandKind, ResponseTask, SupervisionNotice, TaskEvent, TaskState
from opinion_stream.policy import Policy

RULE = "rule"
"""Role of what no person did."""


class Gone(WireModel):
    """What is remembered of a task that has left the store, so that a late repeat does not raise it again."""

    version: int
    incident_version: int
    grade: Grade
    """The gravest grade it was reported at: only a graver report is news."""
    round: int = 1
    """The last round of any of its clocks."""
    forget_at: Instant


class Order(WireModel):
    """What an instruction or a matter handed down asks of a task beside its own deadlines.

    `publication`: key of `publications` that must be used; None: any answer will do. `due_at` None: after
    `ordered_hours` of `response.yaml`. `cause`: id of the record it stands in; it acts once.
    """

    cause: str
    name: str
    source: str
    role: str
    due_at: Instant | None = None
    publication: str | None = None


def task_id(incident_id: str) -> str:
    """`t-` and the part of the incident's id after its prefix: one task per incident."""
    _, dash, rest = incident_id.partition("-")
    return f"{TASK_PREFIX}{rest if dash else incident_id}"


def opened(escalation: Escalation, now: datetime, policy: Policy, gone: Gone | None = None) -> ResponseTask:
    """The task that an escalation opens, with its clocks; its versions and rounds go on from one that is gone."""
    event = TaskEvent(
        at=now,
        action="open",
        from_state=None,
        to_state=TaskState.PENDING,
        role=RULE,
        cause=escalation.id,
        note=f"{escalation.grade.label}，{escalation.kind.label}，须公开回应",
    )
    task = ResponseTask(
        id=task_id(escalation.incident_id),
        version=gone.version + 1 if gone else 1,
        first_round=gone.round + 1 if gone else 1,
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


def raised(task: ResponseTask, escalation: Escalation, now: datetime, policy: Policy) -> ResponseTask:
    """The task at the graver grade of the escalation, with the clocks that brings; clocks it has stay.

    What is paused goes on, and what is archived counts as closed again, since something is owed again.
    """
    going = _going_on(task, now, policy, cause=escalation.id, note="等级升高，恢复计时")
    note = f"等级由{task.grade.label}升为{escalation.grade.label}"
    event = _event(task, "raise", going.state, now, escalation.id, note)
    update = {
        "version": task.version + 1,
        "grade": escalation.grade,
        "eased_from": None,
        "updated_at": now,
        "history": (*task.history, event),
    }
    return with_clocks(going.model_copy(update=update), now, policy)


def is_graver(escalation: Escalation, task: ResponseTask) -> bool:
    """Whether the escalation raises the task: graver than its grade, and than one that the office set aside."""
    return escalation.grade.rank < min(task.grade.rank, task.eased_from.rank if task.eased_from else 9)


def ordered(task: ResponseTask, order: Order, now: datetime, policy: Policy) -> ResponseTask:
    """The task with a deadline of its own for the order, from `now`; the same if the order has acted before.

    The clocks it has stay as they are: an order may set an earlier time, never a later one.
    """
    if any(event.action == "order" and event.cause == order.cause for event in task.history):
        return task
    going = _going_on(task, now, policy, cause=order.cause, note="上级批示，恢复计时")
    due = order.due_at or now + timedelta(hours=policy.response.ordered_hours)
    met_by: tuple[str, ...] = (CommandKind.PUBLISH.value, CommandKind.CLOSE.value)
    if order.publication is not None:
        met_by = (f"{CommandKind.PUBLISH.value}:{order.publication}",)
    clock = ordered_clock(
        cause=order.cause, name=order.name, source=order.source, role=order.role, due=due, met_by=met_by, now=now
    )
    event = _event(task, "order", going.state, now, order.cause, f"{order.name}，期限{due:%Y-%m-%d %H:%M}", order.role)
    return going.model_copy(
        update={
            "version": task.version + 1,
            "updated_at": now,
            "clocks": (*going.clocks, clock),
            "history": (*task.history, event),
        }
    )


def caught_up(task: ResponseTask, now: datetime, policy: Policy) -> ResponseTask:
    """The task after a pause that has reached its limit by `now`; the version is left alone."""
    end = task.paused_until
    if task.state is not TaskState.PAUSED or end is None or end > now:
        return task
    clocks = resumed(task, end, policy, role=RULE, cause=RULE, note="暂停已到最长期限，自动恢复计时")
    event = _event(task, "auto_resume", TaskState.HANDLING, end, RULE, "暂停已到最长期限，自动恢复计时")
    update = {"state": TaskState.HANDLING, "paused_until": None, "clocks": clocks, "history": (*task.history, event)}
    return task.model_copy(update=update)


def woken(task: ResponseTask, now: datetime, policy: Policy) -> tuple[ResponseTask, list[SupervisionNotice]]:
    """The task and its notices when the time has come to be `now`; the same task if nothing was due.

    The end of a pause, then the notices, then the archiving, so that however far time jumps the outcome is that
    of a clock that ran evenly. One new version stands for all of them.
    """
    after, notices = due_notices(caught_up(task, now, policy), now, policy)
    end = archive_at(after, policy)
    if end is not None and end <= now:
        event = _event(after, "auto_archive", TaskState.ARCHIVED, end, RULE, "办结期满，自动归档")
        update = {"state": TaskState.ARCHIVED, "archived_at": end, "history": (*after.history, event)}
        after = after.model_copy(update=update)
    if after is task:
        return task, []
    return after.model_copy(update={"version": task.version + 1, "updated_at": now}), notices


def archive_at(task: ResponseTask, policy: Policy) -> datetime | None:
    """When a closed task is archived by itself; None while it is open or a deadline or notice is outstanding."""
    if task.state is not TaskState.CLOSED or next_due(task, policy) is not None:
        return None
    return (task.closed_at or task.updated_at) + timedelta(days=policy.response.archive.after_days)


def leaves_at(task: ResponseTask, policy: Policy) -> datetime | None:
    """When an archived task leaves the store; None before it is archived."""
    if task.state is not TaskState.ARCHIVED:
        return None
    return (task.archived_at or task.updated_at) + timedelta(days=policy.response.archive.keep_days)


def wakes_at(task: ResponseTask, policy: Policy) -> datetime | None:
    """When time will next have something to do for the task; None: never."""
    times = (next_due(task, policy), task.paused_until, archive_at(task, policy), leaves_at(task, policy))
    return min((time for time in times if time is not None), default=None)


def remembered(task: ResponseTask, incident_version: int, left_at: datetime, policy: Policy) -> Gone:
    """What is kept of a task that left the store at `left_at`."""
    forget_at = left_at + timedelta(days=policy.response.archive.remember_days)
    return Gone(
        version=task.version,
        incident_version=incident_version,
        grade=min(task.grade, task.eased_from or task.grade, key=lambda grade: grade.rank),
        round=max((clock.round for clock in task.clocks), default=task.first_round),
        forget_at=forget_at,
    )


def _going_on(task: ResponseTask, now: datetime, policy: Policy, *, cause: str, note: str) -> ResponseTask:
    if task.state is TaskState.ARCHIVED:
        # Closed since now, or it would be archived again before anyone has looked at it.
        return task.model_copy(update={"state": TaskState.CLOSED, "archived_at": None, "closed_at": now})
    if task.state is not TaskState.PAUSED:
        return task
    clocks = resumed(task, now, policy, role=RULE, cause=cause, note=note)
    return task.model_copy(update={"state": TaskState.HANDLING, "paused_until": None, "clocks": clocks})


def _event(
    task: ResponseTask, action: str, to_state: TaskState, at: datetime, cause: str, note: str, role: str = RULE
) -> TaskEvent:
    return TaskEvent(at=at, action=action, from_state=task.state, to_state=to_state, role=role, cause=cause, note=note)
