"""Runs a connector through the collector, with a broker and a state folder that fail when told to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch
from zoneinfo import ZoneInfo

import orjson

from builders import T0, small_policy
from opinion_stream.adapters.clock import FixedClock
from opinion_stream.adapters.producer import Outgoing
from opinion_stream.adapters.sources.base import Connector, Cursor, Surroundings
from opinion_stream.adapters.sources.collector import Collector, Reading
from opinion_stream.adapters.sources.cursors import CursorStore
from opinion_stream.adapters.sources.records import Stamp
from opinion_stream.errors import DeliveryError
from opinion_stream.models.source import PollOutcome
from opinion_stream.policy.source import SourceBase

POLICY = small_policy()


class World:
    """A clock that moves when somebody sleeps, a broker, a state folder. Nothing waits in earnest."""

    def __init__(self, folder: Path) -> None:
        self.clock = FixedClock(T0)
        self.slept: list[float] = []
        self.around = Surroundings(self.clock, ZoneInfo("Asia/Shanghai"), self._sleep, lambda: 0.0)
        self.broker = Broker()
        self.cursors = Cursors(folder)
        self.outcomes: list[PollOutcome] = []

    async def _sleep(self, seconds: float, /) -> None:
        self.slept.append(seconds)
        self.clock.value += timedelta(seconds=seconds)

    def record(self, outcome: PollOutcome) -> None:
        self.outcomes.append(outcome)

    async def poll(self, source: SourceBase, connector: Connector) -> PollOutcome:
        """One poll, as by a process that has just started."""
        schedule = POLICY.sources.schedule_of(source)
        reading = Reading(source, connector, Stamp(source, POLICY), schedule)
        collector = Collector(
            [reading], self.broker, "inbound", self.cursors, self, POLICY.sources.defaults, self.around
        )
        outcome, _ = await collector.poll(reading)
        self.clock.value += timedelta(minutes=1)
        return outcome


class Broker:
    """Takes records. `fail_at`: numbers of the deliveries that fail, before or after half of the records are taken."""

    def __init__(self) -> None:
        self.values: list[bytes] = []
        self.deliveries = 0
        self.fail_at: set[int] = set()

    async def send_all(self, records: Sequence[Outgoing], /) -> list[int]:
        self.deliveries += 1
        if self.deliveries in self.fail_at:
            self.values += [record.value or b"" for record in records[: len(records) // 2]]
            raise DeliveryError("the broker is away")
        self.values += [record.value or b"" for record in records]
        return list(range(len(records)))

    def field(self, name: str) -> list[object]:
        """That field of all records in order."""
        return [orjson.loads(value).get(name) for value in self.values]


class Cursors(CursorStore):
    """`fail_at`: numbers of the stores that fail: a crash between the broker's word and the disk."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.saves = 0
        self.fail_at: set[int] = set()

    def save(self, name: str, cursor: Cursor) -> None:
        self.saves += 1
        if self.saves in self.fail_at:
            raise OSError("the machine is gone")
        # Without waiting for the disk, which is what takes the time, and is tested elsewhere.
        with patch("os.fsync"):
            super().save(name, cursor)
