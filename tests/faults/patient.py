"""Clients that outlast an outage of the broker, for the load and for measuring recovery."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from opinion_stream.adapters.producer import BatchProducer, Outgoing
from opinion_stream.adapters.reading import Progress, Reader, progress, reader
from opinion_stream.errors import OpinionStreamError
from opinion_stream.topics import Stage

T = TypeVar("T")
PATIENCE_SECONDS = 900.0


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Do it again until the broker answers. Raises the last error after a quarter of an hour."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return await asyncio.wait_for(work(), 60)
        except (KafkaError, OpinionStreamError, OSError, TimeoutError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.3)


class Producer(BatchProducer):
    """Sends until it is taken; what is sent twice has the same id."""

    async def send_all(self, records: Sequence[Outgoing]) -> list[int]:
        """See `BatchProducer`."""
        return await patiently(lambda: super(Producer, self).send_all(records))


class Lags(Progress):
    """Asks until it is answered."""

    async def committed(self, stage: Stage, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """See `Progress`."""
        return await patiently(lambda: super(Lags, self).committed(stage, partitions))


class Watcher(Reader):
    """Asks until it is answered."""

    async def listed_ends(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """See `Reader`."""
        return await patiently(lambda: super(Watcher, self).listed_ends(partitions))


@asynccontextmanager
async def clients(bootstrap: str, prefix: str) -> AsyncIterator[tuple[Producer, Watcher, Lags]]:
    """All three, connected."""
    async with AsyncExitStack() as stack:
        producer = Producer(bootstrap, client_id="faults")
        await patiently(producer.start)
        stack.push_async_callback(producer.stop)
        plain = await stack.enter_async_context(reader(bootstrap))
        far = await stack.enter_async_context(progress(bootstrap, prefix))
        yield producer, Watcher(plain._consumer, plain._admin, trusts_listing=True), Lags(prefix, far._consumers)


async def done_until(far: Progress, stages: Sequence[Stage], ends: Mapping[TopicPartition, int]) -> None:
    """Wait until these stages have committed all before these ends."""
    while any((await far.lags(stages, ends)).values()):
        await asyncio.sleep(0.3)
