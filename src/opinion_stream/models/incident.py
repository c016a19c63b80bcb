"""Incident (舆情事件): mentions of one matter, with grade, reasons, trend and counts."""

from __future__ import annotations

from enum import StrEnum

from opinion_stream.models.base import (
    Count,
    Grade,
    Instant,
    Nature,
    Reason,
    RegionRef,
    Score,
    UnitRef,
    WireModel,
)


class Direction(StrEnum):
    """Which way an incident's volume goes."""

    RISING = "rising"
    LEVEL = "level"
    FADING = "fading"

    @property
    def label(self) -> str:
        """The Chinese name."""
        return {"rising": "上升", "level": "平稳", "fading": "回落"}[self.value]


class Expected(WireModel):
    """A number of mentions to expect: its mean, and the interval that holds it in four cases of five (80 %)."""

    value: float
    low: Count
    high: Count


class Trend(WireModel):
    """Volume of the last window against the one before, in event time. Windows are in hours."""

    direction: Direction
    window_hours: float
    recent: Count
    before: Count
    doubling_hours: float | None = None
    """Hours in which the volume doubles if it goes on as from `before` to `recent`; None: no growth beyond chance."""
    expected_6h: Expected | None = None
    """Further mentions within 6 h after the latest one; None in records of older writers."""
    expected_24h: Expected | None = None


class Factor(WireModel):
    """One of the three factors of the grade, 0-100, with the evidence it rests on."""

    score: Score
    reasons: tuple[Reason, ...] = ()


class GradeFactors(WireModel):
    """内容、公众反应、媒体介入程度: the three factors that the city's rule names (seed 二（二）)."""

    content: Factor
    reaction: Factor
    media: Factor


class GradeChange(WireModel):
    """One entry of the grade's history; `by` is `rule` or the role of the person who overrode it."""

    at: Instant
    grade: Grade
    score: Score
    by: str = "rule"
    reason: str


class IncidentCounts(WireModel):
    """How large the matter is. `voices` are distinct pseudonyms, `copies` word-for-word repeats."""

    mentions: Count
    copies: Count
    voices: Count
    interactions: Count
    reads: Count
    media: Count


class Incident(WireModel):
    """A matter as it stands after `version` mentions (and other events) were taken in.

    `id` derives from the first mention; `version` grows by one with each event, so equal (id, version)
    means equal content, whatever crashed in between.
    """

    schema_version: int = 1
    id: str
    version: Count
    region: RegionRef
    category: str
    title: str
    keywords: tuple[str, ...]
    status: str
    """open | closed (quiet for longer than the policy's quiet time)."""
    nature: Nature
    unit: UnitRef
    co_units: tuple[UnitRef, ...] = ()
    response_required: bool
    priority_rule: str | None
    grade: Grade
    score: Score
    reasons: tuple[Reason, ...]
    factors: GradeFactors
    history: tuple[GradeChange, ...]
    trend: Trend
    counts: IncidentCounts
    first_at: Instant
    last_at: Instant
    mention_ids: tuple[str, ...]
    """Up to a policy-set number of ids: the first mention and the latest ones."""
