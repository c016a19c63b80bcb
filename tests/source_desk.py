"""A broker that remembers and dies where it is told to, and a desk that polls one source as the service does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from builders import small_policy
from opinion_stream.adapters.producer import Outgoing
from opinion_stream.adapters.sources.base import Connector, Surroundings
from opinion_stream.adapters.sources.collector import Collector, Reading
from opinion_stream.adapters.sources.cursors import CursorStore
from opinion_stream.adapters.sources.journal import PollJournal
from opinion_stream.adapters.sources.records import Stamp
from opinion_stream.errors import DeliveryError
from opinion_stream.models.source import PollOutcome
from opinion_stream.policy.source import Schedule, SourceBase
from opinion_stream.policy.sources import HttpManners, SourceDefaults

NOW = datetime(2026, 11, 3, 7, 0, tzinfo=UTC)
MANNERS = HttpManners(contact="mailto:desk@anping.example", per_host_seconds=1)
DEFAULTS = SourceDefaults(schedule=Schedule(every_minutes=10), http=MANNERS)


class Crash(BaseException):
    """The process dies here: nothing may catch it."""


@dataclass
class Broker:
    """Takes records and remembers them; dies or refuses where it is told to."""

    taken: list[bytes] = field(default_factory=list)
    calls: int = 0
    die_before: int | None = None
    """Number of the call (from 1) at which the process dies before anything is written."""
    die_after: int | None = None
    """The same after everything is written, before the cursor is stored."""
    refuse: int | None = None

    async def send_all(self, records: Sequence[Outgoing], /) -> list[int]:
        """As `BatchProducer.send_all`."""
        self.calls += 1
        if self.calls == self.die_before:
            raise Crash
        if self.calls == self.refuse:
            raise DeliveryError("the broker is away")
        self.taken += [record.value or b"" for record in records]
        if self.calls == self.die_after:
            raise Crash
        return list(range(len(records)))

    @property
    def records(self) -> list[dict[str, object]]:
        """What was taken, as JSON."""
        return [json.loads(value) for value in self.taken]

    @property
    def ids(self) -> list[str]:
        """The ids of what was taken, in order, repeats too."""
        return [str(record["id"]) for record in self.records]


@dataclass
class Desk:
    """Polls one source as the service does, with its state in a folder."""

    source: SourceBase
    connector: Connector
    around: Surroundings
    folder: Path
    broker: Broker = field(default_factory=Broker)

    def collector(self, *others: Reading) -> Collector:
        """A collector as after a fresh start."""
        readings = [self.reading(), *others]
        store, journal = CursorStore(self.folder), PollJournal(self.folder)
        return Collector(readings, self.broker, "test.mentions.inbound", store, journal, DEFAULTS, self.around)

    def reading(self) -> Reading:
        """The source as the collector sees it."""
        return Reading(self.source, self.connector, Stamp(self.source, small_policy()), DEFAULTS.schedule)

    async def poll(self) -> PollOutcome:
        """Ask the source once."""
        return (await self.collector().once())[0]
