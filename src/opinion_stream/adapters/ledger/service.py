"""The ledger's service: a group consumer that writes what it reads, batch by batch, and reads on only after that."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, OffsetAndMetadata, TopicPartition
from aiokafka.errors import KafkaError
from sqlalchemy.exc import DBAPIError

from opinion_stream.adapters.ledger.clock import SimulatedClock
from opinion_stream.adapters.ledger.lag import watch
from opinion_stream.adapters.ledger.metrics import LedgerMetrics
from opinion_stream.adapters.ledger.rows import SOURCES
from opinion_stream.adapters.ledger.writing import Batch, Moved, Place, Writer, Written
from opinion_stream.adapters.reading import Stored
from opinion_stream.adapters.waiting import member, started
from opinion_stream.settings import Settings
from opinion_stream.topics import CLOCK, full_name

GROUP = "ledger"
POLL_MS = 500
WAITS = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds between attempts while the database does not take a batch; nothing is polled meanwhile."""
PARTITION_BYTES = 1024 * 1024
"""Most bytes that the client fetches of a partition before they are polled, but for a larger single batch of Kafka."""
FETCH_BYTES = 16 * 1024 * 1024
"""Most bytes of one answer of a broker."""
log = structlog.get_logger("opinion_stream.ledger")


class Ledger(ConsumerRebalanceListener):  # type: ignore[misc]
    """Where it stands is written with the rows, in one transaction; the group only tells others how far it is.

    At most one batch is held, beside what the client has fetched ahead (bounded too). A database that is slow or away
    makes the ledger wait, not grow. Any number may run: the group shares out the partitions.
    """

    def __init__(
        self,
        settings: Settings,
        writer: Writer,
        clock: SimulatedClock | None = None,
        metrics: LedgerMetrics | None = None,
    ) -> None:
        """`metrics` are told what is done; how far it is behind is looked at only where `metrics_port` shows it."""
        self._settings = settings
        self._writer = writer
        self._clock = clock
        self._metrics = metrics or LedgerMetrics()
        prefix = settings.topic_prefix
        self._group = f"{prefix}-{GROUP}"
        self._names = {full_name(prefix, topic): topic.name for topic in SOURCES}
        if clock is not None:
            self._names[full_name(prefix, CLOCK)] = CLOCK.name
        self._stands: dict[Place, int | None] = {}
        self._seeking = asyncio.Lock()
        self._consumer: AIOKafkaConsumer | None = None
        self._joined = False
        self._database_takes = True

    def ready(self) -> bool:
        """Whether it takes in what comes: a member of its group, knows where it stands, and the database takes it."""
        known = {(self._names[p.topic], p.partition) for p in self._owned()} <= self._stands.keys()
        return self._joined and known and self._database_takes

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set.

        A broker that does not answer yet is waited for; raises BrokerError when it does not within
        `broker_wait_seconds`.
        """
        settings = self._settings
        consumer = await started(self._new_consumer, settings.broker(), stop, settings.broker_wait_seconds)
        if consumer is None:
            return
        log.info("ledger started", group=self._group)
        try:
            async with self._watched(consumer):
                while not stop.is_set():
                    await self._round(consumer, stop)
        finally:
            self._joined = False
            await consumer.stop()

    def _new_consumer(self) -> AIOKafkaConsumer:
        # Known before it starts: it may tell of partitions while it does.
        self._consumer = member(
            self._settings,
            self._group,
            self._names,
            self,
            fetch_max_bytes=FETCH_BYTES,
            max_partition_fetch_bytes=PARTITION_BYTES,
        )
        return self._consumer

    @contextlib.asynccontextmanager
    async def _watched(self, consumer: AIOKafkaConsumer) -> AsyncIterator[None]:
        if not self._settings.metrics_port:
            yield
            return
        watching = asyncio.create_task(watch(consumer, self._owned, self._names, self._stands, self._metrics.behind))
        try:
            yield
        finally:
            watching.cancel()

    def _owned(self) -> list[TopicPartition]:
        assigned = self._consumer.assignment() if self._consumer is not None else ()
        return [partition for partition in assigned if self._names[partition.topic] != CLOCK.name]

    async def _round(self, consumer: AIOKafkaConsumer, stop: asyncio.Event) -> None:
        async with self._seeking:
            fetched = await consumer.getmany(timeout_ms=POLL_MS, max_records=self._settings.ledger_batch)
            known = set(self._stands)
        batch = Batch()
        unknown: list[Place] = []
        for partition, records in fetched.items():
            name = self._names[partition.topic]
            stored = [_stored(record) for record in records]
            if self._clock is not None and name == CLOCK.name:
                await asyncio.to_thread(self._clock.take, stored)
                continue
            place = name, partition.partition
            if place not in known:
                unknown.append(place)
                continue
            batch.records[place] = stored
            batch.before[place] = self._stands[place]
        if unknown:
            # Assigned a moment ago, and read from where the group stands, which may be anywhere.
            await self._find(unknown, stop)
        if not len(batch):
            return
        started = time.perf_counter()
        written = await self._write(batch, stop)
        if written is not None:
            self._stands |= {place: after for place, after in batch.after().items() if place in self._stands}
            self._metrics.written(batch, written, time.perf_counter() - started)
            await self._tell_group(consumer, fetched.keys())

    async def _write(self, batch: Batch, stop: asyncio.Event) -> Written | None:
        """What came of it; None: not written, as another process was here first, or as it is time to stop."""
        failures = 0
        while not stop.is_set():
            try:
                written = await asyncio.to_thread(self._writer.write, batch)
            except Moved:
                log.warning("another ledger has written meanwhile: going on from where it stands")
                await self._seek(list(batch.records))
                return None
            except DBAPIError as error:
                wait = WAITS[min(failures, len(WAITS) - 1)]
                failures += 1
                self._fail()
                # Without the statement: its parameters are what the records say.
                log.error("database does not take the batch", error=type(error.orig).__name__, again_in_seconds=wait)
                if failures > 3 and not error.connection_invalidated and not _may_pass(error):
                    raise
                await _pause(stop, wait)
            else:
                self._database_takes = True
                return written
        return None

    def _fail(self) -> None:
        self._database_takes = False
        self._metrics.failed()

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Go on from where the ledger stands, whatever the group remembers."""
        names = [(self._names[p.topic], p.partition) for p in assigned if self._names[p.topic] != CLOCK.name]
        self._joined = True
        try:
            await self._seek(names)
        except DBAPIError as error:
            # Asked again before the first of their records is taken in.
            log.error("database does not tell where it stands", error=type(error.orig).__name__)

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """Nothing is held that is not written; what was known of these partitions may be old when they come back."""
        self._joined = False
        for partition in revoked:
            self._stands.pop((self._names[partition.topic], partition.partition), None)

    async def _find(self, places: Sequence[Place], stop: asyncio.Event) -> None:
        try:
            await self._seek(places)
        except DBAPIError as error:
            log.error("database does not tell where it stands", error=type(error.orig).__name__)
            await _pause(stop, WAITS[0])

    async def _seek(self, places: Sequence[Place]) -> None:
        if self._consumer is None:
            return
        # Not while a fetch is under way: what it returns would seem to come from the place that is sought.
        async with self._seeking:
            try:
                stands = await asyncio.to_thread(self._writer.offsets)
            except DBAPIError:
                self._fail()
                raise
            self._database_takes = True
            for name, number in places:
                partition = TopicPartition(f"{self._settings.topic_prefix}.{name}", number)
                if partition not in self._consumer.assignment():
                    continue
                offset = stands.get((name, number))
                if offset is not None:
                    self._consumer.seek(partition, offset)
                else:
                    await self._consumer.seek_to_beginning(partition)
                self._stands[name, number] = offset

    async def _tell_group(self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> None:
        assigned = consumer.assignment()
        stands = {p: self._stands.get((self._names[p.topic], p.partition)) for p in partitions if p in assigned}
        offsets = {p: OffsetAndMetadata(offset, "") for p, offset in stands.items() if offset is not None}
        try:
            if offsets:
                await consumer.commit(offsets)
        except KafkaError as error:
            # Only others read it, to know the lag; the next batch tells again.
            log.warning("offsets not committed", error=type(error).__name__)


def _may_pass(error: DBAPIError) -> bool:
    """Whether it may be over after a while: locked, out of space, restarting; a wrong statement is not."""
    return type(error).__name__ in ("OperationalError", "InterfaceError", "InternalError")


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


def _stored(record: object) -> Stored:
    return Stored(
        topic=record.topic,  # type: ignore[attr-defined]
        partition=record.partition,  # type: ignore[attr-defined]
        offset=record.offset,  # type: ignore[attr-defined]
        key=record.key,  # type: ignore[attr-defined]
        value=record.value,  # type: ignore[attr-defined]
        at=datetime.fromtimestamp(record.timestamp / 1000, UTC),  # type: ignore[attr-defined]
    )
