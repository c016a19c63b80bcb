"""Takes batches through a stage: judge per partition, write, wait for the broker, commit the state."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog

from opinion_stream.adapters.partition_state import Backend, PartitionState
from opinion_stream.adapters.producer import Outgoing
from opinion_stream.agents.guard import Guard
from opinion_stream.agents.metrics import StageMetrics
from opinion_stream.agents.stage import Desk, Output, Record, StageSpec, Tools
from opinion_stream.domain.state import DictStore
from opinion_stream.errors import Rejected
from opinion_stream.topics import STATEFUL, Topic

log = structlog.get_logger(__name__)


class Sender(Protocol):
    """Writes records and returns their offsets when the broker has acknowledged all."""

    async def send_all(self, records: Sequence[Outgoing]) -> list[int]:
        """Raises DeliveryError when one could not be written."""


@dataclass
class Slot:
    """One partition: its durable state (none for a stateless stage) and its desk."""

    state: PartitionState | None
    desk: Desk


@dataclass
class Runner:
    """One stage in one worker. Everything it needs from outside is handed in, so that tests need no broker.

    `changelog` is the full name of the changelog topic; `persisted(partition, offset)` is told up to where
    the local state holds the changelog, so that a restart reads only what is missing.
    """

    spec: StageSpec
    tools: Tools
    sender: Sender
    backend: Callable[[int], Backend]
    topic_name: Callable[[Topic], str]
    changelog: str
    persisted: Callable[[int, int], None]
    metrics: StageMetrics
    slots: dict[int, Slot] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self._guard = Guard(self.spec.stage, self.tools.sealer)

    def slot(self, partition: int) -> Slot:
        """The partition's slot, loaded from its durable state at first use."""
        if partition not in self.slots:
            if self.spec.stage in STATEFUL:
                state = PartitionState(self.backend(partition))
                self.slots[partition] = Slot(state, self.spec.make_desk(self.tools, state))
            else:
                self.slots[partition] = Slot(None, self.spec.make_desk(self.tools, DictStore()))
        return self.slots[partition]

    def drop(self, partitions: set[int]) -> None:
        """Forget partitions that went to another worker; their state is loaded anew should they come back."""
        for partition in partitions:
            self.slots.pop(partition, None)
        self.metrics.figures.drop(partitions)

    async def process(self, records: Sequence[Record]) -> None:
        """Take a batch through the stage. When it returns, all that follows from the records is durable.

        Raises DeliveryError when the broker does not take the outputs: the records must not be
        acknowledged and the worker must stop.
        """
        started = time.perf_counter()
        by_partition: dict[int, list[Record]] = defaultdict(list)
        offsets: dict[int, dict[str, int]] = defaultdict(dict)
        for record in records:
            state = self.slot(record.partition).state
            name = record.topic.name
            if state is not None and state.applied(name, record.offset):
                self.metrics.repeated.inc()
                continue
            by_partition[record.partition].append(record)
            offsets[record.partition][name] = record.offset + 1
        outputs: list[Output] = []
        for partition, batch in by_partition.items():
            judged = self._judge(partition, batch)
            outputs += judged + self._guard.settled(batch, judged)
        await self._commit(outputs, offsets)
        self.metrics.batch(len(records), outputs, time.perf_counter() - started)

    async def tick(self, partitions: set[int], now: datetime) -> None:
        """Let time pass on these partitions."""
        outputs: list[Output] = []
        for partition in sorted(partitions):
            outputs += self.slot(partition).desk.tick(now)
        await self._commit(outputs, {partition: {} for partition in partitions})
        self.metrics.batch(0, outputs, 0.0)

    def _judge(self, partition: int, records: list[Record]) -> list[Output]:
        slot = self.slot(partition)
        savepoint = slot.state.savepoint() if slot.state else {}
        try:
            return slot.desk.handle(records)
        except Exception as error:  # noqa: BLE001  a fault of ours must not stop the road: see below
            self._back_to(partition, savepoint)
            if len(records) == 1:
                log.error(
                    "record_failed",
                    stage=self.spec.stage.value,
                    topic=records[0].topic.name,
                    partition=partition,
                    offset=records[0].offset,
                    error=type(error).__name__,
                )
                reason = f"处理时发生内部错误（{type(error).__name__}），请联系维护人员"
                return [self._guard.dead_letter(records[0], Rejected("internal_error", reason))]
        # Halving finds the bad record in few steps and lets all the others pass.
        middle = len(records) // 2
        return self._judge(partition, records[:middle]) + self._judge(partition, records[middle:])

    def _back_to(self, partition: int, savepoint: dict[str, bytes | None]) -> None:
        slot = self.slots[partition]
        if slot.state is None:
            return
        slot.state.restore(savepoint)
        slot.desk = self.spec.make_desk(self.tools, slot.state)

    async def _commit(self, outputs: Sequence[Output], offsets: Mapping[int, Mapping[str, int]]) -> None:
        records = [Outgoing(self.topic_name(o.topic), o.key, o.value) for o in outputs]
        staged: list[tuple[int, PartitionState]] = []
        for partition, next_offsets in offsets.items():
            state = self.slots[partition].state
            if state is not None and (next_offsets or state.dirty):
                staged.append((partition, state))
                records += [
                    Outgoing(self.changelog, key, value, partition) for key, value in state.stage(next_offsets).items()
                ]
        if records:
            await self.sender.send_all(records)
        if staged:
            markers = [(partition, *state.finish()) for partition, state in staged]
            written = await self.sender.send_all([Outgoing(self.changelog, k, v, p) for p, k, v in markers])
            for (partition, _, _), offset in zip(markers, written, strict=True):
                self.persisted(partition, offset)
