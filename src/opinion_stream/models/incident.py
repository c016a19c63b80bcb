"""Incident (舆情事件): mentions of one matter, with grade, reasons, trend, counts, and what befell it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

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


class GradeOverride(WireModel):
    """A person's decision on the grade, in force. It ends when lifted, at `until`, or as `surpassed` tells."""

    grade: Grade
    by_role: str
    reason: str
    at: Instant
    until: Instant | None = None
    """Event time at which it ends by itself; None: never."""
    rule_grade: Grade
    """The rule's own grade when the person decided."""
    surpassed: bool = False
    """The rule's own grade has since risen above `rule_grade`: now the higher of the two holds."""


class IncidentStatus(StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    CLOSED = "closed"
    MERGED = "merged"

    @property
    def label(self) -> str:
        """The Chinese name."""
        return {"open": "进行中", "closed": "已关闭", "merged": "已并入其他事件"}[self.value]


class IncidentAction(StrEnum):
    """What befalls an incident beside its mentions and the rule's grades."""

    CLOSED = "closed"
    REOPENED = "reopened"
    ABSORBED = "absorbed"
    MERGED = "merged"
    SPLIT = "split"
    SPLIT_OFF = "split_off"
    OVERRIDDEN = "overridden"
    LIFTED = "lifted"

    @property
    def label(self) -> str:
        """The Chinese name."""
        return {
            "closed": "关闭",
            "reopened": "重新打开",
            "absorbed": "并入其他事件",
            "merged": "由其他事件并入",
            "split": "拆出新事件",
            "split_off": "由拆分产生",
            "overridden": "人工定级",
            "lifted": "取消人工定级",
        }[self.value]


class IncidentEvent(WireModel):
    """One entry of an incident's life. `by` is `rule` or a role; `cause` the id of the command or mention behind it."""

    at: Instant
    action: IncidentAction
    by: str = "rule"
    reason: str
    cause: str = ""


class IncidentCounts(WireModel):
    """How large the matter is. `voices` are distinct pseudonyms, `copies` word-for-word repeats.

    `voice_periods`: from so many periods of pseudonym keys; above 1, who spoke in two of them is counted in both.
    """

    mentions: Count
    copies: Count
    voices: Count
    interactions: Count
    reads: Count
    media: Count
    voice_periods: Count = 1


class Incident(WireModel):
    """A matter as it stands after `version` mentions (and other events) were taken in.

    `id` derives from the first mention (or from the command that split it off); `version` grows by one with each
    event, so equal (id, version) means equal content, whatever crashed in between.
    """

    schema_version: int = 1
    id: str
    version: Count
    region: RegionRef
    category: str
    title: str
    keywords: tuple[str, ...]
    status: str
    """An `IncidentStatus`. closed: quiet for longer than the policy's quiet time, or by a person; a late mention
    opens it again. merged: ended for good, its mentions belong to `merged_into`."""
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
    natures: dict[str, int] = Field(default_factory=dict)
    """Mentions by nature of the concern: the mood of the matter."""
    first_at: Instant
    last_at: Instant
    mention_ids: tuple[str, ...]
    """Up to a policy-set number of ids: the first mention and the latest ones."""
    rule_grade: Grade | None = None
    """The grade by the rules alone; differs from `grade` under an override. None: written by an older version."""
    override: GradeOverride | None = None
    merged_into: str | None = None
    """Id of the incident that took this one in."""
    absorbed: tuple[str, ...] = ()
    """Ids of the incidents that were merged into this one, the latest ones."""
    events: tuple[IncidentEvent, ...] = ()
    """Closings, reopenings and what persons decided, oldest first, the latest ones."""
