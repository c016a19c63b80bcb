"""Reads topics outside the agents: everything from the beginning to now, or on and on; and how far stages are.

The end of a partition is taken from the high watermark that a fetch reports: the embedded broker answers a
question for the latest offset with the middle of the last batch (see docs/decisions.md, 6).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from opinion_stream.adapters.admin import admin_client, unanswered
from opinion_stream.adapters.connection import Address, client_options
from opinion_stream.errors import BrokerError
from opinion_stream.topics import Stage, full_name, group_id, inputs_of


@dataclass(frozen=True)
class Stored:
    """A record as it stands on the broker."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    at: datetime


class Reader:
    """Reads without a group and without trace."""

    def __init__(self, consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient, *, trusts_listing: bool) -> None:
        """`trusts_listing`: the broker's answer for the next offset is right, so nothing need be fetched for it."""
        self._trusts_listing = trusts_listing
        self._consumer = consumer
        self._admin = admin
        self._counts: dict[str, int] = {}

    async def partitions(self, topics: Sequence[str]) -> list[TopicPartition]:
        """All partitions of the topics. Raises BrokerError when one does not exist."""
        unknown = [topic for topic in topics if topic not in self._counts]
        if unknown:
            existing = set(await self._admin.list_topics())
            missing = [topic for topic in unknown if topic not in existing]
            if missing:
                raise BrokerError(f"topic {', '.join(missing)} does not exist; run `opinion-stream topics apply`")
            for description in await self._admin.describe_topics(unknown):
                self._counts[description["topic"]] = len(description["partitions"])
        return [TopicPartition(topic, number) for topic in topics for number in range(self._counts[topic])]

    async def listed_ends(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """What the broker answers at once for the next offset; on the embedded broker a lower bound."""
        ends: dict[TopicPartition, int] = await self._consumer.end_offsets(partitions)
        return ends

    async def ends(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        """The next offset to be written of each partition."""
        partitions = await self.partitions(topics)
        listed = await self.listed_ends(partitions)
        if self._trusts_listing:
            return listed
        self._consumer.assign(partitions)
        for partition, end in listed.items():
            self._consumer.seek(partition, max(0, end - 1))
        for _ in range(100):
            await self._consumer.getmany(timeout_ms=50)
            known = {partition: self._consumer.highwater(partition) for partition in partitions}
            if all(end is not None for end in known.values()):
                break
        return {p: max(listed[p], known[p] or 0) for p in partitions}

    async def read_to_end(self, topics: Sequence[str]) -> list[Stored]:
        """All records from the beginning to the end as it is now, by topic, partition and offset."""
        records = [record async for batch in self.batches_to_end(topics) for record in batch]
        return sorted(records, key=lambda record: (record.topic, record.partition, record.offset))

    async def batches_to_end(self, topics: Sequence[str]) -> AsyncIterator[list[Stored]]:
        """The same bit by bit, where all at once would be too much: in order within each partition only."""
        ends = await self.ends(topics)
        await self.seek(topics, from_beginning=True)
        waiting = {partition for partition, end in ends.items() if end > 0}
        while waiting:
            records = await self.next_batch(200)
            yield [r for r in records if r.offset < ends[TopicPartition(r.topic, r.partition)]]
            for partition in list(waiting):
                # The position also passes control records and compacted gaps, which a count would miss.
                if await self._consumer.position(partition) >= ends[partition]:
                    waiting.discard(partition)

    async def seek(self, topics: Sequence[str], *, from_beginning: bool) -> None:
        """Be set to read these topics from the beginning or from now on."""
        partitions = await self.partitions(topics)
        if from_beginning:
            starts: Mapping[TopicPartition, int] = await self._consumer.beginning_offsets(partitions)
        else:
            starts = await self.ends(topics)
        self._consumer.assign(partitions)
        for partition, start in starts.items():
            self._consumer.seek(partition, start)

    async def next_batch(self, timeout_ms: int) -> list[Stored]:
        """What has come since the last call; waits up to `timeout_ms` for the first record."""
        batches = await self._consumer.getmany(timeout_ms=timeout_ms)
        return [_stored(record) for records in batches.values() for record in records]

    def seen_ends(self) -> dict[TopicPartition, int]:
        """The high watermarks of the last fetches."""
        assigned = self._consumer.assignment()
        return {partition: self._consumer.highwater(partition) or 0 for partition in assigned}


def _stored(record: object) -> Stored:
    return Stored(
        topic=record.topic,  # type: ignore[attr-defined]
        partition=record.partition,  # type: ignore[attr-defined]
        offset=record.offset,  # type: ignore[attr-defined]
        key=record.key,  # type: ignore[attr-defined]
        value=record.value,  # type: ignore[attr-defined]
        at=datetime.fromtimestamp(record.timestamp / 1000, UTC),  # type: ignore[attr-defined]
    )


@asynccontextmanager
async def _consumer(address: Address, group: str | None) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        **client_options(address),
        client_id="opinion-stream-reader",
        group_id=group,
        enable_auto_commit=False,
        fetch_max_wait_ms=20,
        max_partition_fetch_bytes=16 * 1024 * 1024,
        fetch_max_bytes=64 * 1024 * 1024,
    )
    try:
        await consumer.start()
    except KafkaError as error:
        await consumer.stop()
        raise BrokerError(unanswered(address, error)) from error
    try:
        yield consumer
    finally:
        await consumer.stop()


@asynccontextmanager
async def reader(address: Address) -> AsyncIterator[Reader]:
    """A connected reader. Raises BrokerError when the broker does not answer."""
    async with _consumer(address, None) as consumer, admin_client(address) as admin:
        # The embedded broker knows no TLS, and its listing is not to be trusted.
        secure = not isinstance(address, str) and address.security != "plaintext"
        yield Reader(consumer, admin, trusts_listing=secure)


class Progress:
    """How far each stage has committed."""

    def __init__(self, prefix: str, consumers: Mapping[Stage, AIOKafkaConsumer]) -> None:
        self._prefix = prefix
        self._consumers = consumers
        self._known: dict[tuple[Stage, TopicPartition], int] = {}

    async def committed(self, stage: Stage, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """The next offset the stage would read of each partition; 0 where it has committed nothing."""
        consumer = self._consumers[stage]
        offsets = await asyncio.gather(*(consumer.committed(partition) for partition in partitions))
        return {partition: offset or 0 for partition, offset in zip(partitions, offsets, strict=True)}

    async def lags(self, stages: Sequence[Stage], ends: Mapping[TopicPartition, int]) -> dict[Stage, int]:
        """The lag of each stage."""
        lags = await asyncio.gather(*(self.lag(stage, ends) for stage in stages))
        return dict(zip(stages, lags, strict=True))

    async def lag(self, stage: Stage, ends: Mapping[TopicPartition, int]) -> int:
        """Records of the stage's topics it has not committed, given the ends of all topics."""
        own = self._own(stage, ends)
        # What is committed never goes back, so only partitions that were behind have to be asked about.
        behind = [partition for partition, end in own.items() if self._known.get((stage, partition), 0) < end]
        for partition, offset in (await self.committed(stage, behind)).items():
            self._known[stage, partition] = offset
        return self.known_lag(stage, ends)

    def known_lag(self, stage: Stage, ends: Mapping[TopicPartition, int]) -> int:
        """The same by what was committed when it was last asked for."""
        own = self._own(stage, ends)
        return sum(max(0, end - self._known.get((stage, partition), 0)) for partition, end in own.items())

    def _own(self, stage: Stage, ends: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
        topics = {full_name(self._prefix, topic) for topic in inputs_of(stage)}
        return {partition: end for partition, end in ends.items() if partition.topic in topics}


@asynccontextmanager
async def progress(address: Address, prefix: str) -> AsyncIterator[Progress]:
    """Connected to every stage's group, without joining it."""
    async with AsyncExitStack() as stack:
        consumers = {
            stage: await stack.enter_async_context(_consumer(address, group_id(prefix, stage))) for stage in Stage
        }
        yield Progress(prefix, consumers)
