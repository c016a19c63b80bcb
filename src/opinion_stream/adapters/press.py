"""The publishing service: reads approved responses and puts them before the public, the gravest matters first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import structlog

from opinion_stream.adapters.courier import Courier
from opinion_stream.adapters.delivery_metrics import DeliveryMetrics
from opinion_stream.adapters.publishers import Publisher
from opinion_stream.adapters.sent_log import SentLog
from opinion_stream.domain.publishing.queue import ReleaseQueue
from opinion_stream.models.task import PublicResponse
from opinion_stream.policy import Policy
from opinion_stream.settings import Settings
from opinion_stream.topics import RESPONSES, Topic

log = structlog.get_logger("opinion_stream.publish")


class Press(Courier):
    """Publishes each response once, see `Courier`; also those of before it first ran, for an answer is never stale."""

    def __init__(
        self,
        settings: Settings,
        policy: Policy,
        publishers: Mapping[str, Publisher],
        sent: SentLog,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        metrics: DeliveryMetrics | None = None,
    ) -> None:
        """`publishers`: by publication; responses of other publications are released by people."""
        self._policy = policy
        self._publishers = publishers
        self._metrics = metrics
        self.forget()
        super().__init__(settings, "publish", (RESPONSES,), sent, remembers=True, now=now)
        if metrics is not None:
            metrics.watch(self.held)

    def forget(self) -> None:
        """See `Courier`."""
        self._queue = ReleaseQueue(self._policy.publishing)

    def take(self, topic: Topic, value: bytes, at: datetime, *, history: bool) -> str | None:
        """See `Courier`."""
        response = PublicResponse.model_validate_json(value)
        if response.publication not in self._publishers or response.id in self._sent:
            return None
        self._queue.take(response, self._now())
        return response.id

    async def deliver_due(self) -> None:
        """See `Courier`. One by one, so that what comes first stands there first."""
        for response in self._queue.due(self._now()):
            done = await self._publishers[response.publication].publish(response)
            if self._metrics is not None:
                self._metrics.attempted(response.publication, done)
            if done:
                self._queue.done(response)
                self.delivered([response.id])
                log.info("response published", response=response.id, publication=response.publication)
            else:
                again = self._queue.failed(response, self._now())
                log.error("response not published", response=response.id, again_at=again.isoformat())
