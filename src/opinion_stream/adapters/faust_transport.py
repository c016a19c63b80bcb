"""Faust's Kafka transport with what we need besides: short fetches, a lease on the partitions, reading without gaps.

Faust fixes a fetch's wait for data at 1.5 s. A real Kafka answers as soon as data is there, so the wait only bounds
idle traffic; the embedded broker looks for new data less and less often during a long wait, which costs 0.45 s per hop
at 1.5 s and a few milliseconds at 0.02 s (measured, medians of 12).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, cast

import structlog
from aiokafka import errors
from aiokafka.protocol.group import HeartbeatRequest, SyncGroupRequest
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types import TP

from opinion_stream.adapters.course import Course
from opinion_stream.errors import Fenced

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, ConsumerRecord
    from faust.types import AppT, ConsumerMessage, TransportT


log = structlog.get_logger(__name__)

TELL_SECONDS = 3.0
"""A silence of the broker that is longer is told."""
ASK_SECONDS = 4.0
"""So long the broker is waited for when it is asked about offsets."""

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


def use_our_consumer(app: AppT, fetch_wait_seconds: float, lease: Lease, due: Callable[[TP], int | None]) -> None:
    """Make the app's consumer wait at most so long in a fetch, and renew `lease`. Call it before the app starts.

    What it commits of a partition is `due` of it, the offset up to which all is done (None: nothing known): Faust's own
    reckoning takes single records that were never acknowledged, and gaps it has seen while it was moved, for done.
    """
    course = Course()

    class QuickThread(AIOKafkaConsumerThread):
        def _create_worker_consumer(self, transport: TransportT) -> AIOKafkaConsumer:
            consumer = super()._create_worker_consumer(transport)  # type: ignore[arg-type]
            consumer._fetch_max_wait_ms = int(fetch_wait_seconds * 1000)
            # Without Faust tables it would deal partitions out topic by topic, and keys would not meet.
            self._assignor = self.app.assignor
            consumer._partition_assignment_strategy = [self._assignor]
            _watch_heartbeats(consumer, lease)
            _know_topics(consumer, self.app.conf.broker_session_timeout / 2)
            course.watch(consumer)
            return consumer

        async def _fetch_records(
            self,
            consumer: AIOKafkaConsumer,
            active_partitions: set[TP],
            timeout: float | None = None,
            max_records: int | None = None,
        ) -> Mapping[TP, list[ConsumerRecord[bytes, bytes]]]:
            fetched = await super()._fetch_records(consumer, active_partitions, timeout, max_records)
            course.passed(consumer, fetched)
            return fetched

        async def _commit(self, offsets: Mapping[TP, int]) -> bool:
            # Faust takes out what went to others since it was asked, and crashes when nothing is left.
            ours = self.assignment()
            left = {tp: offset for tp, offset in offsets.items() if tp in ours}
            return bool(left) and await super()._commit(left)

    class QuickConsumer(Consumer):
        def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
            return QuickThread(self, loop=self.loop, beacon=self.beacon)

        def _to_message(self, tp: TP, record: ConsumerRecord[bytes, bytes]) -> ConsumerMessage:
            message = super()._to_message(tp, record)
            course.mark(message)
            return message

        def _new_offset(self, tp: TP) -> int | None:
            for known in (self._acked, self._acked_index, self._gap):
                known.pop(tp, None)
            return due(tp)

    class QuickTransport(Transport):
        pass

    QuickTransport.Consumer = QuickConsumer
    app.transport = QuickTransport(app.conf.broker_consumer, app)


async def stands(app: AppT, tps: Iterable[TP]) -> dict[TP, int]:
    """From which offset the group reads each of these partitions, all of them ours; of `use_our_consumer`'s consumer.

    Raises KafkaError or TimeoutError when the broker does not say, IllegalStateError (a KafkaError) when one is not
    ours any more.
    """
    thread = cast("Consumer", app.consumer)._thread
    return cast("dict[TP, int]", await thread.call_thread(_stands, thread._ensure_consumer(), set(tps)))


async def _stands(consumer: AIOKafkaConsumer, tps: set[TP]) -> dict[TP, int]:
    async with asyncio.timeout(ASK_SECONDS):
        committed = dict(zip(tps, await asyncio.gather(*(consumer.committed(tp) for tp in tps)), strict=True))
        new = [tp for tp, offset in committed.items() if offset is None or offset < 0]
        return committed | (await consumer.beginning_offsets(new) if new else {})


async def read_again(app: AppT, places: Mapping[TP, int]) -> None:
    """Read these partitions from these offsets on, whatever was read of them before.

    Raises KafkaError or TimeoutError when that is not possible now.
    """
    ours = {TP(*place): offset for place, offset in places.items()}  # messages carry aiokafka's, which Faust refuses
    if ours:
        app.consumer.resume_partitions(set(ours))
        async with asyncio.timeout(ASK_SECONDS):
            await app.consumer.seek_wait(ours)


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
