"""Brings local copies of changelog partitions up to date: big fetches, one local write per fetch, progress in the log.

Faust's own recovery passes each record through three queues and an event object; this one takes what a fetch holds as
one batch (measured in benchmarks/recovery.py).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from opinion_stream.adapters.connection import Address, client_options
from opinion_stream.adapters.partition_state import Backend, DictBackend
from opinion_stream.adapters.replica import BATCH_HEADER, Entry, Replica
from opinion_stream.errors import DeliveryError, StateError

log = structlog.get_logger(__name__)

MIB = 1024 * 1024
FETCH_BYTES = 16 * MIB
TELL_SECONDS = 3.0
"""How often progress is told."""
AGAIN_SECONDS = 1.0
"""Between two attempts to read on while the broker is away."""
QUIET_SECONDS = 120.0
"""So long without a record, though the end is not reached: the broker does not answer."""


class Interrupted(Exception):
    """Catching up was broken off."""


class Journal(Protocol):
    """Where the state of a stage is kept."""

    async def open(self, partition: int, wanted: Callable[[], bool]) -> Replica:
        """The copy of a partition, read to the end of its changelog. Raises Interrupted once not `wanted` any more."""

    def close(self, partition: int) -> None:
        """Let go of a partition's copy; no error if it is not open."""


class MemoryJournal:
    """Copies in memory, for tests: what another instance has written is not seen."""

    def __init__(self) -> None:
        self.replicas: dict[int, Replica] = {}

    async def open(self, partition: int, wanted: Callable[[], bool]) -> Replica:
        """See `Journal`."""
        return self.replicas.setdefault(partition, Replica(DictBackend()))

    def close(self, partition: int) -> None:
        """See `Journal`."""


class Database(Backend, Protocol):
    """A backend with a file behind it."""

    def close(self) -> None:
        """Let go of the files."""


