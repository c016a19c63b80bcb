"""What we rely on in a broker's consumer groups: commits, sharing, and the replacement of a member that died."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

pytestmark = pytest.mark.broker

NewTopicName = Callable[..., Awaitable[str]]
NewProducer = Callable[..., Awaitable[AIOKafkaProducer]]
NewConsumer = Callable[..., Awaitable[AIOKafkaConsumer]]

SESSION_SECONDS = 6.0

MEMBER = """
import asyncio, sys
from aiokafka import AIOKafkaConsumer

async def main():
    bootstrap, group, topic = sys.argv[1:]
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest",
        enable_auto_commit=False, session_timeout_ms=6000, heartbeat_interval_ms=1000)
    await consumer.start()
    record = await consumer.getone()
    await consumer.commit()
    print(record.offset, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_a_commit_is_told_again_and_reading_goes_on_from_it(
    new_topic: NewTopicName, new_producer: NewProducer, new_consumer: NewConsumer, unique_prefix: str
) -> None:
    topic = await new_topic()
    producer = await new_producer()
    for number in range(10):
        await producer.send_and_wait(topic, b"%d" % number)
    partition = TopicPartition(topic, 0)
    first, second = [await new_consumer(group_id=unique_prefix) for _ in range(2)]
    first.assign([partition])
    assert await first.committed(partition) is None
    assert (await first.getone()).offset == 0
    await first.commit({partition: 4})
    assert await first.committed(partition) == 4
    second.assign([partition])
    assert (await second.getone()).offset == 4


async def test_another_groups_commits_can_be_read_without_joining_it(
    new_topic: NewTopicName, new_producer: NewProducer, new_consumer: NewConsumer, unique_prefix: str
) -> None:
    topic = await new_topic(partitions=2)
    await (await new_producer()).send_and_wait(topic, b"x", partition=0)
    member = await new_consumer(topic, group_id=unique_prefix)
    await member.getone()
    await member.commit({TopicPartition(topic, 0): 1})
    onlooker = await new_consumer(group_id=unique_prefix)
    assert await onlooker.committed(TopicPartition(topic, 0)) == 1
    assert await onlooker.committed(TopicPartition(topic, 1)) is None
    assert member.assignment() == {TopicPartition(topic, 0), TopicPartition(topic, 1)}


async def test_two_members_share_the_partitions(
    new_topic: NewTopicName, new_consumer: NewConsumer, unique_prefix: str
) -> None:
    topic = await new_topic(partitions=4)
    members = await asyncio.gather(
        new_consumer(topic, group_id=unique_prefix), new_consumer(topic, group_id=unique_prefix)
    )
    everything = {TopicPartition(topic, number) for number in range(4)}
    deadline = time.monotonic() + 5 * SESSION_SECONDS
    while True:
        # The members take part in a rebalance while they poll.
        await asyncio.gather(*(member.getmany(timeout_ms=100) for member in members))
        one, other = (member.assignment() for member in members)
        if one and other and not one & other and one | other == everything:
            break
        assert time.monotonic() < deadline, (one, other)


async def test_a_member_that_leaves_is_replaced_at_once(
    new_topic: NewTopicName,
    new_producer: NewProducer,
    new_consumer: NewConsumer,
    unique_prefix: str,
    embedded_lacks: Callable[[str], None],
) -> None:
    embedded_lacks(
        "its first generation is 0, and aiokafka says that it leaves only from generation 1 on, "
        "so the first member of a group is waited for like one that died"
    )
    topic = await new_topic()
    await (await new_producer()).send_and_wait(topic, b"0")
    first = await new_consumer(topic, group_id=unique_prefix)
    await first.getone()
    await first.stop()
    async with asyncio.timeout(SESSION_SECONDS):
        second = await new_consumer(topic, group_id=unique_prefix)
        assert (await second.getone()).offset == 0


async def test_a_member_that_was_killed_is_replaced(
    bootstrap: str,
    new_topic: NewTopicName,
    new_producer: NewProducer,
    new_consumer: NewConsumer,
    unique_prefix: str,
    real_kafka: bool,
    record_property: Callable[[str, object], None],
) -> None:
    """Kafka has it done when the session has timed out. The embedded broker first makes the heir wait for half a
    session, then for the share that the dead one was to hand out, and lets it join again: 7 to 15 s in all."""
    topic = await new_topic()
    producer = await new_producer()
    await producer.send_and_wait(topic, b"0")
    await producer.send_and_wait(topic, b"1")
    arguments = (sys.executable, "-c", MEMBER, bootstrap, unique_prefix, topic)
    member = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    try:
        assert member.stdout is not None
        assert await member.stdout.readline() == b"0\n"
    finally:
        member.kill()
        await member.wait()
    killed = time.monotonic()
    heir = await new_consumer(topic, group_id=unique_prefix)
    patience = (2 if real_kafka else 4) * SESSION_SECONDS
    record = await asyncio.wait_for(heir.getone(), 10 * SESSION_SECONDS)
    seconds = time.monotonic() - killed
    record_property("seconds_until_replaced", round(seconds, 1))
    assert record.offset == 1
    assert seconds < patience


async def test_groups_are_listed_and_described(
    admin: AIOKafkaAdminClient,
    new_topic: NewTopicName,
    new_producer: NewProducer,
    new_consumer: NewConsumer,
    unique_prefix: str,
) -> None:
    topic = await new_topic()
    await (await new_producer()).send_and_wait(topic, b"x")
    member = await new_consumer(topic, group_id=unique_prefix)
    await member.getone()
    await member.commit()
    assert unique_prefix in {name for name, _ in await admin.list_consumer_groups()}
    [answer] = await admin.describe_consumer_groups([unique_prefix])
    [group] = answer.groups
    assert (group[1], group[2], len(group[5])) == (unique_prefix, "Stable", 1)


async def test_the_admin_client_tells_a_groups_offsets_of_named_partitions(
    admin: AIOKafkaAdminClient, new_topic: NewTopicName, new_consumer: NewConsumer, unique_prefix: str
) -> None:
    topic = await new_topic()
    partition = TopicPartition(topic, 0)
    member = await new_consumer(group_id=unique_prefix)
    member.assign([partition])
    await member.commit({partition: 7})
    offsets = await admin.list_consumer_group_offsets(unique_prefix, partitions=[partition])
    assert offsets[partition].offset == 7


async def test_the_admin_client_tells_all_offsets_of_a_group(
    admin: AIOKafkaAdminClient,
    new_topic: NewTopicName,
    new_consumer: NewConsumer,
    unique_prefix: str,
    embedded_lacks: Callable[[str], None],
) -> None:
    embedded_lacks("OffsetFetch without named partitions gets an answer that cannot be decoded; name them")
    topic = await new_topic()
    partition = TopicPartition(topic, 0)
    member = await new_consumer(group_id=unique_prefix)
    member.assign([partition])
    await member.commit({partition: 7})
    offsets = await admin.list_consumer_group_offsets(unique_prefix)
    assert offsets[partition].offset == 7
