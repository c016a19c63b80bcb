"""PollOutcome: what came of asking one source once; SourceHealth: how a source stands since a change."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from opinion_stream.models.base import Count, Instant, SchemaVersion, WireModel


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
    rest_seconds: float = 0
    """For so long the source asked to be left alone (Retry-After)."""
    polls: int = 1
    """Older polls with the same result are folded into one record: of how many it tells."""
    last_at: Instant | None = None
    """When the last of them began; None for a single one."""

    @property
    def last_began(self) -> datetime:
        """When the last poll it tells of began."""
        return self.last_at or self.at

    @property
    def error_kind(self) -> str | None:
        """The slug of the error."""
        return self.error.partition(":")[0] if self.error else None


class SourceState(StrEnum):
    """How a source stands."""

    OK = "ok"
    LATE = "late"
    """It is read less often than due, or what it gives is old when it comes."""
    FAILING = "failing"
    SILENT = "silent"
    """It answers, and gives nothing new, for longer than is usual for it."""
    OFF = "off"
    UNKNOWN = "unknown"
    """It was not read so far."""

    @property
    def label(self) -> str:
        """The Chinese name."""
        return _LABELS[self]

    @property
    def is_fault(self) -> bool:
        """Whether the source is a blind spot that somebody must be told of."""
        return self in (SourceState.LATE, SourceState.FAILING, SourceState.SILENT)


_LABELS = {
    SourceState.OK: "正常",
    SourceState.LATE: "滞后",
    SourceState.FAILING: "报错",
    SourceState.SILENT: "静默",
    SourceState.OFF: "停用",
    SourceState.UNKNOWN: "未知",
}


class SourceHealth(WireModel):
    """How a source stands, written when that changes. Figures only, nothing of what was read."""

    schema_version: SchemaVersion = 1
    id: str
    """The source's name in `sources.yaml`."""
    version: Count
    """Epoch seconds of the change: of two records of one source the one with the higher version holds."""
    title: str
    """What duty staff call the source."""
    state: SourceState
    previous: SourceState
    """Its state before, since `previous_since`."""
    since: Instant
    """When this state was noticed."""
    previous_since: Instant | None = None
    reason: str
    """A Chinese sentence with the figures."""
    last_success_at: Instant | None = None
    """When the last poll that was not cut short began."""
    last_new_at: Instant | None = None
    """When something new was last read."""
    latest_published_at: Instant | None = None
    silence_ratio: float | None = None
    """Time without anything new, in parts of the longest that is usual for the source; None: not known yet."""
    consecutive_failures: Count = 0
    error_kind: str | None = None
    """Slug of the last error, if the last poll was cut short."""
    missed_polls: Count = 0
    """Polls that were due and did not come about, within the window of `defaults.health` of `sources.yaml`."""
    caught_up: Count = 0
    """Records that came in with the first success after them."""
