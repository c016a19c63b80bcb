"""Gathers the records of many requests into few writes; a request is answered once the broker has acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog
from aiokafka.errors import KafkaError

from opinion_stream.adapters.intake.door import Taken
from opinion_stream.adapters.intake.metrics import IntakeMetrics
from opinion_stream.adapters.producer import Outgoing
from opinion_stream.errors import DeliveryError

LINGER_SECONDS = 0.005
MOST_AT_ONCE = 1000
WRITES_AT_ONCE = 2
PROBE_SECONDS, PROBE_AGAIN_SECONDS, PROBE_PATIENCE_SECONDS = 5.0, 1.0, 5.0
log = structlog.get_logger("opinion_stream.intake")


class Writer(Protocol):
    """What is needed of `BatchProducer`."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def send_all(self, records: Sequence[Outgoing]) -> list[int]: ...
    async def partitions(self, topic: str) -> int: ...


class NotStored(DeliveryError):
    """The records are not known to be stored. `maybe`: some may be all the same; `seconds`: when to try again."""

    def __init__(self, reason: str, *, maybe: bool, seconds: int) -> None:
        super().__init__(reason)
        self.maybe = maybe
        self.seconds = seconds


@dataclass(slots=True, eq=False)
class _Entry:
    records: list[Outgoing]
    size: int
    done: asyncio.Future[None]
    given_up: bool = False


class Gatherer:
    """A bounded queue before the producer. Connects by itself, and again when the broker went away."""

    def __init__(
        self,
        make: Callable[[], Writer],
        topic: str,
        metrics: IntakeMetrics,
        *,
        most_records: int,
        most_bytes: int,
        patience: float,
    ) -> None:
        """`patience`: seconds that a request waits for the broker's acknowledgement."""
        self._make = make
        self._topic = topic
        self._metrics = metrics
        self._most_records, self._most_bytes = most_records, most_bytes
        self._patience = patience
        self._queue: deque[_Entry] = deque()
        self._records = self._bytes = 0
        self._came = asyncio.Event()
        self._look = asyncio.Event()
        self._slots = asyncio.Semaphore(WRITES_AT_ONCE)
        self._writes: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._writer: Writer | None = None
        self.trouble: str | None = "not connected yet"
        """Why nothing can be stored at the moment; None: all is well."""

    async def start(self) -> None:
        """Begin. Returns after the first attempt to reach the broker, whatever came of it."""
        await self._probe()
        self._tasks = [asyncio.create_task(self._watch()), asyncio.create_task(self._pump())]

    async def stop(self) -> None:
        """Write what is waiting, as far as the broker takes it, and disconnect."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                while self._queue or self._writes:
                    await asyncio.sleep(0.01)
        for task in [*self._tasks, *self._writes]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._writes, return_exceptions=True)
        if self._writer is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._writer.stop(), self._patience)

    async def put(self, taken: Sequence[Taken]) -> None:
        """Store the records; returns when the broker has acknowledged all. Raises NotStored."""
        size = sum(len(item.value) for item in taken)
        if self.trouble is not None:
            raise NotStored(f"消息系统暂不可用：{self.trouble}", maybe=False, seconds=5)
        if self._records + len(taken) > self._most_records or self._bytes + size > self._most_bytes:
            raise NotStored("等待写入的记录已满", maybe=False, seconds=2)
        entry = _Entry(
            [Outgoing(self._topic, item.key, item.value) for item in taken],
            size,
            asyncio.get_running_loop().create_future(),
        )
        self._count(len(taken), size)
        self._queue.append(entry)
        self._came.set()
        try:
            async with asyncio.timeout(self._patience):
                await asyncio.shield(entry.done)
        except TimeoutError:
            entry.given_up = True
            # Its outcome is of no interest any more, but an exception that nobody fetches would be logged.
            entry.done.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._doubt("no acknowledgement in time")
            raise NotStored("消息系统没有及时确认", maybe=True, seconds=5) from None

    def _count(self, records: int, size: int) -> None:
        self._records += records
        self._bytes += size
        self._metrics.waiting.set(self._records)

    async def _pump(self) -> None:
        while True:
            await self._came.wait()
            if len(self._queue) < MOST_AT_ONCE:
                await asyncio.sleep(LINGER_SECONDS)
            await self._slots.acquire()
            batch = self._next_batch()
            if not self._queue:
                self._came.clear()
            if not batch:
                self._slots.release()
                continue
            write = asyncio.create_task(self._write(batch))
            self._writes.add(write)
            write.add_done_callback(self._writes.discard)

    def _next_batch(self) -> list[_Entry]:
        batch: list[_Entry] = []
        records = 0
        while self._queue and (not batch or records + len(self._queue[0].records) <= MOST_AT_ONCE):
            entry = self._queue.popleft()
            if entry.given_up:
                self._count(-len(entry.records), -entry.size)
                continue
            batch.append(entry)
            records += len(entry.records)
        return batch

    async def _write(self, batch: list[_Entry]) -> None:
        started = time.perf_counter()
        records = sum(len(entry.records) for entry in batch)
        # Until the broker has acknowledged, and so also when this task is cancelled, the records are not stored.
        failure: NotStored | None = NotStored("消息系统没有收下", maybe=True, seconds=5)
        try:
            if self._writer is None:
                raise DeliveryError("not connected")
            await self._writer.send_all([record for entry in batch for record in entry.records])
            self._metrics.written(records, time.perf_counter() - started)
            failure = None
        except DeliveryError as error:
            log.error("records not stored", records=records, error=str(error))
            self._doubt("a write failed")
        finally:
            self._slots.release()
            for entry in batch:
                self._count(-len(entry.records), -entry.size)
                if entry.done.done():
                    continue
                if failure is None:
                    entry.done.set_result(None)
                else:
                    entry.done.set_exception(failure)

    def _doubt(self, reason: str) -> None:
        """Take the broker for gone until it has answered again."""
        if self.trouble is None:
            log.warning("broker in doubt", reason=reason)
            self.trouble = reason
        self._look.set()

    async def _watch(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PROBE_SECONDS if self.trouble is None else PROBE_AGAIN_SECONDS):
                    await self._look.wait()
            self._look.clear()
            await self._probe()

    async def _probe(self) -> None:
        """Ask the broker for the topic; connect first where that is still to do."""
        before = self.trouble
        try:
            async with asyncio.timeout(PROBE_PATIENCE_SECONDS):
                writer = self._writer or await self._connect()
                found = await writer.partitions(self._topic)
            self.trouble = None if found else f"topic {self._topic} is missing: run `opinion-stream topics apply`"
        except (KafkaError, DeliveryError, TimeoutError, OSError) as error:
            self.trouble = f"no answer from the broker ({type(error).__name__})"
        self._metrics.broker.set(self.trouble is None)
        if before != self.trouble:
            log.warning("broker state changed", trouble=self.trouble or "none")

    async def _connect(self) -> Writer:
        writer = self._make()
        try:
            await writer.start()
        except (KafkaError, OSError, asyncio.CancelledError):
            await writer.stop()
            raise
        self._writer = writer
        return writer
