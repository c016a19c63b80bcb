"""Our readers, writers and provisioning, on whichever broker runs."""

from __future__ import annotations

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from opinion_stream.adapters.admin import admin_client, apply_topics, topic_states
from opinion_stream.adapters.producer import BatchProducer, Outgoing
from opinion_stream.adapters.reading import progress, reader
from opinion_stream.settings import Settings, load_settings
from opinion_stream.topics import COLLECTED, DEAD_LETTERS, Stage, full_name, group_id

pytestmark = pytest.mark.broker


@pytest.fixture
async def settings(bootstrap: str, unique_prefix: str) -> Settings:
    made = load_settings(kafka_bootstrap=bootstrap, topic_prefix=unique_prefix, pseudonym_key="k" * 20)
    await apply_topics(made)
    return made


@pytest.fixture
async def producer(settings: Settings) -> BatchProducer:
    made = BatchProducer(settings.bootstrap(), client_id="contract")
    await made.start()
    yield made
    await made.stop()


async def test_topics_are_created_once_and_found_as_wanted(settings: Settings) -> None:
    again = await apply_topics(settings)

    assert {what for _, what in again} == {"kept"}
    assert all(state.found == state.wanted for state in await topic_states(settings))


async def test_a_topic_with_another_number_of_partitions_is_reported_not_changed(settings: Settings) -> None:
    wider = load_settings(**{**settings.model_dump(), "partitions": settings.partitions + 2})

    report = await apply_topics(wider)

    assert any(what.startswith("differs") for _, what in report)
    assert all(state.found in (1, settings.partitions) for state in await topic_states(settings))


async def test_the_end_is_right_after_batches_of_several_records(settings: Settings, producer: BatchProducer) -> None:
    topic = full_name(settings.topic_prefix, COLLECTED)

    for size in (1, 7, 3, 250):
        await producer.send_all([Outgoing(topic, b"k", b"%d" % n, partition=2) for n in range(size)])

    async with reader(settings.bootstrap()) as read:
        assert (await read.ends([topic]))[TopicPartition(topic, 2)] == 261
        records = await read.read_to_end([topic])
    assert [record.offset for record in records] == list(range(261))
    assert [record.value for record in records[1:8]] == [b"%d" % n for n in range(7)]


async def test_a_record_of_six_megabytes_passes_both_ways(settings: Settings, producer: BatchProducer) -> None:
    topic = full_name(settings.topic_prefix, DEAD_LETTERS)
    large = bytes(range(256)) * (6 * 4096)

    await producer.send_all([Outgoing(topic, b"k", large), Outgoing(topic, b"k", None)])

    async with reader(settings.bootstrap()) as read:
        records = await read.read_to_end([topic])
    assert [record.value for record in records] == [large, None]


async def test_equal_keys_meet_in_one_partition(settings: Settings, producer: BatchProducer) -> None:
    topic = full_name(settings.topic_prefix, COLLECTED)

    await producer.send_all([Outgoing(topic, b"key-%d" % (n % 10), b"v") for n in range(100)])

    async with reader(settings.bootstrap()) as read:
        records = await read.read_to_end([topic])
    places = {record.key: set() for record in records}
    for record in records:
        places[record.key].add(record.partition)
    assert all(len(partitions) == 1 for partitions in places.values())
    assert len({next(iter(partitions)) for partitions in places.values()}) > 1


async def test_what_a_group_commits_can_be_read_without_joining_it(settings: Settings, producer: BatchProducer) -> None:
    topic = full_name(settings.topic_prefix, COLLECTED)
    await producer.send_all([Outgoing(topic, b"k", b"v", partition=0) for _ in range(5)])
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap(),
        group_id=group_id(settings.topic_prefix, Stage.ASSESSMENT),
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        await consumer.commit({TopicPartition(topic, 0): 3})
    finally:
        await consumer.stop()

    async with reader(settings.bootstrap()) as read, progress(settings.bootstrap(), settings.topic_prefix) as far:
        assert await far.lag(Stage.ASSESSMENT, await read.ends([topic])) == 2


async def test_a_broker_that_is_not_there_is_named(unused_tcp_port: int) -> None:
    from opinion_stream.errors import BrokerError

    with pytest.raises(BrokerError, match="OPINION_KAFKA_BOOTSTRAP"):
        async with admin_client(f"127.0.0.1:{unused_tcp_port}"):
            pass
