"""The deadlines of a task: which clocks it has, what meets them, which notices are due (督办, seed 三（三）)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from opinion_stream.domain.response.clocks import applies, due_at
from opinion_stream.models.task import (
    ClockState,
    CommandKind,
    ResponseTask,
    SupervisionNotice,
    TaskClock,
    TaskState,
)
from opinion_stream.policy import Policy
from opinion_stream.policy.handling import Clock, NoticeLevel


def with_clocks(task: ResponseTask, now: datetime, policy: Policy) -> ResponseTask:
    """The task with every clock of its grade and nature that it does not have yet.

    A clock that starts when `opened` counts from the opening even if the grade that brings it comes later; one
    that starts when `graded` counts from `now`, the time at which the task got its grade. What was done since
    the start meets the new clock, and an acceptance stands; what was published before a graver grade does not
    answer for it. Clocks that a task already has stay as they are; one that was waived comes back as a new
    round. A task that was lawfully closed without
    publishing gets none, since no answer is owed. Source: `source` of each clock.
    """
    if task.closed_ground is not None:
        return task
    latest = {clock.kind: clock for clock in task.clocks}
    added = [
        _begun(kind, clock, task, now, policy, latest[kind].round + 1 if kind in latest else task.first_round)
        for kind, clock in policy.deadlines.clocks.items()
        if applies(clock, task) and (kind not in latest or latest[kind].state is ClockState.WAIVED)
    ]
    return task.model_copy(update={"clocks": (*task.clocks, *added)}) if added else task


def met(
    task: ResponseTask, action: CommandKind, publication: str | None, at: datetime, now: datetime, policy: Policy
) -> tuple[TaskClock, ...]:
    """The clocks after `action`, done at `at` and taken in at `now`; `publication` if it was a publication.

    A clock still running is met if `at` is not after its end, even when the record arrives later; otherwise it
    is missed and met late. A clock already marked missed stays missed; a record that claims an earlier time
    then counts from `now`, when we learned of it.
    """
    names = {action.value, f"{action.value}:{publication}"}
    rules = policy.deadlines.clocks

    def met_by(clock: TaskClock) -> tuple[str, ...]:
        rule = rules.get(clock.kind)
        return clock.met_by or (rule.met_by if rule else ())

    return tuple(_met(clock, at, now) if names.intersection(met_by(clock)) else clock for clock in task.clocks)


def settled(task: ResponseTask, at: datetime, now: datetime) -> tuple[TaskClock, ...]:
    """The clocks after a lawful closing without publishing: no answer is owed any more, so each is met or late."""
    return tuple(_met(clock, at, now) for clock in task.clocks)


def due_notices(task: ResponseTask, now: datetime, policy: Policy) -> tuple[ResponseTask, list[SupervisionNotice]]:
    """The task and the notices after the time has come to be `now`, in the order in which they fell due.

    Each level of each clock fires once, and all levels that were passed fire, however far `now` jumps. A clock
    met in time fires no more; one met late fires the levels up to then, so that what was missed is on record
    whether or not anyone looked in between. The task's version is left alone; the same task is returned if
    nothing changed.
    """
    notices: list[tuple[datetime, SupervisionNotice]] = []
    clocks: list[TaskClock] = []
    for clock in task.clocks:
        levels = [(when, level) for when, level in _open_levels(clock, policy) if when <= now]
        notices += [(when, _notice(task, clock, level, now, policy)) for when, level in levels]
        missed = clock.state is ClockState.RUNNING and clock.due_at <= now
        update = {
            "state": ClockState.MISSED if missed else clock.state,
            "fired": (*clock.fired, *(level.id for _, level in levels)),
        }
        clocks.append(clock.model_copy(update=update) if missed or levels else clock)
    if tuple(clocks) == task.clocks:
        return task, []
    notices.sort(key=lambda item: item[0])
    return task.model_copy(update={"clocks": tuple(clocks)}), [notice for _, notice in notices]


def next_due(task: ResponseTask, policy: Policy) -> datetime | None:
    """When `due_notices` will next have something to do for the task; None: never."""
    times = [when for clock in task.clocks for when, _ in _open_levels(clock, policy)]
    times += [clock.due_at for clock in task.clocks if clock.state is ClockState.RUNNING]
    return min(times, default=None)


def _begun(kind: str, rule: Clock, task: ResponseTask, now: datetime, policy: Policy, number: int) -> TaskClock:
    started_at = task.opened_at if rule.starts_at == "opened" else now
    clock = TaskClock(
        kind=kind,
        name=rule.name,
        source=rule.source,
        started_at=started_at,
        start_event=rule.starts_at,
        due_at=due_at(rule, started_at, ZoneInfo(policy.jurisdiction.timezone)),
        state=ClockState.RUNNING,
        round=number,
    )
    done = [event.at for event in task.history if event.action in rule.met_by and event.at >= started_at]
    if not done and CommandKind.ACCEPT in rule.met_by and task.state is not TaskState.PENDING:
        done = [started_at]
    return _met(clock, min(done), now) if done else clock


def _met(clock: TaskClock, at: datetime, now: datetime) -> TaskClock:
    if clock.met_at is not None or clock.state is ClockState.WAIVED:
        return clock
    at = max(at, clock.started_at)  # A record dated back to before a new round began still belongs to that round.
    in_time = clock.state is ClockState.RUNNING and at <= clock.due_at
    if in_time or clock.state is ClockState.PAUSED:
        return clock.model_copy(update={"state": ClockState.MET, "met_at": at, "paused_at": None})
    return clock.model_copy(update={"state": ClockState.MISSED, "met_at": at if at > clock.due_at else now})


def _open_levels(clock: TaskClock, policy: Policy) -> Iterator[tuple[datetime, NoticeLevel]]:
    """Levels not sent yet that have to be sent at their time, earliest first."""
    if clock.state not in (ClockState.RUNNING, ClockState.MISSED):
        return
    start = clock.started_at.astimezone(UTC)
    allowed = clock.due_at - start
    for level in sorted(policy.deadlines.notices, key=lambda level: level.at_fraction):
        when = start + allowed * level.at_fraction
        if level.id not in clock.fired and (clock.met_at is None or when <= clock.met_at):
            yield when, level


def _notice(
    task: ResponseTask, clock: TaskClock, level: NoticeLevel, now: datetime, policy: Policy
) -> SupervisionNotice:
    zone = ZoneInfo(policy.jurisdiction.timezone)
    text = level.text.format(
        task=task.id,
        title=task.title,
        clock=clock.name,
        due=f"{clock.due_at.astimezone(zone):%Y-%m-%d %H:%M}",
        unit=task.unit.name,
        grade=task.grade.label,
    )
    return SupervisionNotice(
        id=f"n-{task.id.removeprefix('t-')}:{clock.key}:{level.id}",
        task_id=task.id,
        incident_id=task.incident_id,
        unit=task.unit,
        grade=task.grade,
        clock=clock.kind,
        level=level.id,
        round=clock.round,
        due_at=clock.due_at,
        at=now,
        to_role=level.to_role,
        text=text,
    )
