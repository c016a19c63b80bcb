"""Clients for the contract tests, and the mark for what the embedded broker cannot do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from opinion_stream.adapters.admin import until_visible

MEBIBYTE = 1024 * 1024


@pytest.fixture
def embedded_lacks(request: pytest.FixtureRequest, real_kafka: bool) -> Callable[[str], None]:
    """Says what the embedded broker lacks: the test is expected to fail on it, and to pass on a real Kafka.

    Strict, so that a new release of the embedded broker that closes the gap is noticed.
    """

    def mark(reason: str) -> None:
        if not real_kafka:
            request.applymarker(pytest.mark.xfail(reason=f"embedded broker: {reason}", strict=True))

    return mark


@pytest.fixture
async def clients() -> AsyncIterator[AsyncExitStack]:
    """Closes all clients of a test at its end."""
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def admin(bootstrap: str, clients: AsyncExitStack) -> AIOKafkaAdminClient:
    """A connected admin client."""
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=10_000)
    await client.start()
    clients.push_async_callback(client.close)
    return client


@pytest.fixture
async def new_topic(
    admin: AIOKafkaAdminClient, unique_prefix: str, clients: AsyncExitStack
) -> Callable[..., Awaitable[str]]:
    """Creates a topic that is deleted after the test."""
    count = 0

    async def create(partitions: int = 1, config: Mapping[str, str] | None = None) -> str:
        nonlocal count
        count += 1
        name = f"{unique_prefix}-{count}"
        topic = NewTopic(name, partitions, 1, topic_configs=dict(config or {}))
        response = await admin.create_topics([topic])
        assert [error[1] for error in response.topic_errors] == [0], response
        await until_visible(admin, {name})
        clients.push_async_callback(admin.delete_topics, [name])
        return name

    return create


@pytest.fixture
async def new_producer(bootstrap: str, clients: AsyncExitStack) -> Callable[..., Awaitable[AIOKafkaProducer]]:
    """Starts a producer as ours are: waits for all replicas, gathers batches."""

    async def start(**options: object) -> AIOKafkaProducer:
        defaults = {"acks": "all", "linger_ms": 20, "max_request_size": 16 * MEBIBYTE}
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, **{**defaults, **options})
        # Also after a failed start, which leaves a client with open connections behind.
        clients.push_async_callback(producer.stop)
        await producer.start()
        return producer

    return start


@pytest.fixture
async def new_consumer(bootstrap: str, clients: AsyncExitStack) -> Callable[..., Awaitable[AIOKafkaConsumer]]:
    """Starts a consumer that reads from the beginning and commits by hand."""

    async def start(*topics: str, **options: object) -> AIOKafkaConsumer:
        defaults = {
            "auto_offset_reset": "earliest",
            "enable_auto_commit": False,
            "session_timeout_ms": 6_000,
            "heartbeat_interval_ms": 1_000,
            "fetch_max_wait_ms": 50,
            "max_partition_fetch_bytes": 16 * MEBIBYTE,
        }
        consumer = AIOKafkaConsumer(*topics, bootstrap_servers=bootstrap, **{**defaults, **options})
        clients.push_async_callback(consumer.stop)
        await consumer.start()
        return consumer

    return start
