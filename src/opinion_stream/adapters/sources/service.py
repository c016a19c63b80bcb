"""Puts the collector together: connectors of the sources in the policy, a web client, a producer, files for cursors."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from opinion_stream.adapters.clock import SystemClock
from opinion_stream.adapters.producer import BatchProducer
from opinion_stream.adapters.sources.base import Surroundings
from opinion_stream.adapters.sources.collector import Collector, Reading
from opinion_stream.adapters.sources.cursors import FOLDER, CursorStore
from opinion_stream.adapters.sources.journal import PollJournal
from opinion_stream.adapters.sources.records import Stamp
from opinion_stream.adapters.sources.registry import connector_of
from opinion_stream.adapters.sources.watch import SourceWatch
from opinion_stream.adapters.sources.web_client import WebClient
from opinion_stream.adapters.waiting import connected
from opinion_stream.models.source import PollOutcome
from opinion_stream.policy import Policy
from opinion_stream.policy.sources import Source
from opinion_stream.settings import Settings
from opinion_stream.topics import INBOUND, SOURCE_HEALTH, full_name


def surroundings(policy: Policy) -> Surroundings:
    """The real clock, sleep, chance and environment."""
    return Surroundings(
        clock=SystemClock(),
        zone=ZoneInfo(policy.jurisdiction.timezone),
        sleep=asyncio.sleep,
        chance=random.random,
        environ=os.environ,
    )


@dataclass(frozen=True)
class CollectService:
    """A collector, and the watch over its sources."""

    collector: Collector
    watch: SourceWatch
    connect: Callable[[asyncio.Event, bool], Awaitable[bool]]
    """Reaches the broker, waiting for one that is away if the second is true; False: told to stop meanwhile."""

    async def once(self) -> list[PollOutcome]:
        """See `Collector.once`. Raises BrokerError when no broker answers."""
        await self.connect(asyncio.Event(), False)
        outcomes = await self.collector.once()
        await self.watch.check()
        return outcomes

    async def run(self, stop: asyncio.Event, on_ready: Callable[[], None] = lambda: None) -> None:
        """See `Collector.run`; before it, a broker that does not answer yet is waited for, then `on_ready` called.

        Raises BrokerError when it does not answer within `broker_wait_seconds`.
        """
        if not await self.connect(stop, True):
            return
        on_ready()
        watching = asyncio.create_task(self.watch.run())
        watching.add_done_callback(lambda _: stop.set())  # it never ends by itself; if it breaks, that is to be seen
        try:
            await self.collector.run(stop)
        finally:
            watching.cancel()
            (ended,) = await asyncio.gather(watching, return_exceptions=True)
        if isinstance(ended, Exception):
            raise ended


@asynccontextmanager
async def collector(
    settings: Settings, policy: Policy, sources: Sequence[Source], around: Surroundings | None = None
) -> AsyncIterator[CollectService]:
    """A collector of those sources that sends to the inbound topic, and its watch; it connects when it is set going."""
    around = around or surroundings(policy)
    folder = settings.state_dir / FOLDER
    producer = BatchProducer(settings.broker(), client_id="opinion-stream-collect")

    async def connect(stop: asyncio.Event, patient: bool) -> bool:
        limit = settings.broker_wait_seconds if patient else 0.0
        return await connected(producer.start, settings.broker(), stop, limit)

    try:
        async with WebClient(policy.sources.defaults.http, around) as client:
            readings = [
                Reading(
                    source=source,
                    connector=connector_of(source, policy.mappings, client, around),
                    stamp=Stamp(source, policy),
                    schedule=policy.sources.schedule_of(source),
                )
                for source in sources
            ]
            health = full_name(settings.topic_prefix, SOURCE_HEALTH)
            watch = SourceWatch(sources, policy.sources, PollJournal(folder), producer, health, folder, around)
            inbound = full_name(settings.topic_prefix, INBOUND)
            cursors, defaults = CursorStore(folder), policy.sources.defaults
            reading = Collector(readings, producer, inbound, cursors, watch, defaults, around)
            yield CollectService(reading, watch, connect)
    finally:
        await producer.stop()
