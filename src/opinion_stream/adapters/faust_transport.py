"""Faust's Kafka transport with two things added: how long a fetch may wait for data, and a lease on the partitions.

Faust fixes it at 1.5 s. A real Kafka answers as soon as data is there, so the wait only bounds idle traffic; the
embedded broker looks for new data less and less often during a long wait, which costs 0.45 s per hop at 1.5 s
and a few milliseconds at 0.02 s (measured, medians of 12).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog
from aiokafka import errors
from aiokafka.protocol.group import HeartbeatRequest, SyncGroupRequest
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport

from opinion_stream.errors import Fenced

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer
    from faust.types import AppT, TransportT


log = structlog.get_logger(__name__)

TELL_SECONDS = 3.0
"""A silence of the broker that is longer is told."""

_STILL_A_MEMBER = {errors.NoError.errno, errors.RebalanceInProgressError.errno}


class Lease:
    """When the broker last counted this worker among the members of its group, by a clock that nobody sets.

    The broker takes partitions from a member only when it leaves, or when it has not been heard for a session. So as
    long as less than a session has passed since a heartbeat was *sent* that the broker accepted, nobody else can own
    them. A process that was stopped for long finds its lease expired when it wakes: the monotonic clock went on.
    """

    def __init__(
        self, session_seconds: float, now: Callable[[], float] = time.monotonic, patience_seconds: float = 0.0
    ) -> None:
        """`patience_seconds`: so long `wait` waits, two sessions at least; it may be long, see there."""
        self._valid = session_seconds * 0.8
        self._patience = max(session_seconds * 2, patience_seconds)
        self._now = now
        self._until = float("-inf")

    def renewed(self, sent_at: float) -> None:
        """A sign of life sent at `sent_at` was accepted."""
        self._until = max(self._until, sent_at + self._valid)

    @property
    def holds(self) -> bool:
        """Whether nobody else can own the partitions now."""
        return self._now() < self._until

    async def wait(self, leaving: Callable[[], bool] = lambda: False) -> None:
        """Return once the lease holds; after an outage of the broker that takes a heartbeat.

        Raises Fenced if it does not hold again within the patience, or while the worker is `leaving` its partitions.
        However long it waits, nothing is said without the lease: a broker that gave the partitions to another meanwhile
        refuses the heartbeat, and joining anew begins with leaving.
        """
        began = self._now()
        told = False
        while not self.holds:
            waited = self._now() - began
            if waited > self._patience or leaving():
                raise Fenced("the broker has not confirmed that the partitions are still ours")
            if waited > TELL_SECONDS and not told:
                told = True
                log.warning(
                    "broker_silent", note="消息服务没有确认心跳，等待其恢复。 (No heartbeat confirmed; waiting.)"
                )
            await asyncio.sleep(0.02)
        if told:
            log.info("broker_answers", waited_seconds=round(self._now() - began, 1))


def use_our_consumer(app: AppT, fetch_wait_seconds: float, lease: Lease) -> None:
    """Make the app's consumer wait at most so long in a fetch, and renew `lease`. Call it before the app starts."""

    class QuickThread(AIOKafkaConsumerThread):
        def _create_worker_consumer(self, transport: TransportT) -> AIOKafkaConsumer:
            consumer = super()._create_worker_consumer(transport)  # type: ignore[arg-type]
            consumer._fetch_max_wait_ms = int(fetch_wait_seconds * 1000)
            # Without Faust tables it would deal partitions out topic by topic, and keys would not meet.
            self._assignor = self.app.assignor
            consumer._partition_assignment_strategy = [self._assignor]
            _watch_heartbeats(consumer, lease)
            _know_topics(consumer, self.app.conf.broker_session_timeout / 2)
            return consumer

    class QuickConsumer(Consumer):
        def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
            return QuickThread(self, loop=self.loop, beacon=self.beacon)

    class QuickTransport(Transport):
        pass

    QuickTransport.Consumer = QuickConsumer
    app.transport = QuickTransport(app.conf.broker_consumer, app)


def _watch_heartbeats(consumer: AIOKafkaConsumer, lease: Lease) -> None:
    """Have each heartbeat and each joining that the coordinator accepts renew the lease.

    aiokafka's coordinator exists once the consumer has started, and has no public way to be watched; a test on a
    broker fails if the names used here change.
    """
    start = consumer.start

    async def start_watched() -> None:
        await start()
        coordinator = consumer._coordinator
        send = coordinator._send_req

        async def send_watched(request: object) -> object:
            sent_at = time.monotonic()
            response = await send(request)
            accepted = getattr(response, "error_code", -1) in _STILL_A_MEMBER
            if accepted and isinstance(request, (HeartbeatRequest, SyncGroupRequest)):
                lease.renewed(sent_at)
            return response

        coordinator._send_req = send_watched

    consumer.start = start_watched


def _know_topics(consumer: AIOKafkaConsumer, limit_seconds: float) -> None:
    """Have the member that shares the partitions out wait until the broker knows all topics that the group reads.

    In the first moments after its return a broker answers that it does not, and the topics would be passed over until
    the metadata is read again. Waits `limit_seconds` at most; the session runs meanwhile.
    """
    start = consumer.start

    async def start_knowing() -> None:
        await start()
        coordinator = consumer._coordinator
        perform = coordinator._perform_assignment

        async def perform_knowing(response: object) -> object:
            deadline = time.monotonic() + limit_seconds
            cluster, wanted = coordinator._cluster, consumer.subscription()
            while any(not cluster.partitions_for_topic(topic) for topic in wanted) and time.monotonic() < deadline:
                await consumer._client.force_metadata_update()
                await asyncio.sleep(0.1)
            return await perform(response)

        coordinator._perform_assignment = perform_knowing

    consumer.start = start_knowing
