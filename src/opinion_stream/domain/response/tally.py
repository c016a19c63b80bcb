"""How many tasks and deadlines stand how: kept up as tasks change, so that asking costs nothing."""

from __future__ import annotations

from collections import Counter

from opinion_stream.domain.figures import ORDERED, ClockStanding, Figures, Measure
from opinion_stream.models.task import ClockState, ResponseTask, TaskClock

_Key = tuple[Measure, tuple[str, ...]]
_PLAIN = {
    ClockState.PAUSED: ClockStanding.PAUSED,
    ClockState.MET: ClockStanding.MET,
    ClockState.WAIVED: ClockStanding.WAIVED,
}


class TaskTally:
    """Counts the tasks of a partition. Lives in memory; its owner tells it of every task at the start."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[_Key, ...]] = {}
        self._sum: Counter[_Key] = Counter()

    def put(self, task: ResponseTask) -> None:
        """Count a task as it stands now, in place of how it stood."""
        self.drop(task.id)
        keys = (
            (Measure.TASKS, (task.state.value,)),
            *((Measure.CLOCKS, (kind_of(clock), standing(clock).value)) for clock in task.clocks),
        )
        self._of[task.id] = keys
        self._sum.update(keys)

    def drop(self, name: str) -> None:
        """Count a task no longer; no error if it is unknown."""
        for key in self._of.pop(name, ()):
            self._sum[key] -= 1
            if not self._sum[key]:
                del self._sum[key]

    def figures(self) -> Figures:
        """Tasks by state, and deadlines by kind and standing."""
        return dict(self._sum)


def kind_of(clock: TaskClock) -> str:
    """The kind a deadline is counted under: that of the policy, or `ordered`."""
    return ORDERED if clock.start_event == "ordered" or clock.kind.startswith(f"{ORDERED}-") else clock.kind


def standing(clock: TaskClock) -> ClockStanding:
    """How a deadline stands, as the desk knows it: one whose end has passed is missed from the next tick on."""
    match clock.state:
        case ClockState.RUNNING:
            return ClockStanding.DUE_SOON if clock.fired else ClockStanding.RUNNING
        case ClockState.MISSED:
            return ClockStanding.OVERDUE if clock.met_at is None else ClockStanding.LATE
        case state:
            return _PLAIN[state]
