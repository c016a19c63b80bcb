"""Waits at the start for a broker that does not answer yet, telling so, until it does or the waiting is ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from opinion_stream.adapters.admin import unanswered
from opinion_stream.adapters.connection import METADATA_SECONDS, Address, client_options, name_of
from opinion_stream.errors import BrokerError
from opinion_stream.settings import Settings

log = structlog.get_logger(__name__)

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0
"""Short enough that the road is back soon after the broker, long enough that a fleet of workers is no burden to it."""


async def connected(
    connect: Callable[[], Coroutine[None, None, None]], address: Address, stop: asyncio.Event, limit_seconds: float
) -> bool:
    """Call `connect` until it raises no KafkaError, with pauses that double up to five seconds; then True.

    False at once when `stop` is set, in the middle of an attempt as well. Raises BrokerError, with what was tried and
    the cure, when the broker does not answer, or lacks the topics, within `limit_seconds`.
    """
    began, pause, attempt = time.monotonic(), FIRST_PAUSE_SECONDS, 0
    stopping = asyncio.create_task(_until_set(stop))
    try:
        while True:
            attempt += 1
            error = await _attempt(connect, stopping)
            waited = time.monotonic() - began
            if stop.is_set():
                return False
            if error is None:
                if attempt > 1:
                    log.info("broker_answers", broker=name_of(address), waited_seconds=round(waited, 1))
                return True
            if waited + pause > limit_seconds:
                raise BrokerError(_in_the_end(address, error)) from error
            log.warning(
                "topics_missing" if isinstance(error, UnknownTopicOrPartitionError) else "broker_away",
                broker=name_of(address),
                error=str(error) or type(error).__name__,
                waited_seconds=round(waited, 1),
                left_seconds=round(limit_seconds - waited, 1),
                note=_meanwhile(address, error),
            )
            await asyncio.wait({stopping}, timeout=pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
    finally:
        stopping.cancel()


async def started(
    make: Callable[[], AIOKafkaConsumer], address: Address, stop: asyncio.Event, limit_seconds: float
) -> AIOKafkaConsumer | None:
    """The consumer that `make` made, started; waited for as `connected` does, with a new one for each attempt.

    None: `stop` was set meanwhile. Raises BrokerError when the broker does not answer within `limit_seconds`.
    """
    made: AIOKafkaConsumer | None = None

    async def connect() -> None:
        nonlocal made
        consumer = make()
        try:
            await consumer.start()
        except BaseException:
            await consumer.stop()
            raise
        made = consumer

    if await connected(connect, address, stop, limit_seconds):
        return made
    if made is not None:
        await made.stop()
    return None


def member(
    settings: Settings,
    group: str,
    topics: Collection[str],
    listener: ConsumerRebalanceListener,
    *,
    remembers: bool = True,
    **options: int,
) -> AIOKafkaConsumer:
    """A consumer of `topics` (full names), not started: a member of `group` that commits only what it is told to.

    With `remembers` False it is in no group. `options`: further ones of aiokafka's.
    """
    consumer = AIOKafkaConsumer(
        **client_options(settings.broker()),
        group_id=group if remembers else None,
        client_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=int(settings.session_seconds * 1000),
        heartbeat_interval_ms=int(settings.session_seconds * 1000 / 4),
        metadata_max_age_ms=int(METADATA_SECONDS * 1000),
        **options,
    )
    consumer.subscribe(list(topics), listener=listener)
    return consumer


def _meanwhile(address: Address, error: KafkaError) -> str:
    if isinstance(error, UnknownTopicOrPartitionError):
        return "主题尚未建立，等待中；请运行 opinion-stream topics apply。 (Topics are missing: run `topics apply`.)"
    return (
        f"消息服务 {name_of(address)} 暂无应答，等待其恢复；久无应答请检查 OPINION_KAFKA_BOOTSTRAP。"
        " (No answer from the broker yet: waiting for it.)"
    )


def _in_the_end(address: Address, error: KafkaError) -> str:
    if isinstance(error, UnknownTopicOrPartitionError):
        return f"{name_of(address)} has no topic of that name: {error}. Make them with `opinion-stream topics apply`."
    return unanswered(address, error)


async def _until_set(stop: asyncio.Event) -> None:
    await stop.wait()


async def _attempt(
    connect: Callable[[], Coroutine[None, None, None]], stopping: asyncio.Task[None]
) -> KafkaError | None:
    trying = asyncio.create_task(connect())
    await asyncio.wait({trying, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not trying.done():
        trying.cancel()
        await asyncio.wait({trying})
        return None
    error = trying.exception()
    if error is None or isinstance(error, KafkaError):
        return error
    raise error
