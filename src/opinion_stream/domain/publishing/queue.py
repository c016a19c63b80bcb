"""The responses that wait to be published: grave matters first, a failing outlet holds up no other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from opinion_stream.models.task import PublicResponse
from opinion_stream.policy.base import wait_after
from opinion_stream.policy.publishing import Publishing


@dataclass(slots=True)
class _Waiting:
    response: PublicResponse
    at: datetime
    failures: int = 0


class ReleaseQueue:
    """In memory: what was not published is read from the topic again after a restart. Times have a zone."""

    def __init__(self, policy: Publishing) -> None:
        self._policy = policy
        self._waiting: dict[str, _Waiting] = {}

    def __len__(self) -> int:
        """Number of responses not published yet."""
        return len(self._waiting)

    def take(self, response: PublicResponse, now: datetime) -> None:
        """Take in a response; one that waits already changes nothing."""
        self._waiting.setdefault(response.id, _Waiting(response, now))

    def due(self, now: datetime) -> list[PublicResponse]:
        """What is to be published now: those of the first grades before all others, then by time of publication."""
        ready = [waiting.response for waiting in self._waiting.values() if waiting.at <= now]
        return sorted(ready, key=lambda r: (r.grade not in self._policy.first, r.published_at, r.id))

    def done(self, response: PublicResponse) -> None:
        """It is published."""
        del self._waiting[response.id]

    def failed(self, response: PublicResponse, now: datetime) -> datetime:
        """It could not be published: try again later, without end. Returns when."""
        waiting = self._waiting[response.id]
        waiting.at = now + wait_after(waiting.failures, self._policy.retry_seconds)
        waiting.failures += 1
        return waiting.at