class KafkaJournal:
    """Copies in local databases, fed from the changelog topic.

    `database(path)` opens one; `told(partition, remaining)` hears how many records are still to come, 0 at the end.
    `patience_seconds`: so long a broker that is away is waited for in the middle of reading.
    """

    def __init__(
        self,
        address: Address,
        topic: str,
        folder: Path,
        database: Callable[[Path], Database],
        told: Callable[[int, int], None] = lambda partition, remaining: None,
        patience_seconds: float = QUIET_SECONDS,
    ) -> None:
        self._address = address
        self._topic = topic
        self._folder = folder
        self._database = database
        self._told = told
        self._patience = patience_seconds
        self._open: dict[int, tuple[Database, Replica]] = {}
        self._consumer: AIOKafkaConsumer | None = None
        self._reading = asyncio.Lock()

    async def start(self) -> None:
        """Connect. Raises KafkaError when the broker cannot be reached."""
        self._consumer = AIOKafkaConsumer(
            **client_options(self._address),
            client_id=f"{self._topic}-reader",
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_bytes=4 * FETCH_BYTES,
            fetch_max_wait_ms=50,
            check_crcs=False,
        )
        try:
            await self._consumer.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Disconnect and let go of all copies."""
        for partition in list(self._open):
            self.close(partition)
        if self._consumer is not None:
            await self._consumer.stop()
            self._consumer = None

    async def open(self, partition: int, wanted: Callable[[], bool]) -> Replica:
        """See `Journal`. Raises DeliveryError when the broker does not answer, StateError when the disk does not."""
        async with self._reading:
            replica = self._replica(partition)
            deadline = time.monotonic() + self._patience
            while True:
                try:
                    await self._catch_up(partition, replica, wanted)
                except OffsetOutOfRangeError:
                    # The log is not the one this copy was made from: it is shorter, or begins later.
                    log.warning("state_rebuilt", topic=self._topic, partition=partition, position=replica.position)
                    replica = self._anew(partition)
                except KafkaError as error:
                    if time.monotonic() > deadline:
                        raise DeliveryError(f"the changelog {self._topic} cannot be read: {error!r}") from error
                    log.warning("changelog_away", topic=self._topic, partition=partition, error=type(error).__name__)
                    await asyncio.sleep(AGAIN_SECONDS)  # and on from where the copy ends
                else:
                    return replica

    async def follow(self, partition: int) -> int:
        """One step after the owner of a partition: what one fetch holds; how many records that was.

        Raises StateError when the disk fails; an outage of the broker is waited out by calling again.
        """
        async with self._reading:
            replica, at = self._replica(partition), TopicPartition(self._topic, partition)
            if self._consumer is None:
                raise StateError("the changelog reader is not started")
            self._consumer.assign([at])
            self._consumer.seek(at, replica.position)
            try:
                records = (await self._consumer.getmany(at, timeout_ms=100)).get(at, [])
            except OffsetOutOfRangeError:
                self._anew(partition)
                return 0
            except KafkaError:
                return 0
            if records and partition in self._open:  # it may have been let go meanwhile
                replica.apply(_entries(records), records[-1].offset + 1)
            return len(records)

    def _replica(self, partition: int) -> Replica:
        if partition not in self._open:
            database = self._database(self._folder / f"partition-{partition}.db")
            self._open[partition] = database, Replica(database)
        return self._open[partition][1]

    def _anew(self, partition: int) -> Replica:
        database = self._open[partition][0]
        database.write(dict.fromkeys(key for key, _ in database.scan()))
        self._open[partition] = database, Replica(database)
        return self._open[partition][1]

    def close(self, partition: int) -> None:
        """See `Journal`."""
        known = self._open.pop(partition, None)
        if known is not None:
            known[0].close()

    async def _catch_up(self, partition: int, replica: Replica, wanted: Callable[[], bool]) -> None:
        consumer = self._consumer
        if consumer is None:
            raise StateError("the changelog reader is not started")
        at = TopicPartition(self._topic, partition)
        consumer.assign([at])
        end = (await consumer.end_offsets([at]))[at]
        started = told = heard = time.monotonic()
        first = replica.position
        if first == 0 and end > 0:
            replica.position = first = (await consumer.beginning_offsets([at]))[at]
        consumer.seek(at, first)
        while not _read_out(consumer, at, replica.position, end):
            if not wanted():
                raise Interrupted
            records = (await consumer.getmany(at, timeout_ms=200)).get(at, [])
            now = time.monotonic()
            if records:
                heard = now
                replica.apply(_entries(records), records[-1].offset + 1)
                await asyncio.sleep(0)
            elif await consumer.position(at) > replica.position:
                replica.apply([], await consumer.position(at))  # only what compaction has left nothing of
            elif now - heard > self._patience and replica.position < end:
                raise DeliveryError(f"the changelog {self._topic}/{partition} does not answer")
            if now - told > TELL_SECONDS:
                told = now
                self._tell(partition, replica.position - first, end - replica.position, now - started)
        self._told(partition, 0)
        log.info(
            "state_recovered",
            topic=self._topic,
            partition=partition,
            records=replica.position - first,
            seconds=round(time.monotonic() - started, 2),
        )

    def _tell(self, partition: int, done: int, remaining: int, seconds: float) -> None:
        self._told(partition, remaining)
        log.info(
            "state_recovering",
            topic=self._topic,
            partition=partition,
            done=done,
            remaining=remaining,
            seconds_left=round(seconds * remaining / done, 1) if done else None,
        )


def _read_out(consumer: AIOKafkaConsumer, at: TopicPartition, position: int, end: int) -> bool:
    # The embedded broker lists an end that lies before the true one; that of a fetch is right (docs/decisions.md, 6).
    fetched = 0 if end == 0 else consumer.highwater(at)
    if fetched is not None and position > fetched >= end:
        raise OffsetOutOfRangeError({at: position})
    return position >= end and fetched is not None and position >= fetched


def _entries(records: Iterable[ConsumerRecord[bytes, bytes]]) -> list[Entry]:
    # Only a deletion needs its header read: a value holds its batch itself.
    return [
        Entry(record.offset, record.key or b"", value, _batch_in(record.headers) if value is None else None)
        for record in records
        for value in (record.value,)
    ]


def _batch_in(headers: tuple[tuple[str, bytes], ...]) -> int | None:
    for name, value in headers:
        if name == BATCH_HEADER:
            return int.from_bytes(value, "big")
    return None
