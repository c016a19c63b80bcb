"""The figures of a period, per unit and in all, computed from tasks and from nothing else (seed 三（三）督查指导)."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from opinion_stream.domain.supervision.period import Period
from opinion_stream.models.base import Grade, UnitRef
from opinion_stream.models.effect import ResponseEffect
from opinion_stream.models.task import ClockState, CommandKind, ResponseTask, TaskClock
from opinion_stream.policy import Policy


@dataclass(frozen=True)
class Part:
    """`hits` out of `of`. A share is never told without both."""

    hits: int
    of: int

    @property
    def share(self) -> float | None:
        """0-1; None of nothing."""
        return self.hits / self.of if self.of else None

    def __add__(self, other: Part) -> Part:
        return Part(self.hits + other.hits, self.of + other.of)


@dataclass(frozen=True)
class Overdue:
    """A deadline that was missed and not made good by the end of the period."""

    task_id: str
    title: str
    unit: UnitRef
    grade: Grade
    clock: str
    """Name of the clock."""
    due_at: datetime
    hours: float
    """Past the deadline at the end of the period."""


@dataclass(frozen=True)
class Figures:
    """What happened in a period. A lateness once counted stays counted until it is made good."""

    received: int
    """Tasks opened in the period."""
    accepted_in_time: Part
    """Of the acceptance deadlines that ended in the period or were still open and overdue at its beginning."""
    answered_in_time: Part
    """The same for the deadlines of answers. What is open and overdue counts below the line, every period anew."""
    answered: Part
    """Tasks published or lawfully closed by the end, of those that were to be answered at any time in the period."""
    not_published: int
    """Of these, closed in the period on a legal ground without publishing."""
    reopened: Part
    """Answered tasks of the period that were taken up again, of those answered in the period."""
    mean_hours: float | None
    """From opening to the first answer, of those answered in the period."""
    p90_hours: float | None
    """Nearest-rank 90th percentile of the same."""
    overdue: tuple[Overdue, ...]
    """Longest first."""
    eased: Part
    """Answers of the period after which less was said than before, of those with enough said before to tell."""


@dataclass(frozen=True)
class Bulletin:
    """All figures of a period. Units in order of their codes: nobody is ranked by a handful of cases."""

    period: Period
    total: Figures
    units: tuple[tuple[UnitRef, Figures], ...]


def bulletin(
    tasks: Iterable[ResponseTask],
    period: Period,
    policy: Policy,
    now: datetime,
    effects: Sequence[ResponseEffect] = (),
) -> Bulletin:
    """The figures of `period` from the latest version of each task; a task counts for the unit that has it now.

    Also right long after: what was done after the end of the period counts as not done in it. While the period
    goes on it ends with `now`: a deadline that has not come yet is neither kept nor missed.
    """
    period = replace(period, end=max(period.start, min(period.end, now)))
    known = sorted((task for task in tasks if task.opened_at < period.end), key=lambda task: task.id)
    by_unit: dict[str, list[ResponseTask]] = {}
    for task in known:
        by_unit.setdefault(task.unit.code, []).append(task)
    units = [(own[-1].unit, figures(own, period, policy, effects)) for _, own in sorted(by_unit.items())]
    concerned = tuple((unit, own) for unit, own in units if _anything(own))
    return Bulletin(period, figures(known, period, policy, effects), concerned)


def figures(
    tasks: Sequence[ResponseTask], period: Period, policy: Policy, effects: Sequence[ResponseEffect] = ()
) -> Figures:
    """See `bulletin`, for one set of tasks; effects of other tasks are left out."""
    received = not_published = 0
    accepted = answered_in_time = answered = reopened = Part(0, 0)
    hours: list[float] = []
    overdue: list[Overdue] = []
    for task in tasks:
        received += period.start <= task.opened_at < period.end
        for clock in task.clocks:
            kinds = _kinds(clock, policy)
            part = _in_time(clock, period)
            accepted += part if "accept" in kinds else Part(0, 0)
            answered_in_time += part if "answer" in kinds else Part(0, 0)
            if _open_at(clock, period.end):
                overdue.append(_overdue(task, clock, period))
        first = _first_answer(task)
        if first is None or first >= period.start:
            done = first is not None and first < period.end
            answered += Part(int(done), 1)
            if first is not None and done:
                hours.append((first - task.opened_at).total_seconds() / 3600)
                reopened += Part(int(_reopened(task, period, policy)), 1)
                not_published += not task.response_ids
    overdue.sort(key=lambda item: (-item.hours, item.task_id, item.clock))
    return Figures(
        received=received,
        accepted_in_time=accepted,
        answered_in_time=answered_in_time,
        answered=answered,
        not_published=not_published,
        reopened=reopened,
        mean_hours=sum(hours) / len(hours) if hours else None,
        p90_hours=sorted(hours)[math.ceil(0.9 * len(hours)) - 1] if hours else None,
        overdue=tuple(overdue),
        eased=_eased(effects, {task.id for task in tasks}, period, policy.supervision.effects.report_hours),
    )


def _eased(effects: Sequence[ResponseEffect], tasks: Collection[str], period: Period, hours: float) -> Part:
    told = {
        effect.id: effect.after < effect.before
        for effect in effects
        if effect.hours == hours
        and effect.enough
        and effect.task_id in tasks
        and period.start <= effect.published_at < period.end
    }
    return Part(sum(told.values()), len(told))


def _kinds(clock: TaskClock, policy: Policy) -> set[str]:
    """`accept`, `answer` or both, by what meets the clock; a clock that the policy no longer has is neither."""
    rule = policy.deadlines.clocks.get(clock.kind)
    met_by = clock.met_by or (rule.met_by if rule is not None else ())
    answers = {CommandKind.PUBLISH.value, CommandKind.CLOSE.value}
    return {
        "accept" if action == CommandKind.ACCEPT.value else "answer"
        for action in met_by
        if action == CommandKind.ACCEPT.value or action in answers or action.startswith("publish:")
    }


_NOT_OWED = (ClockState.PAUSED, ClockState.WAIVED)
"""A deadline that stands still, or is not asked any more since the office lowered the grade."""


def _in_time(clock: TaskClock, period: Period) -> Part:
    """(1 if met in time, 1) for a deadline of the period or an older one still open at its beginning, else (0, 0)."""
    if clock.due_at >= period.end or clock.state in _NOT_OWED:
        return Part(0, 0)
    if clock.due_at < period.start and not _open_at(clock, period.start):
        return Part(0, 0)
    return Part(int(clock.state is ClockState.MET), 1)


def _open_at(clock: TaskClock, at: datetime) -> bool:
    """Whether the deadline was past and not made good at `at`."""
    return clock.state not in _NOT_OWED and clock.due_at < at and (clock.met_at is None or clock.met_at >= at)


def _first_answer(task: ResponseTask) -> datetime | None:
    """When it was first published, or closed: a closing without publishing has a legal ground."""
    return min(_times(task, CommandKind.PUBLISH, CommandKind.CLOSE), default=None)


def _reopened(task: ResponseTask, period: Period, policy: Policy) -> bool:
    """Whether it was taken up again since it was not solved; a further report on its progress does not count."""
    further = {code for code, ground in policy.response.reopen_grounds.items() if not ground.restarts}
    return any(
        event.action == CommandKind.REOPEN and event.ground not in further and period.start <= event.at < period.end
        for event in task.history
    )


def _times(task: ResponseTask, *kinds: CommandKind) -> Iterator[datetime]:
    names = {kind.value for kind in kinds}
    return (event.at for event in task.history if event.action in names)


def _overdue(task: ResponseTask, clock: TaskClock, period: Period) -> Overdue:
    return Overdue(
        task_id=task.id,
        title=task.title,
        unit=task.unit,
        grade=task.grade,
        clock=clock.name,
        due_at=clock.due_at,
        hours=(period.end - clock.due_at).total_seconds() / 3600,
    )


def _anything(own: Figures) -> bool:
    return bool(own.received or own.answered.of or own.overdue or own.accepted_in_time.of or own.answered_in_time.of)
