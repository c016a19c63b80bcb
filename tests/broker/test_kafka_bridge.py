"""The bridge from another body's topic: all of it, in order, from our own offset, through crashes and restarts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson
import pytest
from aiokafka import AIOKafkaProducer

from opinion_stream.adapters.sources.kafka_bridge import KafkaConnector
from opinion_stream.policy.mapping import FieldMapping
from opinion_stream.policy.source_data import KafkaSource
from source_world import World

pytestmark = pytest.mark.broker

MAPPING = FieldMapping.model_validate(
    {
        "title": "t",
        "fields": {"id": "doc.no", "text": "doc.body", "published_at": {"path": "doc.time", "time": "unix_ms"}},
    }
)


def source(bootstrap: str, topic: str, **more: object) -> KafkaSource:
    fixed = {"name": "province", "title": "t", "kind": "kafka", "licence": "共享协议", "security": "plaintext"}
    given = {**fixed, "mapping": "m", "page_records": 4, "bootstrap": bootstrap, "topic": topic, **more}
    return KafkaSource.model_validate(given)


async def poll(world: World, made: KafkaSource) -> str | None:
    mapping = MAPPING if made.mapping else None
    return (await world.poll(made, KafkaConnector(made, mapping, world.around))).error


def document(number: int) -> bytes:
    return orjson.dumps({"doc": {"no": f"D{number}", "body": "路灯不亮", "time": 1772415000000 + number}})


@pytest.fixture
async def topic(new_topic: Callable[..., Awaitable[str]]) -> str:
    return await new_topic(2)


@pytest.fixture
async def write(
    topic: str, new_producer: Callable[..., Awaitable[AIOKafkaProducer]]
) -> Callable[[range], Awaitable[None]]:
    producer = await new_producer()

    async def send(numbers: range) -> None:
        for number in numbers:
            await producer.send_and_wait(topic, document(number), partition=number % 2)

    return send


async def test_all_is_read_once_and_later_polls_bring_what_is_new(
    bootstrap: str, topic: str, write: Callable[[range], Awaitable[None]], tmp_path: Path
) -> None:
    world, made = World(tmp_path), source(bootstrap, topic)
    await write(range(11))

    assert await poll(world, made) is None
    assert sorted(world.broker.field("id")) == sorted(f"D{n}" for n in range(11))
    assert set(world.broker.field("source")) == {"province"}

    await write(range(11, 14))
    assert await poll(world, made) is None
    assert await poll(world, made) is None
    assert len(world.broker.values) == 14


@pytest.mark.parametrize("broken", ["broker", "state"])
async def test_a_crash_skips_nothing(
    bootstrap: str, topic: str, write: Callable[[range], Awaitable[None]], tmp_path: Path, broken: str
) -> None:
    made = source(bootstrap, topic)
    await write(range(11))
    for at in range(1, 4):
        world = World(tmp_path / str(at))
        (world.broker if broken == "broker" else world.cursors).fail_at = {at}
        errors = [await poll(world, made), await poll(world, made)]

        assert errors[0] is not None
        assert errors[1] is None
        assert set(world.broker.field("id")) == {f"D{n}" for n in range(11)}
        assert len(world.broker.values) <= 11 + 4


async def test_a_topic_made_anew_is_read_from_its_beginning(
    bootstrap: str, topic: str, write: Callable[[range], Awaitable[None]], tmp_path: Path
) -> None:
    world, made = World(tmp_path), source(bootstrap, topic)
    await write(range(4))
    world.cursors.save("province", {"offsets": {"0": 1000, "1": 1}})

    await poll(world, made)
    await poll(world, made)

    assert set(world.broker.field("id")) == {"D0", "D2", "D3"}


async def test_records_that_do_not_fit_and_records_that_are_no_json_go_on_too(
    bootstrap: str, topic: str, new_producer: Callable[..., Awaitable[AIOKafkaProducer]], tmp_path: Path
) -> None:
    world, producer = World(tmp_path), await new_producer()
    for value in (b"{cut", None, b'{"doc": {"no": "D1", "body": "x"}}', document(2)):
        await producer.send_and_wait(topic, value, key=b"k", partition=0)

    error = await poll(world, source(bootstrap, topic))

    assert world.broker.values[0] == b"{cut"
    assert len(world.broker.values) == 3
    assert error == "unmapped: mapping m: published_at（列 doc.time）：没有取到值"


async def test_without_a_mapping_a_record_is_taken_as_it_is_under_our_source_and_an_id_of_its_place(
    bootstrap: str, topic: str, new_producer: Callable[..., Awaitable[AIOKafkaProducer]], tmp_path: Path
) -> None:
    world, producer = World(tmp_path), await new_producer()
    value = {"source": "hotline", "text": "路灯不亮", "published_at": "2026-03-02T09:30:00+08:00"}
    await producer.send_and_wait(topic, orjson.dumps(value), partition=1)

    await poll(world, source(bootstrap, topic, mapping=None))

    assert orjson.loads(world.broker.values[0]) == {**value, "source": "province", "id": f"{topic}-1-0"}


async def test_what_is_wrong_is_said_with_its_cure(bootstrap: str, topic: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    unknown = await poll(world, source(bootstrap, topic + "-x"))
    closed = await poll(world, source("127.0.0.1:1", topic))
    secret = await poll(world, source(bootstrap, topic, security="sasl_tls"))

    assert unknown is not None
    assert "shows no topic" in unknown
    assert closed is not None
    assert closed.startswith("kafka: ")
    assert secret is not None
    assert "OPINION_SOURCE_PROVINCE_PASSWORD" in secret
