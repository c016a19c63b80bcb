"""What a desk can tell of its state in figures: a closed list, so that nothing grows with what people say."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol, runtime_checkable


class Measure(StrEnum):
    """What is measured. Each has its labels, in this order, all from closed lists."""

    INCIDENTS_OPEN = "incidents_open"
    """Labels: grade."""
    INCIDENTS_CLOSED = "incidents_closed"
    """Closed ones that a late mention would open again. No labels."""
    RECEIPTS_OUTSTANDING = "receipts_outstanding"
    """Reports that wait for their receipt. Labels: grade."""
    TASKS = "tasks"
    """Labels: state, a `TaskState`."""
    CLOCKS = "clocks"
    """Deadlines of the tasks. Labels: kind, state (a `ClockStanding`)."""


class ClockStanding(StrEnum):
    """How a deadline stands, in finer steps than `ClockState`."""

    RUNNING = "running"
    DUE_SOON = "due_soon"
    """Still running, and the first notice of the policy has been sent."""
    PAUSED = "paused"
    OVERDUE = "overdue"
    """Missed, and not met since."""
    LATE = "late"
    """Missed, and met afterwards."""
    MET = "met"
    WAIVED = "waived"


ORDERED = "ordered"
"""The kind under which all deadlines that persons set are counted: their own kinds derive from what ordered them."""

Figures = Mapping[tuple[Measure, tuple[str, ...]], int]
"""(measure, label values) to a number >= 0. What is left out is 0."""


@runtime_checkable
class Measured(Protocol):
    """What can be asked for its figures, often: the answer must not cost what parsing the store would."""

    def figures(self) -> Figures:
        """The figures as they stand, of one partition."""
