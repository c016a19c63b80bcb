"""Takes batches through a stage: judge per partition, commit the state, say what follows, wait for the broker."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog

from opinion_stream.adapters.changelog import Journal
from opinion_stream.adapters.collector import collector_at_rest
from opinion_stream.adapters.outbox import pack, unpack
from opinion_stream.adapters.partition_state import PartitionState
from opinion_stream.adapters.producer import Outgoing
from opinion_stream.adapters.replica import BATCH_HEADER
from opinion_stream.agents.guard import Guard
from opinion_stream.agents.loading import loaded
from opinion_stream.agents.metrics import StageMetrics
from opinion_stream.agents.stage import Desk, Output, Record, StageSpec, Tools
from opinion_stream.domain.state import DictStore
from opinion_stream.errors import Rejected, StateError
from opinion_stream.topics import BY_NAME, STATEFUL, Topic, inputs_of

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


async def still_ours() -> None:
    """The lease of a stage that cannot lose its partitions: a test, a file command."""


@dataclass
class Runner:
    """One stage in one worker. Everything it needs from outside is handed in, so that tests need no broker.

    `changelog` is the full name of the changelog topic. `lease` returns when the broker is known to count this worker
    among the group's members now, and raises Fenced when it does not.
    """

    spec: StageSpec
    tools: Tools
    sender: Sender
    journal: Journal
    topic_name: Callable[[Topic], str]
    changelog: str
    metrics: StageMetrics
    lease: Callable[[], Awaitable[None]] = still_ours
    slots: dict[int, Slot] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    revoking: bool = False
    """Set while partitions are being taken away: who holds the lock must come to an end soon."""

    def __post_init__(self) -> None:
        self._guard = Guard(self.spec.stage, self.tools.sealer)
        inputs = inputs_of(self.spec.stage)
        self._rank = {topic: number for number, topic in enumerate(inputs)}
        self._log_first = len(inputs) > 1
        """Records of several topics come in another order when they are read again, and other versions would be written
        under the same number. What such a stage says stands in its changelog first, and is said again word for word.
        With one input the order is that of its partition, and the same words come out of themselves."""

    async def open(self, partitions: Iterable[int]) -> None:
        """Make partitions ready: their state is read to the end, claimed, and what was left unsaid is said.

        Raises Interrupted when partitions are taken away meanwhile, Fenced when another has claimed one first,
        StateError when the disk fails, DeliveryError when the broker does.
        """
        for partition in sorted(set(partitions) - self.slots.keys()):
            if self.spec.stage not in STATEFUL:
                self.slots[partition] = Slot(None, self.spec.make_desk(self.tools, DictStore()))
                continue
            with collector_at_rest():
                self.slots[partition] = await self._opened(partition)

    async def _opened(self, partition: int) -> Slot:
        replica = await self.journal.open(partition, lambda: not self.revoking)
        state = PartitionState(replica)
        await self._make_valid({partition: state}, self._entries(partition, state, state.stage({})))
        said = [(BY_NAME[name], key, value) for name, key, value in unpack(state.unsaid())]
        await self._say([Output(*record) for record in said])
        return Slot(state, loaded(state, partition, lambda store: self.spec.make_desk(self.tools, store)))

    def drop(self, partitions: set[int]) -> None:
        """Forget partitions that went to another worker; their state is loaded anew should they come back."""
        for partition in partitions:
            self.slots.pop(partition, None)
            self.journal.close(partition)
        self.metrics.figures.drop(partitions)

    async def release(self, partitions: set[int]) -> None:
        """Before giving partitions away in peace: note that all was said, so that the next owner need not repeat it."""
        for partition in sorted(partitions & self.slots.keys()):
            state = self.slots[partition].state
            if state is not None and state.marker.outbox is not None:
                await self._make_valid({partition: state}, self._entries(partition, state, state.stage({})))

    async def process(self, records: Sequence[Record]) -> None:
        """Take a batch through the stage. When it returns, all that follows from the records is durable.

        The records of a partition are taken in the order of the stage's topics in the registry, each topic in its own:
        so the offsets in the marker tell all about the order, and a run can be followed from its changelog.
        Raises DeliveryError when the broker does not take the outputs, and what `open` raises: the records must
        not be acknowledged and the worker must stop.
        """
        started = time.perf_counter()
        await self.open({record.partition for record in records})
        by_partition: dict[int, list[Record]] = defaultdict(list)
        offsets: dict[int, dict[str, int]] = defaultdict(dict)
        for record in sorted(records, key=lambda record: (record.partition, self._rank[record.topic], record.offset)):
            state = self.slots[record.partition].state
            name, due = record.topic.name, offsets[record.partition]
            if state is not None and (state.applied(name, record.offset) or record.offset < due.get(name, 0)):
                self.metrics.repeated.inc()
                continue
            by_partition[record.partition].append(record)
            due[name] = record.offset + 1
        outputs: dict[int, list[Output]] = {}
        for partition, batch in by_partition.items():
            judged = self._judge(partition, batch)
            outputs[partition] = judged + self._guard.settled(batch, judged)
        await self._commit(outputs, {partition: due for partition, due in offsets.items() if due})
        self.metrics.batch(len(records), [o for part in outputs.values() for o in part], time.perf_counter() - started)

    async def tick(self, partitions: set[int], now: datetime) -> None:
        """Let time pass on these partitions."""
        await self.open(partitions)
        outputs = {partition: list(self.slots[partition].desk.tick(now)) for partition in sorted(partitions)}
        await self._commit(outputs, {partition: {} for partition in partitions}, now.isoformat())
        self.metrics.batch(0, [o for part in outputs.values() for o in part], 0.0)

    def _judge(self, partition: int, records: list[Record]) -> list[Output]:
        slot = self.slots[partition]
        savepoint = slot.state.savepoint() if slot.state else {}
        try:
            return slot.desk.handle(records)
        except StateError:
            raise  # the disk's fault, not the record's
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

    async def _commit(
        self, outputs: Mapping[int, list[Output]], offsets: Mapping[int, Mapping[str, int]], tick: str | None = None
    ) -> None:
        at_once: list[Output] = []
        later: list[Output] = []
        staged: dict[int, PartitionState] = {}
        entries: list[Outgoing] = []
        for partition, due in offsets.items():
            state, said = self.slots[partition].state, outputs.get(partition, [])
            (later if state is not None and self._log_first else at_once).extend(said)
            if state is not None and (due or said or state.dirty):
                staged[partition] = state
                chunks = pack((o.topic.name, o.key, o.value) for o in said) if self._log_first else []
                entries += self._entries(partition, state, state.stage(due, chunks, tick))
        await self._make_valid(staged, entries, at_once)
        await self._say(later)

    async def _make_valid(
        self, staged: Mapping[int, PartitionState], entries: Sequence[Outgoing], at_once: Sequence[Output] = ()
    ) -> None:
        """The steps of a commit (see `partition_state`) up to the local database."""
        written = await self._send([*entries, *self._outgoing(at_once)])
        self._check(staged, entries, written)
        markers = [Outgoing(self.changelog, *state.seal(), partition) for partition, state in staged.items()]
        self._check(staged, markers, await self._send(markers))
        for state in staged.values():
            state.finish()

    async def _send(self, records: Sequence[Outgoing]) -> list[int]:
        return await self.sender.send_all(records) if records else []

    async def _say(self, outputs: Sequence[Output]) -> None:
        if outputs:
            await self.lease()
            await self._send(self._outgoing(outputs))

    def _outgoing(self, outputs: Sequence[Output]) -> list[Outgoing]:
        return [Outgoing(self.topic_name(o.topic), o.key, o.value) for o in outputs]

    def _entries(self, partition: int, state: PartitionState, entries: Mapping[bytes, bytes | None]) -> list[Outgoing]:
        header = ((BATCH_HEADER, state.staged.to_bytes(8, "big")),)
        return [
            Outgoing(self.changelog, key, value, partition, headers=header if value is None else ())
            for key, value in entries.items()
        ]

    @staticmethod
    def _check(staged: Mapping[int, PartitionState], records: Sequence[Outgoing], written: Sequence[int]) -> None:
        offsets: dict[int, list[int]] = defaultdict(list)
        for record, offset in zip(records, written, strict=False):
            offsets[record.partition or 0].append(offset)
        for partition, state in staged.items():
            state.wrote(offsets[partition])
