"""The interface of connectors: pages of raw records with the cursor that stands behind them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias
from zoneinfo import ZoneInfo

from opinion_stream.adapters.clock import Clock
from opinion_stream.models.source import PollOutcome

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Cursor: TypeAlias = dict[str, Json]
"""How far a source has been read, as JSON. Its memory of what was seen must be bounded. {} : never read."""

Record: TypeAlias = Mapping[str, object] | bytes
"""A RawMention as a mapping of its fields, or the raw bytes of one (which may be malformed, and are sent as they are).

A mapping needs no `source`, `region_hint`, `channel`, `media` or `lang`: the collector adds those of the source where
they are missing. Times are aware datetimes or ISO texts. It should have an `id` that stays the same however often the
source is read, so that what is sent again after a crash is known downstream as a repeat.
"""


@dataclass(frozen=True)
class Failure:
    """An item that could not be read while the rest could; `kind` and `reason` as in `SourceError`."""

    kind: str
    reason: str


@dataclass(frozen=True)
class Page:
    """Some records, and the cursor to go on from once all of them are acknowledged by the broker.

    A page without records still moves the cursor (an ETag, an item tried in vain).
    """

    records: tuple[Record, ...]
    cursor: Cursor
    failures: tuple[Failure, ...] = field(default=())


class Connector(Protocol):
    """Reads one source. It keeps nothing that matters but in the cursor: every poll may be in a new process."""

    def poll(self, cursor: Cursor) -> AsyncGenerator[Page]:
        """What is new since `cursor`, page by page (an async generator); ends when there is no more for now.

        The collector asks for the next page only when the last one is sent and its cursor stored; what was not
        stored is asked for again. Raises SourceError when the source cannot be read.
        """


class SourceLog(Protocol):
    """Is told of every poll; source health is built on it."""

    def record(self, outcome: PollOutcome) -> None:
        """Keep the outcome. Raises OSError when it cannot; that stops no collecting."""


class Sleep(Protocol):
    """Waits; passed in so that tests need not."""

    async def __call__(self, seconds: float, /) -> None:
        """Wait so many seconds."""


class Chance(Protocol):
    """Spreads waits, so that many sources do not come back at one moment."""

    def __call__(self) -> float:
        """A number in [0, 1)."""


@dataclass(frozen=True)
class Surroundings:
    """What connectors are given to work with."""

    clock: Clock
    zone: ZoneInfo
    """Time zone of the jurisdiction: times without a zone are read in it."""
    sleep: Sleep
    chance: Chance
    environ: Mapping[str, str] = field(default_factory=dict)
    """The environment, for secrets that a source names (never in the policy files)."""
