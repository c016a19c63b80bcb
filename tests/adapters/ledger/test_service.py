"""The ledger's loop against a consumer and a database in our hands: one batch at a time, and its figures."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import ConsumerRebalanceListener, TopicPartition
from prometheus_client import CollectorRegistry
from sqlalchemy.exc import OperationalError, ProgrammingError

import builders
from opinion_stream.adapters import waiting
from opinion_stream.adapters.ledger import lag, service
from opinion_stream.adapters.ledger.metrics import LedgerMetrics
from opinion_stream.adapters.ledger.service import FETCH_BYTES, PARTITION_BYTES, Ledger
from opinion_stream.adapters.ledger.writing import Batch, Place, Written
from opinion_stream.settings import load_settings
from opinion_stream.topics import COLLECTED, TASKS, full_name

MENTIONS = TopicPartition(full_name("opinion", COLLECTED), 0)
ORDERS = TopicPartition(full_name("opinion", TASKS), 0)
SETTINGS = load_settings(kafka_bootstrap="127.0.0.1:1", ledger_batch=10, metrics_port=9115)


class Consumer:
    """Stands for Kafka's client: has so many records of one topic, and knows how many of them were asked for."""

    records = 35

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.given = 0
        self.polls = 0
        self.committed_to = 0
        self.positions = {MENTIONS: 0, ORDERS: 0}

    def subscribe(self, names: list[str], listener: ConsumerRebalanceListener) -> None:
        self.listener = listener

    async def start(self) -> None:
        await self.listener.on_partitions_assigned(list(self.positions))

    async def stop(self) -> None:
        await self.listener.on_partitions_revoked(list(self.positions))

    def assignment(self) -> set[TopicPartition]:
        return set(self.positions)

    async def getmany(self, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[SimpleNamespace]]:
        self.polls += 1
        at = self.positions[MENTIONS]
        last = min(self.records, at + max_records)
        if at == last:
            await asyncio.sleep(0.01)
            return {}
        self.positions[MENTIONS] = last
        self.given = max(self.given, last)
        return {MENTIONS: [_record(offset) for offset in range(at, last)]}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.positions[partition] = offset

    async def seek_to_beginning(self, partition: TopicPartition) -> None:
        self.positions[partition] = 0

    async def commit(self, offsets: dict[TopicPartition, Any]) -> None:
        self.committed_to = offsets[MENTIONS].offset

    async def committed(self, partition: TopicPartition) -> int | None:
        return self.committed_to or None

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {p: self.records if p == MENTIONS else 0 for p in partitions}


def _record(offset: int) -> SimpleNamespace:
    value = builders.mention(source_id=str(offset)).to_bytes()
    at = int(builders.T0.timestamp() * 1000)
    return SimpleNamespace(topic=MENTIONS.topic, partition=0, offset=offset, key=None, value=value, timestamp=at)


class Database:
    """Stands for the writer: fails as told, and takes a batch only while the gate is open."""

    def __init__(self, *failures: Exception) -> None:
        self.gate = threading.Event()
        self.waiting: list[Batch] = []
        self.batches: list[Batch] = []
        self.failures = list(failures)
        self.stands: dict[Place, int] = {}

    def offsets(self) -> dict[Place, int]:
        return dict(self.stands)

    def write(self, batch: Batch) -> Written:
        self.waiting.append(batch)
        assert self.gate.wait(10)
        self.waiting.remove(batch)
        if self.failures:
            raise self.failures.pop(0)
        self.batches.append(batch)
        self.stands |= batch.after()
        return Written(2 * len(batch), {COLLECTED.name: 1})


class Running:
    """A ledger at work between these two."""

    def __init__(self, consumers: list[Consumer], database: Database) -> None:
        self.database = database
        self.metrics = LedgerMetrics(now=lambda: 1_700_000_000.0)
        self.ledger = Ledger(SETTINGS, database, metrics=self.metrics)  # type: ignore[arg-type]
        self.stop = asyncio.Event()
        self._consumers = consumers
        self.task = asyncio.create_task(self.ledger.run(self.stop))

    @property
    def consumer(self) -> Consumer:
        return self._consumers[0]

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not holds():
                assert not self.task.done(), self.task
                await asyncio.sleep(0.01)

    def figure(self, name: str, **labels: str) -> float | None:
        registry: CollectorRegistry = self.metrics.registry
        return registry.get_sample_value(f"opinion_ledger_{name}", labels)

    async def end(self) -> None:
        self.database.gate.set()
        self.stop.set()
        async with asyncio.timeout(10):
            await self.task


NewRunning = Callable[[Database], Awaitable[Running]]


