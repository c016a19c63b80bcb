"""PollOutcome: what came of asking one source once."""

from __future__ import annotations

from opinion_stream.models.base import Count, Instant, WireModel


class PollOutcome(WireModel):
    """One poll of one source. Holds figures and slugs, nothing of what was read.

    `fetched`: records the source gave. `sent`: those of them that the broker has acknowledged. `failed`: items
    that could not be read (an article that timed out); they are tried again, or were given up. `ok` is False when the
    poll was cut short. `error` is None, or `kind: reason`, also for an ok poll in which some items failed.
    """

    source: str
    at: Instant
    """When the poll began."""
    seconds: float = 0
    ok: bool
    fetched: Count = 0
    sent: Count = 0
    failed: Count = 0
    error: str | None = None
    latest_published_at: Instant | None = None
    """The newest publication time among the records sent."""
