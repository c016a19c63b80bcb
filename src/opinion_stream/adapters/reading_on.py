"""What a worker reads of its topics: which partitions, from where on, and again what did not come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping

import structlog
from aiokafka.errors import KafkaError
from faust.types import TP, AppT

from opinion_stream.adapters.faust_transport import ASK_SECONDS, read_again, stands
from opinion_stream.agents.in_order import InOrder
from opinion_stream.errors import Fenced
from opinion_stream.topics import Stage

log = structlog.get_logger(__name__)

LOOK_SECONDS = 5.0
"""How often it is compared whether the broker holds more than was read."""


class ReadingOn:
    """The partitions of some topics (full names) that a Faust app with our consumer is assigned."""

    def __init__(self, app: AppT, stage: Stage, topics: Collection[str], order: InOrder) -> None:
        self.order = order
        self._log = log.bind(stage=stage.value)
        self._app = app
        self._topics = topics
        self._look_at = 0.0

    def places(self) -> set[TP]:
        """Those that are ours now. Not before the app has started."""
        return {tp for tp in self._app.consumer.assignment() if tp.topic in self._topics}

    def begun(self) -> bool:
        """Whether it is known of all of them what comes next."""
        return self.places() <= self.order.due.keys()

    async def begin(self) -> None:
        """Learn that where it is not known; if the broker does not say it now, it is not begun."""
        try:
            self.order.begin(await stands(self._app, self.places() - self.order.due.keys()))
        except (KafkaError, TimeoutError) as error:
            self._log.warning("offsets_unknown", error=type(error).__name__)

    async def ends(self) -> Mapping[TP, int] | None:
        """The offset that will be written next in each; None: the broker does not say."""
        consumer = self._app.consumer
        try:
            listed = await asyncio.wait_for(consumer.highwaters(*self.places()), ASK_SECONDS)
        except (KafkaError, TimeoutError) as error:
            self._log.warning("lag_unknown", error=type(error).__name__)
            return None
        # The embedded broker lists an end that lies before the true one; that of a fetch is right.
        return {tp: max(end, consumer.highwater(tp) or 0) for tp, end in listed.items() if tp in self.places()}

    def rest(self) -> None:
        """Nothing can be read now, through no fault of the reading."""
        self.order.rest(time.monotonic())

    async def check(self, *, busy: bool) -> None:
        """Have read again what did not come though it is there. While `busy` with a batch nobody stands still.

        Raises Fenced when it does not come however often it is asked for.
        """
        now = time.monotonic()
        if now >= self._look_at and not busy:
            self._look_at = now + LOOK_SECONDS
            ends = await self.ends()
            if ends is None:
                self.order.rest(now)
            else:
                self.order.look(ends, now)
        for tp in self.order.lost(now):
            raise Fenced(f"records of {tp.topic}/{tp.partition} are there and do not come")
        again = self.order.wanted(now)
        for tp, offset in again.items():
            self._log.warning("read_again", topic=tp.topic, partition=tp.partition, offset=offset)
        try:
            await read_again(self._app, again)
        except (KafkaError, TimeoutError) as error:
            self._log.warning("not_read_again", error=type(error).__name__)
