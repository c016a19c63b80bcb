"""What we rely on in a broker, proven on the running one: records, offsets and administration.

Groups of consumers are in `test_consumer_groups.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError

from opinion_stream.adapters.admin import until_visible

pytestmark = pytest.mark.broker

NewTopicName = Callable[..., Awaitable[str]]
NewProducer = Callable[..., Awaitable[AIOKafkaProducer]]
NewConsumer = Callable[..., Awaitable[AIOKafkaConsumer]]

MEBIBYTE = 1024 * 1024


async def _send_as_one_batch(producer: AIOKafkaProducer, topic: str, values: list[bytes]) -> list[int]:
    batch = producer.create_batch()
    for value in values:
        assert batch.append(key=None, value=value, timestamp=None) is not None
    batch.close()
    sent = await (await producer.send_batch(batch, topic, partition=0))
    return [sent.offset + place for place in range(len(values))]


async def test_a_record_comes_back_as_it_was_written(
    new_topic: NewTopicName, new_producer: NewProducer, new_consumer: NewConsumer
) -> None:
    topic = await new_topic()
    producer = await new_producer()
    text = "西峰区 停水".encode()
    await producer.send_and_wait(topic, text, key="区".encode(), headers=[("trace", b"1"), ("empty", b"")])
    record = await (await new_consumer(topic)).getone()
    assert (record.key, record.value) == ("区".encode(), text)
    assert list(record.headers) == [("trace", b"1"), ("empty", b"")]


async def test_a_null_value_stays_null_and_differs_from_an_empty_one(
    new_topic: NewTopicName, new_producer: NewProducer, new_consumer: NewConsumer
) -> None:
    topic = await new_topic(config={"cleanup.policy": "compact"})
    producer = await new_producer()
    await producer.send_and_wait(topic, None, key=b"k", headers=[("why", b"deleted")])
    await producer.send_and_wait(topic, b"", key=b"k")
    consumer = await new_consumer(topic)
    assert [(await consumer.getone()).value for _ in range(2)] == [None, b""]


async def test_a_record_of_6_mib_passes_where_the_topic_allows_it(
    new_topic: NewTopicName, new_producer: NewProducer, new_consumer: NewConsumer
) -> None:
    topic = await new_topic(config={"max.message.bytes": str(8 * MEBIBYTE)})
    producer = await new_producer()
    large = bytes(range(256)) * (6 * MEBIBYTE // 256)
    await producer.send_and_wait(topic, large, key=b"large", headers=[("size", b"6")])
    await producer.send_and_wait(topic, b"small", key=b"next")
    consumer = await new_consumer(topic)
    record = await consumer.getone()
    assert record.value == large
    assert list(record.headers) == [("size", b"6")]
    assert (await consumer.getone()).value == b"small"


async def test_the_time_stamp_of_the_writer_is_kept_also_far_in_the_past_and_ahead(
    new_topic: NewTopicName, new_producer: NewProducer, new_consumer: NewConsumer
) -> None:
    config = {
        "message.timestamp.type": "CreateTime",
        "message.timestamp.after.max.ms": str(2**63 - 1),
        "retention.ms": "-1",
    }
    topic = await new_topic(config=config)
    producer = await new_producer()
    now = datetime.now(UTC)
    stamps = [int((now + timedelta(days=days)).timestamp() * 1000) for days in (-3650, 0, 400)]
    for stamp in stamps:
        await producer.send_and_wait(topic, b"x", timestamp_ms=stamp)
    consumer = await new_consumer(topic)
    assert [(await consumer.getone()).timestamp for _ in stamps] == stamps


async def test_order_within_a_partition_is_kept(
    new_topic: NewTopicName, new_producer: NewProducer, new_consumer: NewConsumer
) -> None:
    topic = await new_topic(partitions=3)
    producer = await new_producer(linger_ms=1, max_batch_size=2048)
    sent = [await producer.send(topic, b"%d" % number, key=b"key %d" % (number % 7)) for number in range(2000)]
    placed = await asyncio.gather(*sent)
    expected: dict[int, list[int]] = {}
    for number, where in enumerate(placed):
        expected.setdefault(where.partition, []).append(number)
    consumer = await new_consumer(topic)
    found: dict[int, list[int]] = {}
    for _ in range(2000):
        record = await consumer.getone()
        found.setdefault(record.partition, []).append(int(record.value))
    assert found == expected


async def test_reading_may_start_in_the_middle_of_a_batch(
    new_topic: NewTopicName, new_producer: NewProducer, new_consumer: NewConsumer
) -> None:
    topic = await new_topic()
    producer = await new_producer()
    for first in (0, 10):
        values = [b"%d" % number for number in range(first, first + 10)]
        await _send_as_one_batch(producer, topic, values)
    consumer = await new_consumer()
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    for start in (0, 5, 9, 10, 15, 19):
        consumer.seek(partition, start)
        assert int((await consumer.getone()).value) == start


async def test_a_fetch_tells_the_end_of_the_partition(
    new_topic: NewTopicName, new_producer: NewProducer, new_consumer: NewConsumer
) -> None:
    topic = await new_topic()
    offsets = await _send_as_one_batch(await new_producer(), topic, [b"a", b"b", b"c"])
    consumer = await new_consumer()
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek(partition, 0)
    await consumer.getone()
    assert consumer.highwater(partition) == offsets[-1] + 1 == 3


async def test_end_offsets_count_single_records_and_start_at_zero(
    new_topic: NewTopicName, new_producer: NewProducer, new_consumer: NewConsumer
) -> None:
    topic = await new_topic(partitions=2)
    producer = await new_producer()
    for _ in range(3):
        await producer.send_and_wait(topic, b"x", partition=0)
    ends = await (await new_consumer()).end_offsets([TopicPartition(topic, 0), TopicPartition(topic, 1)])
    assert [ends[TopicPartition(topic, number)] for number in (0, 1)] == [3, 0]


async def test_end_offsets_count_every_record_of_a_batch(
    new_topic: NewTopicName,
    new_producer: NewProducer,
    new_consumer: NewConsumer,
    embedded_lacks: Callable[[str], None],
) -> None:
    embedded_lacks("ListOffsets(LATEST) answers the base offset of the last batch plus one; we use the high watermark")
    topic = await new_topic()
    await _send_as_one_batch(await new_producer(), topic, [b"a", b"b", b"c"])
    ends = await (await new_consumer()).end_offsets([TopicPartition(topic, 0)])
    assert ends[TopicPartition(topic, 0)] == 3


async def test_a_record_larger_than_the_limit_of_its_topic_is_refused(
    new_topic: NewTopicName, new_producer: NewProducer, embedded_lacks: Callable[[str], None]
) -> None:
    embedded_lacks("max.message.bytes is not enforced; our own limits bound what is written")
    topic = await new_topic(config={"max.message.bytes": "1000"})
    producer = await new_producer()
    with pytest.raises(Exception, match="MessageSizeTooLarge"):
        await producer.send_and_wait(topic, b"x" * 5000)


async def test_an_idempotent_producer_writes_once(
    new_topic: NewTopicName, new_producer: NewProducer, embedded_lacks: Callable[[str], None]
) -> None:
    embedded_lacks("InitProducerId below version 3, which aiokafka speaks, gets an unknown error; our ids do the work")
    topic = await new_topic()
    producer = await new_producer(enable_idempotence=True)
    assert (await producer.send_and_wait(topic, b"x")).offset == 0


async def test_a_topic_is_created_listed_described_and_deleted(admin: AIOKafkaAdminClient, unique_prefix: str) -> None:
    name = f"{unique_prefix}-life"
    response = await admin.create_topics([NewTopic(name, 3, 1)])
    assert [error[1] for error in response.topic_errors] == [0]
    await until_visible(admin, {name})
    [description] = await admin.describe_topics([name])
    assert sorted(partition["partition"] for partition in description["partitions"]) == [0, 1, 2]
    again = await admin.create_topics([NewTopic(name, 3, 1)])
    assert [error[1] for error in again.topic_errors] == [TopicAlreadyExistsError.errno]
    await admin.delete_topics([name])
    for _ in range(100):
        if name not in await admin.list_topics():
            return
        await asyncio.sleep(0.05)
    pytest.fail("the deleted topic is still listed")


async def test_compaction_is_accepted_at_creation_and_told_again(
    admin: AIOKafkaAdminClient, new_topic: NewTopicName
) -> None:
    config = {"cleanup.policy": "compact", "max.message.bytes": str(8 * MEBIBYTE), "min.cleanable.dirty.ratio": "0.1"}
    topic = await new_topic(config=config)
    [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    told = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    assert told["cleanup.policy"] == "compact"
    assert told["max.message.bytes"] == str(8 * MEBIBYTE)
