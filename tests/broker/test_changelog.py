"""State is rebuilt from its changelog on a broker, in order, to the true end, and anew when the log is another one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from opinion_stream.adapters.changelog import Interrupted, KafkaJournal
from opinion_stream.adapters.faust_transport import Lease, _watch_heartbeats
from opinion_stream.adapters.partition_state import MARKER, PartitionState
from opinion_stream.adapters.replica import BATCH_HEADER
from opinion_stream.adapters.rocks import RocksBackend

pytestmark = pytest.mark.broker

NewTopic = Callable[..., Awaitable[str]]
NewProducer = Callable[..., Awaitable[AIOKafkaProducer]]


async def write(producer: AIOKafkaProducer, topic: str, state: PartitionState, *, marker: bool = True) -> None:
    """A batch as the runner writes it, all its values in one batch of the producer's."""
    waiting = []
    for key, value in state.stage({"t": 1}).items():
        header = [] if value is not None else [(BATCH_HEADER, state.staged.to_bytes(8, "big"))]
        waiting.append(await producer.send(topic, value, key, partition=0, headers=header))
    state.wrote([written.offset for written in await asyncio.gather(*waiting)])
    if marker:
        key, value = state.seal()
        state.wrote([(await producer.send_and_wait(topic, value, key, partition=0)).offset])
        state.finish()


def journal(bootstrap: str, topic: str, folder: Path) -> KafkaJournal:
    return KafkaJournal(bootstrap, topic, folder, RocksBackend)


async def test_an_empty_disk_and_an_old_one_come_to_the_same(
    bootstrap: str, new_topic: NewTopic, new_producer: NewProducer, tmp_path: Path
) -> None:
    topic, producer = await new_topic(), await new_producer()
    first = journal(bootstrap, topic, tmp_path / "first")
    await first.start()
    state = PartitionState(await first.open(0, lambda: True))
    for number in range(3):
        for key in range(50):
            state.put(f"k{key}", f"{number}".encode())
        state.delete(f"k{number}")
        await write(producer, topic, state)
    await first.stop()
    second = journal(bootstrap, topic, tmp_path / "second")
    await second.start()
    owner = PartitionState(await second.open(0, lambda: True))
    owner.put("k7", b"of the second")
    await write(producer, topic, owner)
    for key in range(50):
        owner.put(f"k{key}", b"never valid")
    await write(producer, topic, owner, marker=False)
    await second.stop()

    contents = []
    for name in ("first", "second", "third"):
        reading = journal(bootstrap, topic, tmp_path / name)
        await reading.start()
        contents.append(dict(PartitionState(await reading.open(0, lambda: True)).items("")))
        await reading.stop()

    assert contents[0] == contents[1] == contents[2]
    assert len(contents[0]) == 49
    assert contents[0]["k7"] == b"of the second"
    assert {contents[0][f"k{key}"] for key in (0, 1, 10)} == {b"2"}


async def test_a_claim_after_a_batch_that_died_finds_the_true_end(
    bootstrap: str, new_topic: NewTopic, new_producer: NewProducer, tmp_path: Path
) -> None:
    topic, producer = await new_topic(), await new_producer()
    for name in ("one", "two", "three"):
        worker = journal(bootstrap, topic, tmp_path / name)
        await worker.start()
        state = PartitionState(await worker.open(0, lambda: True))
        await write(producer, topic, state)  # raises Fenced if it were not the end
        for key in range(20):
            state.put(f"{name}{key}", b"x")
        await write(producer, topic, state, marker=False)
        await worker.stop()


async def test_a_disk_that_is_ahead_of_the_log_is_thrown_away(
    bootstrap: str, new_topic: NewTopic, new_producer: NewProducer, tmp_path: Path
) -> None:
    long, short, producer = await new_topic(), await new_topic(), await new_producer()
    for topic, key, batches in ((long, "old", 5), (short, "new", 1)):
        worker = journal(bootstrap, topic, tmp_path / topic)
        await worker.start()
        state = PartitionState(await worker.open(0, lambda: True))
        for _ in range(batches):
            state.put(key, b"1")
            await write(producer, topic, state)
        await worker.stop()

    moved = journal(bootstrap, short, tmp_path / long)
    await moved.start()
    state = PartitionState(await moved.open(0, lambda: True))
    await moved.stop()

    assert dict(state._pending) == {}
    reading = journal(bootstrap, short, tmp_path / long)
    await reading.start()
    assert dict(PartitionState(await reading.open(0, lambda: True)).items("")) == {"new": b"1"}
    assert reading._open[0][0].get(MARKER) is not None
    await reading.stop()


async def test_a_follower_has_nothing_left_to_read_when_it_takes_over(
    bootstrap: str, new_topic: NewTopic, new_producer: NewProducer, tmp_path: Path
) -> None:
    topic, producer = await new_topic(), await new_producer()
    owner, follower = journal(bootstrap, topic, tmp_path / "owner"), journal(bootstrap, topic, tmp_path / "follower")
    await owner.start()
    await follower.start()
    state = PartitionState(await owner.open(0, lambda: True))
    for number in range(3):
        state.put("k", f"{number}".encode())
        await write(producer, topic, state)
        async with asyncio.timeout(60):
            while (follower._open[0][1].position if 0 in follower._open else 0) < owner._open[0][1].position:
                await follower.follow(0)
    before = follower._open[0][1].position

    taken = await follower.open(0, lambda: True)

    assert taken.position == before
    assert dict(PartitionState(taken).items("")) == {"k": b"2"}
    await owner.stop()
    await follower.stop()


async def test_reading_is_broken_off_when_the_partition_is_wanted_no_more(
    bootstrap: str, new_topic: NewTopic, new_producer: NewProducer, tmp_path: Path
) -> None:
    topic, producer = await new_topic(), await new_producer()
    await producer.send_and_wait(topic, b"x" * 20, b"k")
    reading = journal(bootstrap, topic, tmp_path)
    await reading.start()
    with pytest.raises(Interrupted):
        await reading.open(0, lambda: False)
    await reading.stop()


async def test_heartbeats_that_the_broker_accepts_renew_the_lease(
    bootstrap: str, new_topic: NewTopic, unique_prefix: str
) -> None:
    topic, lease = await new_topic(), Lease(6)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, group_id=unique_prefix, session_timeout_ms=6000, heartbeat_interval_ms=500
    )
    _watch_heartbeats(consumer, lease)
    await consumer.start()
    try:
        consumer.subscribe([topic])
        async with asyncio.timeout(60):
            while not lease.holds:
                await consumer.getmany(timeout_ms=100)
            first = lease._until
            while lease._until == first:
                await consumer.getmany(timeout_ms=100)
    finally:
        await consumer.stop()
