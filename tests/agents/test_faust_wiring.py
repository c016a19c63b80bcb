"""The Faust side: a batch is acknowledged in order and only when its outputs were taken."""

from __future__ import annotations

import json
from pathlib import Path

from builders import SMALL_POLICY, raw_mention, small_policy
from fake_broker import FakeBroker
from opinion_stream.adapters.changelog import MemoryJournal
from opinion_stream.bootstrap import StageApp
from opinion_stream.errors import DeliveryError
from opinion_stream.settings import Settings, load_settings
from opinion_stream.topics import Stage


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

    async with stage_app.agent.test_context() as agent:
        await agent.put(json.dumps(raw_mention(id="7")).encode())

    topics = [record.topic for record in broker.written]
    assert "opinion.mentions.collected" in topics
    assert topics[-1] == "opinion-collection-state-changelog"


class FakeEvent:
    """As much of a Faust event as the app looks at."""

    def __init__(self, app: StageApp, offset: int, generation: int) -> None:
        topic = "opinion.mentions.inbound"
        value = json.dumps(raw_mention(id=str(offset))).encode()
        self.message = type(
            "Message",
            (),
            {
                "topic": topic,
                "partition": 0,
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
    events = [FakeEvent(stage_app, n, stage_app.app.consumer_generation_id) for n in range(3)]

    await stage_app.take(events)  # type: ignore[arg-type]

    assert [event.acked for event in events] == [False] * 3
    assert isinstance(fatal[0], DeliveryError)


async def test_events_fetched_before_a_rebalance_are_left_to_the_new_owner(tmp_path: Path) -> None:
    broker = FakeBroker()
    stage_app = StageApp(Stage.COLLECTION, settings(tmp_path), small_policy(), journal=MemoryJournal(), sender=broker)
    now = stage_app.app.consumer_generation_id
    events = [FakeEvent(stage_app, 0, now - 1), FakeEvent(stage_app, 1, now)]

    await stage_app.take(events)  # type: ignore[arg-type]

    assert [event.acked for event in events] == [False, True]
    assert len([r for r in broker.written if r.topic == "opinion.mentions.collected"]) == 1
