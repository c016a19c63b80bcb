"""The notification service: reads escalations and supervision notices, and sends what the planner says is due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, OffsetAndMetadata, TopicPartition
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from opinion_stream.adapters.senders import Sender
from opinion_stream.adapters.sent_log import SentLog
from opinion_stream.domain.notify.notices import Notice, from_escalation, from_supervision
from opinion_stream.domain.notify.planner import Message, Planner
from opinion_stream.errors import BrokerError
from opinion_stream.models.escalation import Escalation
from opinion_stream.models.task import SupervisionNotice
from opinion_stream.policy import Policy
from opinion_stream.settings import Settings
from opinion_stream.topics import ESCALATIONS, SUPERVISION, full_name

POLL_MS = 500
log = structlog.get_logger("opinion_stream.notify")


def group_of(prefix: str) -> str:
    """The consumer group of the service."""
    return f"{prefix}-notify"


class Notifier(ConsumerRebalanceListener):  # type: ignore[misc]
    """Sends each notice at least once, and twice only if it dies between sending and remembering it.

    What waits is not committed: after a restart it is read again, and the sent log leaves out what was sent since.
    Run one; a second one stands by and takes over partitions when the first is gone.
    """

    def __init__(
        self,
        settings: Settings,
        policy: Policy,
        sender: Sender,
        sent: SentLog,
        channels: Sequence[str],
        *,
        remembers: bool = True,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`channels`: those with an address. `remembers` False: in no group, commits nothing (a dry run)."""
        self._settings = settings
        self._policy = policy
        self._sender = sender
        self._sent = sent
        self._channels = frozenset(channels)
        self._remembers = remembers
        self._now = now
        self._zone = ZoneInfo(policy.jurisdiction.timezone)
        self._names = {full_name(settings.topic_prefix, topic): topic for topic in (ESCALATIONS, SUPERVISION)}
        self._consumer: AIOKafkaConsumer | None = None
        self._forget()

    def _forget(self) -> None:
        self._planner = Planner(self._policy.notify, self._zone)
        self._waiting: dict[TopicPartition, dict[int, str]] = {}
        self._read: dict[TopicPartition, int] = {}
        self._new: set[TopicPartition] = set()

    async def run(self, stop: asyncio.Event, on_ready: Callable[[], None] | None = None) -> None:
        """Work until `stop` is set. Raises BrokerError when the broker does not answer at the start."""
        settings = self._settings
        self._consumer = consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.bootstrap(),
            group_id=group_of(settings.topic_prefix) if self._remembers else None,
            client_id="opinion-stream-notify",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=int(settings.session_seconds * 1000),
            heartbeat_interval_ms=int(settings.session_seconds * 1000 / 4),
        )
        consumer.subscribe(list(self._names), listener=self)
        try:
            await consumer.start()
        except KafkaError as error:
            await consumer.stop()
            raise BrokerError(f"no Kafka broker answers at {settings.bootstrap()}: {error}") from error
        if on_ready is not None:
            on_ready()
        try:
            while not stop.is_set():
                for partition, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
                    for record in records:
                        self._take(partition, record.offset, record.timestamp, record.value)
                await self._send_due()
                await self._commit()
        finally:
            await self._commit()
            await consumer.stop()

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """What waits is read again by whoever is given the partitions."""
        await self._commit()
        self._forget()

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Partitions never read before hold history, which is not news."""
        if self._consumer is None or not self._remembers:
            return
        for partition in assigned:
            if await self._consumer.committed(partition) is None:
                self._new.add(partition)

    def _take(self, partition: TopicPartition, offset: int, timestamp_ms: int, value: bytes | None) -> None:
        self._read[partition] = offset + 1
        notice = self._notice(partition.topic, value)
        if notice is None or notice.id in self._sent:
            return
        now = self._now()
        stale = now - timedelta(hours=self._policy.notify.stale_hours)
        history = partition in self._new or not self._remembers
        if history and datetime.fromtimestamp(timestamp_ms / 1000, UTC) < stale:
            return
        if notice.channel not in self._channels:
            log.warning("notice without an address", notice=notice.id, channel=notice.channel)
            return
        self._waiting.setdefault(partition, {})[offset] = notice.id
        self._planner.take(notice, now)

    def _notice(self, topic: str, value: bytes | None) -> Notice | None:
        try:
            if self._names[topic] is ESCALATIONS:
                return from_escalation(Escalation.model_validate_json(value or b""), self._policy)
            return from_supervision(SupervisionNotice.model_validate_json(value or b""), self._policy)
        except ValidationError as error:
            # Its own stages wrote it, so it is a fault to be seen, but none that may stop the telling of the rest.
            log.error("record is not readable", topic=topic, errors=error.error_count())
            return None

    async def _send_due(self) -> None:
        messages = self._planner.due(self._now())
        for message, done in zip(messages, await asyncio.gather(*map(self._sender.send, messages)), strict=True):
            self._settle(message, done)

    def _settle(self, message: Message, done: bool) -> None:
        now = self._now()
        if not done:
            again = self._planner.failed(message, now)
            log.error("message not sent", message=message.id, channel=message.channel, again_at=again.isoformat())
            return
        self._sent.add(message.notice_ids, now)
        self._planner.sent(message)
        gone = set(message.notice_ids)
        for waiting in self._waiting.values():
            for offset in [offset for offset, notice in waiting.items() if notice in gone]:
                del waiting[offset]
        log.info("message sent", message=message.id, channel=message.channel, notices=len(message.notice_ids))

    async def _commit(self) -> None:
        offsets = {
            partition: OffsetAndMetadata(min(self._waiting.get(partition) or {end: ""}), "")
            for partition, end in self._read.items()
        }
        if offsets and self._remembers and self._consumer is not None:
            try:
                await self._consumer.commit(offsets)
            except KafkaError as error:
                # A group in the middle of a rebalance refuses it; the next round commits again.
                log.warning("offsets not committed", error=type(error).__name__)
