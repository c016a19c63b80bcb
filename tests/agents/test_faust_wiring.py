"""The Faust side: a batch is acknowledged in order and only when its outputs were taken."""

from __future__ import annotations

import json
from pathlib import Path

from faust.types import TP

from builders import SMALL_POLICY, raw_mention, small_policy
from fake_broker import FakeBroker
from opinion_stream.adapters.changelog import MemoryJournal
from opinion_stream.bootstrap import StageApp
from opinion_stream.errors import DeliveryError
from opinion_stream.settings import Settings, load_settings
from opinion_stream.topics import Stage

INBOUND = TP("opinion.mentions.inbound", 0)


def settings(tmp_path: Path) -> Settings:
    return load_settings(
        kafka_bootstrap="127.0.0.1:1",
        pseudonym_key="a key of sixteen and more characters",
        config=SMALL_POLICY,
        state_dir=tmp_path,
        batch_seconds=0.01,
    )


async def test_a_record_put_into_the_agent_comes_out_on_the_next_topic(tmp_path: Path) -> None:
    broker = FakeBroker()
    stage_app = StageApp(Stage.COLLECTION, settings(tmp_path), small_policy(), journal=MemoryJournal(), sender=broker)

    stage_app.reading.order.begin({INBOUND: 0})

    async with stage_app.agent.test_context() as agent:
        await agent.put(json.dumps(raw_mention(id="7")).encode())

    topics = [record.topic for record in broker.written]
    assert "opinion.mentions.collected" in topics
    assert topics[-1] == "opinion-collection-state-changelog"


class FakeEvent:
    """As much of a Faust event as the app looks at."""

    def __init__(self, app: StageApp, offset: int, generation: int) -> None:
        value = json.dumps(raw_mention(id=str(offset))).encode()
        self.message = type(
            "Message",
            (),
            {
                "topic": INBOUND.topic,
                "partition": INBOUND.partition,
                "tp": INBOUND,
                "offset": offset,
                "key": None,
                "value": value,
                "timestamp": 1_773_000_000.0,
                "headers": None,
                "generation_id": generation,
            },
        )()
        self.acked = False

    def ack(self) -> bool:
        self.acked = True
        return True


async def test_nothing_is_acknowledged_when_the_broker_takes_nothing(tmp_path: Path) -> None:
    fatal: list[BaseException] = []
    stage_app = StageApp(
        Stage.COLLECTION,
        settings(tmp_path),
        small_policy(),
        journal=MemoryJournal(),
        sender=FakeBroker(works=False),
        on_fatal=fatal.append,
    )
    stage_app.reading.order.begin({INBOUND: 0})
    events = [FakeEvent(stage_app, n, stage_app.app.consumer_generation_id) for n in range(3)]

    await stage_app.take(events)  # type: ignore[arg-type]

    assert [event.acked for event in events] == [False] * 3
    assert stage_app.reading.order.due == {INBOUND: 0}
    assert isinstance(fatal[0], DeliveryError)


def collected(broker: FakeBroker) -> int:
    return len([record for record in broker.written if record.topic == "opinion.mentions.collected"])


async def test_events_fetched_before_a_rebalance_and_what_follows_them_are_left_to_be_read_again(
    tmp_path: Path,
) -> None:
    broker = FakeBroker()
    stage_app = StageApp(Stage.COLLECTION, settings(tmp_path), small_policy(), journal=MemoryJournal(), sender=broker)
    stage_app.reading.order.begin({INBOUND: 0})
    now = stage_app.app.consumer_generation_id
    events = [FakeEvent(stage_app, n, generation) for n, generation in ((0, now), (1, now - 1), (2, now))]

    await stage_app.take(events)  # type: ignore[arg-type]

    assert [event.acked for event in events] == [True, False, False]
    assert collected(broker) == 1
    assert stage_app.reading.order.wanted(0.0) == {INBOUND: 1}

    again = [FakeEvent(stage_app, n, now) for n in range(3)]
    await stage_app.take(again)  # type: ignore[arg-type]

    assert [event.acked for event in again] == [True] * 3
    assert collected(broker) == 3
    assert stage_app.reading.order.due == {INBOUND: 3}


async def test_nothing_is_taken_of_a_partition_that_was_not_begun(tmp_path: Path) -> None:
    broker = FakeBroker()
    stage_app = StageApp(Stage.COLLECTION, settings(tmp_path), small_policy(), journal=MemoryJournal(), sender=broker)
    event = FakeEvent(stage_app, 0, stage_app.app.consumer_generation_id)

    await stage_app.take([event])  # type: ignore[list-item]

    assert not event.acked
    assert broker.written == []
