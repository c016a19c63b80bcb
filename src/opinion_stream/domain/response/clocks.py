"""What may happen to a running deadline: extended, paused and resumed, waived, started again, ordered; all audited."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from opinion_stream.domain.response.calendar import add_working_days, working_days_between
from opinion_stream.models.task import ClockChange, ClockState, ResponseTask, TaskClock, TaskCommand
from opinion_stream.policy import Policy
from opinion_stream.policy.handling import Clock


def due_at(clock: Clock, started_at: datetime, zone: ZoneInfo) -> datetime:
    """When `clock` ends if it starts at `started_at`, as a time in `zone`."""
    return _later(started_at, clock.hours, clock.working_days, zone)


def applies(clock: Clock, task: ResponseTask) -> bool:
    """Whether a task of that grade and nature has the clock."""
    return (not clock.grades or task.grade in clock.grades) and (not clock.natures or task.nature in clock.natures)


def open_clocks(task: ResponseTask, now: datetime) -> list[TaskClock]:
    """The deadlines that are still to be met and have not passed by `now`, paused ones too."""
    return [
        clock
        for clock in task.clocks
        if clock.state is ClockState.PAUSED or (clock.state is ClockState.RUNNING and clock.due_at > now)
    ]


def extended(task: ResponseTask, command: TaskCommand, now: datetime, policy: Policy) -> tuple[TaskClock, ...]:
    """The clocks after an extension that is taken in at `now`; the same if none can be extended.

    Each clock that the policy lets be extended, that is running, not past its end and never extended before ends
    later by what the policy allows, or at `command.until` if that is earlier. What is missed stays missed.
    """
    zone = _zone(policy)

    def one(clock: TaskClock) -> TaskClock:
        rule = policy.deadlines.clocks.get(clock.kind)
        before = any(change.change == "extended" for change in clock.changes)
        if rule is None or rule.extension is None or before or clock.state is not ClockState.RUNNING:
            return clock
        most = _later(clock.due_at, rule.extension.hours, rule.extension.working_days, zone)
        due = most if command.until is None else min(most, command.until.astimezone(zone))
        if clock.due_at <= now or due <= clock.due_at:
            return clock
        return _changed(clock, "extended", due, command, now)

    return tuple(one(clock) for clock in task.clocks)


def paused(task: ResponseTask, command: TaskCommand, now: datetime, policy: Policy) -> tuple[TaskClock, ...]:
    """The clocks after a pause from `now`: those that the policy lets stand still do, unless their end has passed."""

    def one(clock: TaskClock) -> TaskClock:
        rule = policy.deadlines.clocks.get(clock.kind)
        if rule is None or not rule.pausable or clock.state is not ClockState.RUNNING or clock.due_at <= now:
            return clock
        stopped = clock.model_copy(update={"state": ClockState.PAUSED, "paused_at": now})
        return _changed(stopped, "paused", clock.due_at, command, now)

    return tuple(one(clock) for clock in task.clocks)


def resumed(
    task: ResponseTask, at: datetime, policy: Policy, *, role: str, cause: str, note: str
) -> tuple[TaskClock, ...]:
    """The clocks after the pause ends at `at`: each ends later by the time it stood still.

    Hours count as they are; of a clock in working days, the working days after the day of the pause up to the
    day of `at` are added, so that a pause within one day moves nothing.
    """
    zone = _zone(policy)

    def one(clock: TaskClock) -> TaskClock:
        if clock.state is not ClockState.PAUSED or clock.paused_at is None:
            return clock
        rule = policy.deadlines.clocks.get(clock.kind)
        if rule is not None and rule.working_days is not None:
            days = working_days_between(clock.paused_at, at, zone)
            due = add_working_days(clock.due_at, days, zone) if days else clock.due_at
        else:
            due = clock.due_at + (at - clock.paused_at)
        change = ClockChange(
            at=at, change="resumed", due_before=clock.due_at, due_after=due, role=role, cause=cause, note=note
        )
        return clock.model_copy(
            update={
                "state": ClockState.RUNNING,
                "paused_at": None,
                "due_at": due,
                "changes": (*clock.changes, change),
            }
        )

    return tuple(one(clock) for clock in task.clocks)


def pause_ends(now: datetime, policy: Policy) -> datetime:
    """When a pause that begins at `now` ends by itself."""
    return add_working_days(now, policy.response.pause.max_working_days, _zone(policy))


def waived(task: ResponseTask, command: TaskCommand, now: datetime, policy: Policy) -> tuple[TaskClock, ...]:
    """The clocks when `task` has been given a lower grade: what the policy does not ask of it is no longer owed.

    Only what is still open at `now` is waived; what was missed stays missed. Ordered deadlines stay.
    """
    open_keys = {clock.key for clock in open_clocks(task, now)}

    def one(clock: TaskClock) -> TaskClock:
        rule = policy.deadlines.clocks.get(clock.kind)
        if rule is None or applies(rule, task) or clock.key not in open_keys:
            return clock
        state = clock.model_copy(update={"state": ClockState.WAIVED, "paused_at": None})
        return _changed(state, "waived", clock.due_at, command, now)

    return tuple(one(clock) for clock in task.clocks)


def restarted(task: ResponseTask, command: TaskCommand, now: datetime, policy: Policy) -> tuple[TaskClock, ...]:
    """The clocks after the matter proved not solved: a new round, from `now`, of each that the policy starts again.

    A clock that is still to be met goes on as it is, since a new round would loosen it.
    """
    zone = _zone(policy)
    latest = {clock.kind: clock for clock in task.clocks}
    added: list[TaskClock] = []
    for kind, clock in latest.items():
        rule = policy.deadlines.clocks.get(kind)
        if rule is None or rule.on_reopen != "restart" or not applies(rule, task) or clock.met_at is None:
            continue
        fresh = TaskClock(
            kind=kind,
            name=rule.name,
            source=rule.source,
            started_at=now,
            start_event="reopened",
            due_at=due_at(rule, now, zone),
            state=ClockState.RUNNING,
            round=clock.round + 1,
        )
        change = _changed(fresh, "restarted", fresh.due_at, command, now).changes[-1]
        added.append(fresh.model_copy(update={"changes": (change.model_copy(update={"due_before": clock.due_at}),)}))
    return (*task.clocks, *added)


def ordered_clock(
    *,
    cause: str,
    name: str,
    source: str,
    role: str,
    due: datetime,
    met_by: tuple[str, ...],
    now: datetime,
    number: int,
) -> TaskClock:
    """A deadline of round `number` that an order sets from `now`; its kind derives from `cause` and `met_by`."""
    change = ClockChange(at=now, change="ordered", due_before=due, due_after=due, role=role, cause=cause, note=name)
    return TaskClock(
        kind=f"ordered-{hashlib.sha256('|'.join((cause, *met_by)).encode()).hexdigest()[:12]}",
        name=name,
        source=source,
        started_at=now,
        start_event="ordered",
        due_at=due,
        state=ClockState.RUNNING,
        met_by=met_by,
        round=number,
        changes=(change,),
    )


def _changed(clock: TaskClock, change: str, due: datetime, command: TaskCommand, now: datetime) -> TaskClock:
    entry = ClockChange(
        at=now,
        change=change,
        due_before=clock.due_at,
        due_after=due,
        role=command.role,
        approver=command.approver,
        cause=command.id,
        note=command.text.strip(),
    )
    return clock.model_copy(update={"due_at": due, "changes": (*clock.changes, entry)})


def _later(start: datetime, hours: float | None, working_days: int | None, zone: ZoneInfo) -> datetime:
    if working_days is not None:
        return add_working_days(start, working_days, zone)
    return (start.astimezone(UTC) + timedelta(hours=hours or 0)).astimezone(zone)


def _zone(policy: Policy) -> ZoneInfo:
    return ZoneInfo(policy.jurisdiction.timezone)
