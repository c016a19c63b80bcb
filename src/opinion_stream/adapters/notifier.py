"""The notification service: reads what duty posts are to be told of, and sends what the planner says is due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from opinion_stream.adapters.courier import Courier
from opinion_stream.adapters.delivery_metrics import DeliveryMetrics
from opinion_stream.adapters.senders import Sender
from opinion_stream.adapters.sent_log import SentLog
from opinion_stream.domain.notify.notices import Notice, from_escalation, from_source_health, from_supervision
from opinion_stream.domain.notify.planner import Message, Planner
from opinion_stream.models.escalation import Escalation
from opinion_stream.models.source import SourceHealth
from opinion_stream.models.task import SupervisionNotice
from opinion_stream.policy import Policy
from opinion_stream.settings import Settings
from opinion_stream.topics import ESCALATIONS, SOURCE_HEALTH, SUPERVISION, Topic

log = structlog.get_logger("opinion_stream.notify")


class Notifier(Courier):
    """Tells each notice once, see `Courier`."""

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
        metrics: DeliveryMetrics | None = None,
    ) -> None:
        """`channels`: those with an address."""
        self._metrics = metrics
        self._policy = policy
        self._sender = sender
        self._channels = frozenset(channels)
        self.forget()
        topics = (ESCALATIONS, SUPERVISION, SOURCE_HEALTH)
        super().__init__(settings, "notify", topics, sent, remembers=remembers, now=now)
        if metrics is not None:
            metrics.watch(self.held)

    def forget(self) -> None:
        """See `Courier`."""
        self._planner = Planner(self._policy.notify, ZoneInfo(self._policy.jurisdiction.timezone))

    def take(self, topic: Topic, value: bytes, at: datetime, *, history: bool) -> str | None:
        """See `Courier`."""
        notice = self._notice(topic, value)
        now = self._now()
        if notice is None or notice.id in self._sent:
            return None
        if history and at < now - timedelta(hours=self._policy.notify.stale_hours):
            return None
        if notice.channel not in self._channels:
            log.warning("notice without an address", notice=notice.id, channel=notice.channel)
            return None
        self._planner.take(notice, now)
        return notice.id

    def _notice(self, topic: Topic, value: bytes) -> Notice | None:
        if topic is ESCALATIONS:
            return from_escalation(Escalation.model_validate_json(value), self._policy)
        if topic is SOURCE_HEALTH:
            return from_source_health(SourceHealth.model_validate_json(value), self._policy)
        return from_supervision(SupervisionNotice.model_validate_json(value), self._policy)

    async def deliver_due(self) -> None:
        """See `Courier`."""
        messages = self._planner.due(self._now())
        for message, done in zip(messages, await asyncio.gather(*map(self._sender.send, messages)), strict=True):
            self._settle(message, done)

    def _settle(self, message: Message, done: bool) -> None:
        if self._metrics is not None:
            self._metrics.attempted(message.channel, done)
        if not done:
            again = self._planner.failed(message, self._now())
            log.error("message not sent", message=message.id, channel=message.channel, again_at=again.isoformat())
            return
        self.delivered(message.notice_ids)
        self._planner.sent(message)
        log.info("message sent", message=message.id, channel=message.channel, notices=len(message.notice_ids))