@pytest.fixture
def new_running(monkeypatch: pytest.MonkeyPatch) -> NewRunning:
    consumers: list[Consumer] = []

    def consumer(**options: Any) -> Consumer:
        consumers.append(Consumer(**options))
        return consumers[-1]

    monkeypatch.setattr(waiting, "AIOKafkaConsumer", consumer)
    monkeypatch.setattr(service, "WAITS", (0.01,))
    monkeypatch.setattr(lag, "SAMPLE_SECONDS", 0.02)

    async def start(database: Database) -> Running:
        running = Running(consumers, database)
        await running.until(lambda: bool(consumers) and running.ledger.ready())
        return running

    return start


async def test_while_the_database_takes_its_time_one_batch_is_held_and_nothing_more_is_asked_for(
    new_running: NewRunning,
) -> None:
    running = await new_running(Database())
    await running.until(lambda: bool(running.database.waiting))
    polls = running.consumer.polls
    await running.until(lambda: running.figure("behind_records", topic=COLLECTED.name) == 35)
    await asyncio.sleep(0.1)  # long enough for many more polls
    assert running.consumer.polls == polls
    assert running.consumer.given == len(running.database.waiting[0]) == SETTINGS.ledger_batch
    assert running.ledger.ready(), "slow is not away"
    running.database.gate.set()
    await running.until(lambda: running.figure("behind_records", topic=COLLECTED.name) == 0)
    await running.end()
    assert [len(batch) for batch in running.database.batches] == [10, 10, 10, 5]


async def test_what_the_client_may_fetch_ahead_is_bounded(new_running: NewRunning) -> None:
    running = await new_running(Database())
    options = running.consumer.options
    assert options["max_partition_fetch_bytes"] == PARTITION_BYTES == 1024 * 1024
    assert options["fetch_max_bytes"] == FETCH_BYTES
    await running.end()


async def test_what_was_written_is_counted(new_running: NewRunning) -> None:
    running = await new_running(Database())
    assert running.figure("last_batch_timestamp_seconds") == 0
    running.database.gate.set()
    await running.until(lambda: running.figure("records_total", topic=COLLECTED.name) == 35)
    assert running.figure("records_total", topic=TASKS.name) == 0
    assert running.figure("rows_written_total") == 70
    assert running.figure("unreadable_records_total", topic=COLLECTED.name) == 4
    assert running.figure("batch_records_sum") == 35
    assert running.figure("batch_records_count") == running.figure("batch_seconds_count") == 4
    assert running.figure("last_batch_timestamp_seconds") == 1_700_000_000
    assert running.figure("database_failures_total") == 0
    await running.end()


async def test_a_database_that_is_away_is_counted_and_makes_it_unready_until_it_is_back(
    new_running: NewRunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = OperationalError("insert", {}, Exception("away"))
    running = await new_running(Database(away, away))
    paused = asyncio.Event()

    async def pause(stop: asyncio.Event, seconds: float) -> None:
        assert not running.ledger.ready()
        await paused.wait()

    monkeypatch.setattr(service, "_pause", pause)
    running.database.gate.set()
    await running.until(lambda: not running.ledger.ready())
    paused.set()
    await running.until(lambda: running.figure("records_total", topic=COLLECTED.name) == 35)
    assert running.ledger.ready()
    assert running.figure("database_failures_total") == 2
    await running.end()
    assert not running.ledger.ready()


async def test_where_the_database_does_not_tell_where_it_stands_the_group_says_how_far_behind_it_is(
    new_running: NewRunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = await new_running(Database())
    running.database.gate.set()
    await running.until(lambda: running.consumer.committed_to == 35)
    running.consumer.records = 50
    running.database.gate.clear()

    def away() -> dict[Place, int]:
        raise OperationalError("select", {}, Exception("away"))

    monkeypatch.setattr(running.database, "offsets", away)
    await running.ledger.on_partitions_revoked([MENTIONS, ORDERS])
    await running.ledger.on_partitions_assigned([MENTIONS, ORDERS])
    await running.until(lambda: running.figure("behind_records", topic=COLLECTED.name) == 15)
    assert not running.ledger.ready()
    assert (running.figure("database_failures_total") or 0) >= 1
    await running.end()


async def test_a_statement_that_is_wrong_ends_it_after_some_attempts(new_running: NewRunning) -> None:
    wrong = [ProgrammingError("insert", {}, Exception("no such column")) for _ in range(9)]
    running = await new_running(Database(*wrong))
    running.database.gate.set()
    with pytest.raises(ProgrammingError):
        async with asyncio.timeout(10):
            await running.task
    assert running.figure("database_failures_total") == 4
