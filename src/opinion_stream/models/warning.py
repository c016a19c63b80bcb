"""EarlyWarning (预警): something grows beyond its usual level while it is not yet large."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from opinion_stream.models.base import Count, Grade, Instant, RegionRef, Share, WireModel
from opinion_stream.models.incident import Expected, Trend


class WarningKind(StrEnum):
    """突增 (a category of a region), 增长 (one incident)."""

    BURST = "burst"
    GROWTH = "growth"

    @property
    def label(self) -> str:
        """The Chinese name."""
        return {"burst": "突增", "growth": "增长"}[self.value]


class WarningStatus(StrEnum):
    """Whether it still holds."""

    OPEN = "open"
    CLOSED = "closed"

    @property
    def label(self) -> str:
        """The Chinese name."""
        return {"open": "预警中", "closed": "已关闭"}[self.value]


class WarnedIncident(WireModel):
    """An incident within a warning, with its mentions among the warning's `mention_ids`."""

    id: str
    mentions: Count


class EarlyWarning(WireModel):
    """One warning as it stands at `at`. Equal (id, version) means equal content.

    `id` derives from kind, region, category and the mention that opened it; `version` grows when it is issued again
    (the figure has doubled) and when it closes. Event time throughout.
    """

    schema_version: int = 1
    id: str
    version: int = Field(ge=1)
    kind: WarningKind
    status: WarningStatus
    region: RegionRef
    category: str
    opened_at: Instant
    at: Instant
    window_hours: float
    observed: Count
    """Mentions in the window that ends with `at`."""
    usual: Expected | None = None
    """Burst: what the same stretch of time usually holds there, with the 80 % interval."""
    factor: float | None = None
    """Burst: observed / usual."""
    p_value: Share | None = None
    """Burst: probability of so many or more at the usual level."""
    trend: Trend | None = None
    """Growth: the trend of the incident, with doubling time and expected volume."""
    grade: Grade | None = None
    """Growth: the incident's grade."""
    incidents: tuple[WarnedIncident, ...] = ()
    """The incidents of `mention_ids`, most mentions first; growth: the incident alone."""
    mention_ids: tuple[str, ...] = ()
    """The latest mentions in the window, at most `kept` of warnings.yaml."""
    title: str
    """Growth: the incident's title; burst: region and category."""
    reason: str
