"""What the two desks that watch deadlines share: records of several topics in order, and what time it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from opinion_stream.agents.guard import Guard
from opinion_stream.agents.outputs import Result, output
from opinion_stream.agents.stage import Output, Record, Tools
from opinion_stream.domain.state import Store
from opinion_stream.errors import Rejected
from opinion_stream.models.base import WireModel
from opinion_stream.models.control import ClockTick
from opinion_stream.topics import CLOCK, Stage, Topic

NOW_KEY = "clock/now"


class ClockedDesk(ABC):
    """Takes records of several topics in order and hands each on with the time it counts for.

    The time of a record is the broker's time stamp of it, so that processing it again after a crash gives
    the same result. Once the clock topic has spoken (a simulation), it is the last tick, which is kept in
    the store, or the record's own time if that is later.
    """

    stage: ClassVar[Stage]
    models: ClassVar[Mapping[Topic, type[WireModel]]]
    """The topics it reads, beside the clock, and what stands on them."""

    def __init__(self, tools: Tools, store: Store) -> None:
        self._guard = Guard(self.stage, tools.sealer)
        self._store = store
        self._observer = tools.observer
        kept = store.get(NOW_KEY)
        self._simulated = datetime.fromisoformat(kept.decode()) if kept else None

    def wants(self, record: Record) -> bool:
        """Whether a record is worth reading at all; by its key, for reading is what costs."""
        return True

    @abstractmethod
    def take(self, record: WireModel, now: datetime) -> Iterable[Result]:
        """What follows from a record that counts for the time `now`. Raises Rejected for one that cannot be."""

    @abstractmethod
    def own_time(self, record: WireModel) -> datetime:
        """When what the record tells happened."""

    @abstractmethod
    def pass_time(self, now: datetime) -> Iterable[Result]:
        """What the passing of time until `now` brings about."""

    def must_be_under(self, record: WireModel) -> bytes | None:
        """The key that the record must have been written under to reach the partition of its matter; None: any."""
        return None

    def handle(self, records: Sequence[Record]) -> list[Output]:
        """See `Desk`."""
        outputs: list[Output] = []
        for record in records:
            if record.topic == CLOCK:
                for _, tick in self._guard.decode([record], ClockTick, outputs):
                    self._simulated = tick.now
                    self._store.put(NOW_KEY, tick.now.isoformat().encode())
                    outputs += self._told(self.pass_time(tick.now))
                continue
            if not self.wants(record):
                continue
            for _, decoded in self._guard.decode([record], self.models[record.topic], outputs):
                now = max(self._simulated, self.own_time(decoded)) if self._simulated else record.at
                try:
                    _check_key(record.key, self.must_be_under(decoded))
                    outputs += self._told(self.take(decoded, now))
                except Rejected as rejected:
                    outputs.append(self._guard.dead_letter(record, rejected))
        return outputs

    def tick(self, now: datetime) -> list[Output]:
        """See `Desk`; a simulated clock is moved by its topic alone."""
        if self._simulated is not None:
            return []
        return self._told(self.pass_time(now))

    def _told(self, results: Iterable[Result]) -> list[Output]:
        found = list(results)
        if found:
            self._observer.results(found)
        return [output(result) for result in found]


def _check_key(key: bytes | None, expected: bytes | None) -> None:
    if expected is not None and key != expected:
        # Under another key it would be remembered in one partition and its receipts would come to another.
        raise Rejected("wrong_key", f"记录的键（key）应为 {expected.decode()}，请改正后重新发送")
