"""What time does to a task: a pause reaches its limit, notices fall due, it is archived, it leaves the desk."""

from __future__ import annotations

from datetime import datetime, timedelta

from opinion_stream.domain.response.clocks import resumed
from opinion_stream.domain.response.deadlines import due_notices, next_due
from opinion_stream.models.base import Grade, Instant, WireModel
from opinion_stream.models.task import ResponseTask, SupervisionNotice, TaskEvent, TaskState
from opinion_stream.policy import Policy

ORDER = "order"
"""Action of an order in a task's history."""
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
    orders: tuple[str, ...] = ()
    """Causes of the orders it was given."""
    forget_at: Instant


def caught_up(task: ResponseTask, now: datetime, policy: Policy) -> ResponseTask:
    """The task after a pause that has reached its limit by `now`; the version is left alone."""
    end = task.paused_until
    if task.state is not TaskState.PAUSED or end is None or end > now:
        return task
    clocks = resumed(task, end, policy, role=RULE, cause=RULE, note="暂停已到最长期限，自动恢复计时")
    event = rule_event(task, "auto_resume", TaskState.HANDLING, end, RULE, "暂停已到最长期限，自动恢复计时")
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
        event = rule_event(after, "auto_archive", TaskState.ARCHIVED, end, RULE, "办结期满，自动归档")
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


def orders_of(task: ResponseTask) -> tuple[str, ...]:
    """Causes of all orders it was ever given."""
    return (*task.orders_before, *(event.cause for event in task.history if event.action == ORDER))


def remembered(task: ResponseTask, incident_version: int, left_at: datetime, policy: Policy) -> Gone:
    """What is kept of a task that left the store at `left_at`."""
    forget_at = left_at + timedelta(days=policy.response.archive.remember_days)
    return Gone(
        version=task.version,
        incident_version=incident_version,
        grade=min(task.grade, task.eased_from or task.grade, key=lambda grade: grade.rank),
        round=max((clock.round for clock in task.clocks), default=task.first_round),
        orders=orders_of(task),
        forget_at=forget_at,
    )


def going_on(task: ResponseTask, now: datetime, policy: Policy, *, cause: str, note: str) -> ResponseTask:
    """The task when something is owed again: what was paused goes on, what was archived counts as closed again."""
    if task.state is TaskState.ARCHIVED:
        # Closed since now, or it would be archived again before anyone has looked at it.
        return task.model_copy(update={"state": TaskState.CLOSED, "archived_at": None, "closed_at": now})
    if task.state is not TaskState.PAUSED:
        return task
    clocks = resumed(task, now, policy, role=RULE, cause=cause, note=note)
    return task.model_copy(update={"state": TaskState.HANDLING, "paused_until": None, "clocks": clocks})


def rule_event(
    task: ResponseTask, action: str, to_state: TaskState, at: datetime, cause: str, note: str, role: str = RULE
) -> TaskEvent:
    """The entry of the history for what no person's command did."""
    return TaskEvent(at=at, action=action, from_state=task.state, to_state=to_state, role=role, cause=cause, note=note)
