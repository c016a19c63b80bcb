"""A consumer that carries records out of the system: nothing is committed before it has been delivered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, OffsetAndMetadata, TopicPartition
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from opinion_stream.adapters.sent_log import SentLog
from opinion_stream.adapters.waiting import member, started
from opinion_stream.settings import Settings
from opinion_stream.topics import Topic, full_name

POLL_MS = 500
log = structlog.get_logger("opinion_stream.courier")


class Courier(ConsumerRebalanceListener):  # type: ignore[misc]
    """Reads topics in a group of its own and hands each record to `take`; `deliver_due` does what is due.

    What `take` says it holds stays uncommitted until `delivered`: after a restart it is read again, and the sent log
    leaves out what was delivered since. So each is delivered at least once, and twice only if the process dies
    between delivering and remembering it. Run one; a second one stands by.
    """

    def __init__(
        self,
        settings: Settings,
        group: str,
        topics: Sequence[Topic],
        sent: SentLog,
        *,
        remembers: bool,
        now: Callable[[], datetime],
    ) -> None:
        """`remembers` False: in no group, commits nothing (a dry run)."""
        self._settings = settings
        self._group = f"{settings.topic_prefix}-{group}"
        self._names: Mapping[str, Topic] = {full_name(settings.topic_prefix, topic): topic for topic in topics}
        self._sent = sent
        self._remembers = remembers
        self._now = now
        self._consumer: AIOKafkaConsumer | None = None
        self._started = False
        self._lose_all()

    def take(self, topic: Topic, value: bytes, at: datetime, *, history: bool) -> str | None:
        """Take in a record written `at`; the id under which it is held, None when nothing need be done.

        `history`: the partition was never read before, so the record may be an old one. Raises ValidationError.
        """
        raise NotImplementedError

    async def deliver_due(self) -> None:
        """Deliver what is due now and call `delivered` for what got through."""
        raise NotImplementedError

    def forget(self) -> None:
        """Drop all that is held: it will be read again."""
        raise NotImplementedError

    def ready(self) -> bool:
        """Whether it takes in what comes; not while it waits for the broker."""
        return self._started

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set.

        A broker that does not answer yet is waited for; raises BrokerError when it does not within
        `broker_wait_seconds`, in a dry run at once, as somebody sits and waits for it.
        """
        limit = self._settings.broker_wait_seconds if self._remembers else 0.0
        consumer = await started(self._new_consumer, self._settings.broker(), stop, limit)
        if consumer is None:
            return
        self._started = True
        try:
            while not stop.is_set():
                for partition, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
                    for record in records:
                        self._read_one(partition, record.offset, record.timestamp, record.value)
                await self.deliver_due()
                await self._commit()
        finally:
            self._started = False
            await self._commit()
            await consumer.stop()

    def _new_consumer(self) -> AIOKafkaConsumer:
        # Known before it starts: it may tell of partitions while it does.
        self._consumer = member(self._settings, self._group, self._names, self, remembers=self._remembers)
        return self._consumer

    def delivered(self, ids: Sequence[str]) -> None:
        """These got through: remember it, and let their records be committed."""
        self._sent.add(ids, self._now())
        gone = set(ids)
        for held in self._held.values():
            for offset in [offset for offset, name in held.items() if name in gone]:
                del held[offset]

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """What is held is read again by whoever is given the partitions."""
        await self._commit()
        self._lose_all()
        self.forget()

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Partitions never read before hold history, which is not news."""
        if self._consumer is None or not self._remembers:
            return
        for partition in assigned:
            if await self._consumer.committed(partition) is None:
                self._new.add(partition)

    def held(self) -> int:
        """How many have been read and not yet got through."""
        return sum(len(held) for held in list(self._held.values()))

    def _lose_all(self) -> None:
        self._held: dict[TopicPartition, dict[int, str]] = {}
        self._read: dict[TopicPartition, int] = {}
        self._new: set[TopicPartition] = set()

    def _read_one(self, partition: TopicPartition, offset: int, timestamp_ms: int, value: bytes | None) -> None:
        self._read[partition] = offset + 1
        if value is None:
            return
        at = datetime.fromtimestamp(timestamp_ms / 1000, UTC)
        history = partition in self._new or not self._remembers
        try:
            held = self.take(self._names[partition.topic], value, at, history=history)
        except ValidationError as error:
            # Our own stages wrote it, so it is a fault to be seen, but none that may stop the rest.
            log.error("record is not readable", topic=partition.topic, offset=offset, errors=error.error_count())
            return
        if held is not None:
            self._held.setdefault(partition, {})[offset] = held

    async def _commit(self) -> None:
        offsets = {
            partition: OffsetAndMetadata(min(self._held.get(partition) or {end: ""}), "")
            for partition, end in self._read.items()
        }
        if offsets and self._remembers and self._consumer is not None:
            try:
                await self._consumer.commit(offsets)
            except KafkaError as error:
                # A group in the middle of a rebalance refuses it; the next round commits again.
                log.warning("offsets not committed", group=self._group, error=type(error).__name__)
