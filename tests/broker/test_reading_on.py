"""What is lost between the broker and the agent is read again, in its order, and nothing behind it is committed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from builders import SMALL_POLICY, raw_mention, small_policy
from opinion_stream.adapters import reading_on
from opinion_stream.adapters.admin import apply_topics
from opinion_stream.adapters.reading import reader
from opinion_stream.agents import in_order
from opinion_stream.bootstrap import StageApp
from opinion_stream.demo.road import EMBEDDED
from opinion_stream.settings import Settings, load_settings
from opinion_stream.topics import COLLECTED, INBOUND, Stage, full_name, group_id
from running import running

pytestmark = pytest.mark.broker

NewProducer = Callable[..., Awaitable[AIOKafkaProducer]]
NewConsumer = Callable[..., Awaitable[AIOKafkaConsumer]]
RECORDS = 40


@pytest.fixture
async def settings(bootstrap: str, unique_prefix: str, real_kafka: bool, tmp_path: Path) -> Settings:
    own = {
        "kafka_bootstrap": bootstrap,
        "topic_prefix": unique_prefix,
        "pseudonym_key": "a key of sixteen and more characters",
        "config": SMALL_POLICY,
        "state_dir": tmp_path,
        "partitions": 1,
        "batch_size": 5,
        "commit_seconds": 0.2,
    }
    made = load_settings(**{**({"session_seconds": 6} if real_kafka else EMBEDDED), **own})
    await apply_topics(made)
    return made


class Forgetful(StageApp):
    """A worker whose transport loses some of what it has read, the first time, or empties its queues once."""

    def __init__(self, settings: Settings, lost: Sequence[int], *, emptied: bool = False) -> None:
        self.fatal: list[BaseException] = []
        super().__init__(Stage.COLLECTION, settings, small_policy(), on_fatal=self.fatal.append)
        self._lost = set(lost)
        self._full = not emptied

    async def take(self, events: Sequence) -> None:
        come = [event for event in events if event.message.offset not in self._lost]
        self._lost -= {event.message.offset for event in events}
        await super().take(come)
        if not self._full:
            self._full = True
            self.app.flow_control.clear()  # as the end of a rebalance does, in the middle of the next one


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands still is noticed soon."""
    monkeypatch.setattr(in_order, "QUIET_SECONDS", 2.0)
    monkeypatch.setattr(reading_on, "LOOK_SECONDS", 0.2)


async def collected(settings: Settings, number: int) -> list[str]:
    """The ids of the mentions of the posts, in the order of the log, once there are so many."""
    topic = full_name(settings.topic_prefix, COLLECTED)
    async with reader(settings.bootstrap()) as read, asyncio.timeout(60):
        while len(records := await read.read_to_end([topic])) < number:
            await asyncio.sleep(0.1)
    return [json.loads(record.value)["title"] for record in records]


async def committed(settings: Settings, consumer: AIOKafkaConsumer, offset: int) -> None:
    place = TopicPartition(full_name(settings.topic_prefix, INBOUND), 0)
    consumer.assign([place])
    async with asyncio.timeout(30):
        while await consumer.committed(place) != offset:
            await asyncio.sleep(0.1)


def post(number: int) -> bytes:
    return json.dumps(raw_mention(id=str(number), title=f"第{number}条", text=f"第{number}条路灯不亮")).encode()


TITLES = [f"第{number}条" for number in range(RECORDS)]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "lost",
    [
        pytest.param([0], id="the first of a new group"),
        pytest.param([7], id="one alone"),
        pytest.param(range(11, 24), id="several batches"),
        pytest.param([0, 9, 21, 22, 38], id="here and there"),
        pytest.param([36, 37, 38, 39], id="the last ones, with nothing behind them"),
    ],
)
async def test_lost_records_are_read_again_in_their_order(
    settings: Settings,
    lost: Sequence[int],
    new_producer: NewProducer,
    new_consumer: NewConsumer,
    unique_prefix: str,
) -> None:
    producer, inbound = await new_producer(), full_name(settings.topic_prefix, INBOUND)
    await asyncio.gather(*[await producer.send(inbound, post(number), partition=0) for number in range(RECORDS)])
    worker = Forgetful(settings, lost)

    async with running(worker.run):
        assert await collected(settings, RECORDS) == TITLES
        await committed(settings, await new_consumer(group_id=group_id(unique_prefix, Stage.COLLECTION)), RECORDS)
    assert worker.fatal == []


@pytest.mark.usefixtures("impatient")
async def test_what_was_in_the_queues_when_they_were_emptied_is_read_again(
    settings: Settings, new_producer: NewProducer
) -> None:
    producer, inbound = await new_producer(), full_name(settings.topic_prefix, INBOUND)
    await asyncio.gather(*[await producer.send(inbound, post(number), partition=0) for number in range(RECORDS)])
    worker = Forgetful(settings, [], emptied=True)

    async with running(worker.run):
        await collected(settings, 1)
        await producer.send_and_wait(inbound, post(RECORDS), partition=0)
        assert await collected(settings, RECORDS + 1) == [*TITLES, f"第{RECORDS}条"]
    assert worker.fatal == []


async def test_a_log_with_gaps_of_its_own_is_read_without_asking(
    settings: Settings,
    new_producer: NewProducer,
    new_consumer: NewConsumer,
    clients: AsyncExitStack,
    embedded_lacks: Callable[[str], None],
    unique_prefix: str,
) -> None:
    embedded_lacks("it has no transactions")
    producer = await new_producer(transactional_id=unique_prefix)
    inbound = full_name(settings.topic_prefix, INBOUND)
    for number in range(RECORDS):
        async with producer.transaction():
            await producer.send(inbound, post(number), partition=0)
    worker = Forgetful(settings, [])

    with structlog.testing.capture_logs() as logs:
        async with running(worker.run):
            assert await collected(settings, RECORDS) == TITLES
            await committed(
                settings, await new_consumer(group_id=group_id(unique_prefix, Stage.COLLECTION)), 2 * RECORDS - 1
            )
    assert worker.fatal == []
    assert "read_again" not in {log["event"] for log in logs}
