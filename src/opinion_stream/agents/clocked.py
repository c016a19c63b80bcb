"""What the two desks that watch deadlines share: records of several topics in order, and what time it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from opinion_stream.agents.guard import Guard
from opinion_stream.agents.outputs import Result, output
from opinion_stream.agents.stage import Output, Record
from opinion_stream.domain.state import Store
from opinion_stream.errors import Rejected
from opinion_stream.models.base import WireModel
from opinion_stream.models.control import ClockTick
from opinion_stream.topics import CLOCK, Topic

NOW_KEY = "clock/now"


class Inbox:
    """Takes records of several topics in order and hands each to its handler with the time it counts for.

    The time of a record is the broker's time stamp of it, so that processing it again after a crash gives
    the same result. Once the clock topic has spoken (a simulation), it is the last tick, which is kept in
    the store, or the record's own time if that is later.
    """

    def __init__(
        self,
        guard: Guard,
        store: Store,
        models: Mapping[Topic, type[WireModel]],
        handler: Callable[[WireModel, datetime], Iterable[Result]],
        own_time: Callable[[WireModel], datetime],
        on_tick: Callable[[datetime], Iterable[Result]],
    ) -> None:
        self._guard = guard
        self._store = store
        self._models = models
        self._handler = handler
        self._own_time = own_time
        self._on_tick = on_tick
        kept = store.get(NOW_KEY)
        self._simulated = datetime.fromisoformat(kept.decode()) if kept else None

    def handle(self, records: Sequence[Record]) -> list[Output]:
        """See `Desk`."""
        outputs: list[Output] = []
        for record in records:
            if record.topic == CLOCK:
                for _, tick in self._guard.decode([record], ClockTick, outputs):
                    self._simulated = tick.now
                    self._store.put(NOW_KEY, tick.now.isoformat().encode())
                    outputs += [output(result) for result in self._on_tick(tick.now)]
                continue
            for _, decoded in self._guard.decode([record], self._models[record.topic], outputs):
                now = max(self._simulated, self._own_time(decoded)) if self._simulated else record.at
                try:
                    outputs += [output(result) for result in self._handler(decoded, now)]
                except Rejected as rejected:
                    outputs.append(self._guard.dead_letter(record, rejected))
        return outputs

    def tick(self, now: datetime) -> list[Output]:
        """See `Desk`; a simulated clock is moved by its topic alone."""
        if self._simulated is not None:
            return []
        return [output(result) for result in self._on_tick(now)]
