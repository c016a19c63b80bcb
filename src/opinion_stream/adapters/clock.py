"""Where the present comes from; the core never asks for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present, with its zone."""


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        """The present."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands until it is set; for tests."""

    def __init__(self, now: datetime) -> None:
        self.value = now

    def now(self) -> datetime:
        """The time it was set to."""
        return self.value
