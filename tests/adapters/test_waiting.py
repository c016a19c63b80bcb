"""Who starts before the broker waits for it, says so, and can be stopped meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError, UnknownTopicOrPartitionError
from structlog.testing import capture_logs

from opinion_stream.adapters import waiting
from opinion_stream.adapters.producer import BatchProducer
from opinion_stream.adapters.waiting import connected
from opinion_stream.errors import BrokerError

BROKER = "broker.example:9092"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(waiting, "LONGEST_PAUSE_SECONDS", 0.004)


def failing(times: int, error: KafkaError) -> tuple[Callable[[], Coroutine[None, None, None]], list[int]]:
    tries: list[int] = []

    async def connect() -> None:
        tries.append(len(tries))
        if len(tries) <= times:
            raise error

    return connect, tries


async def test_it_tries_until_the_broker_answers_and_says_so_each_time() -> None:
    connect, tries = failing(4, KafkaConnectionError("refused"))
    with capture_logs() as logs:
        assert await connected(connect, BROKER, asyncio.Event(), 60)
    assert len(tries) == 5
    assert [entry["event"] for entry in logs] == ["broker_away"] * 4 + ["broker_answers"]
    assert BROKER in logs[0]["note"]
    assert "等待" in logs[0]["note"]


async def test_a_broker_that_is_there_is_not_worth_a_word() -> None:
    connect, _ = failing(0, KafkaConnectionError("refused"))
    with capture_logs() as logs:
        assert await connected(connect, BROKER, asyncio.Event(), 60)
    assert logs == []


async def test_after_the_limit_it_names_the_address_and_the_setting() -> None:
    connect, _ = failing(1000, KafkaConnectionError("refused"))
    with pytest.raises(BrokerError, match=rf"{BROKER}.*OPINION_KAFKA_BOOTSTRAP"):
        await connected(connect, BROKER, asyncio.Event(), 0.02)


async def test_missing_topics_are_waited_for_and_named() -> None:
    connect, _ = failing(1000, UnknownTopicOrPartitionError("opinion.clock"))
    with capture_logs() as logs, pytest.raises(BrokerError, match=r"opinion\.clock.*topics apply"):
        await connected(connect, BROKER, asyncio.Event(), 0.02)
    assert logs[0]["event"] == "topics_missing"


async def test_it_can_be_stopped_between_two_attempts() -> None:
    stop = asyncio.Event()

    async def connect() -> None:
        stop.set()
        raise KafkaConnectionError("refused")

    assert not await connected(connect, BROKER, stop, 60)


async def test_it_can_be_stopped_in_the_middle_of_an_attempt_that_hangs() -> None:
    stop, given_up = asyncio.Event(), asyncio.Event()

    async def connect() -> None:
        stop.set()
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()

    assert not await asyncio.wait_for(connected(connect, BROKER, stop, 60), 5)
    assert given_up.is_set()


async def test_other_errors_are_not_waited_out() -> None:
    async def connect() -> None:
        raise ValueError("a certificate that cannot be read")

    with pytest.raises(ValueError, match="certificate"):
        await connected(connect, BROKER, asyncio.Event(), 60)


async def test_a_producer_keeps_records_as_long_as_it_is_told_and_no_request_hangs_longer_than_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = []

    async def start(self: object) -> None:
        made.append(self)
        raise KafkaConnectionError("refused")

    monkeypatch.setattr("aiokafka.AIOKafkaProducer.start", start)
    producer = BatchProducer("127.0.0.1:1", client_id="test", patience_seconds=600)
    with pytest.raises(KafkaConnectionError):
        await producer.start()
    (inner,) = made
    assert inner._message_accumulator._batch_ttl == 600
    assert inner._request_timeout_ms == 600_000
    assert inner._sender._request_timeout_ms == inner.client._request_timeout_ms == 60_000
