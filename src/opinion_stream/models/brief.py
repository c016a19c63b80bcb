"""Brief (研判专报) on an incident of grade I or II: nature, course, risks and proposed measures, for approval."""

from __future__ import annotations

from enum import StrEnum

from opinion_stream.models.base import Count, Grade, Instant, Nature, Reason, RegionRef, UnitRef, WireModel
from opinion_stream.models.incident import GradeFactors, Trend


class BriefStatus(StrEnum):
    """What has become of a brief. It is written for approval; what else it becomes is a person's decision."""

    FOR_APPROVAL = "for_approval"
    APPROVED = "approved"
    RETURNED = "returned"

    @property
    def label(self) -> str:
        """The Chinese name."""
        return {"for_approval": "待审", "approved": "已批准", "returned": "退回修改"}[self.value]


class Statement(WireModel):
    """A sentence as it stands in a masked mention, never reworded, with the id of that mention."""

    text: str
    mention_id: str
    at: Instant
    """When the mention was published."""


class Figure(WireModel):
    """A figure of the brief and the field it was taken from, e.g. `incident.counts.voices`."""

    label: str
    value: Count
    source: str


class Named(WireModel):
    """A group or a place that mentions name, with the words found and the mentions they stand in."""

    name: str
    words: tuple[str, ...]
    mention_ids: tuple[str, ...]


class Cited(WireModel):
    """A line of the policy with the rule's id; `source` is the document behind it, empty for local practice."""

    rule: str
    text: str
    source: str = ""


class BriefNature(WireModel):
    """定性: category, nature of the concern, and the priority rule of the national documents that applies."""

    category: str
    nature: Nature
    unverified: bool
    """Whether the matter rests on claims that nobody has verified."""
    priority: Cited | None
    text: str


class BriefEvidence(WireModel):
    """证据: the figures, and the three factors of the grade with all their reasons."""

    figures: tuple[Figure, ...]
    factors: GradeFactors
    reasons: tuple[Reason, ...]


class BriefTrend(WireModel):
    """走势: the incident's trend, and the same in a sentence."""

    trend: Trend
    text: str


class BriefConcerned(WireModel):
    """涉及面: groups (家长, 业主, …) and places, as the mentions name them; never a person."""

    groups: tuple[Named, ...]
    places: tuple[Named, ...]


class BriefRisk(WireModel):
    """可能出现的风险: a rule of the playbooks, and why it applies here."""

    rule: str
    text: str
    why: str
    source: str = ""


class BriefMeasure(WireModel):
    """预控处置意见: what is proposed, for which units, within how many hours of the grade."""

    rule: str
    text: str
    units: tuple[UnitRef, ...]
    within_hours: float | None
    source: str = ""


class BriefAnswer(WireModel):
    """回应口径建议: what a fitting answer must say for this nature of concern, and how to say it."""

    must: str
    lines: tuple[Cited, ...]


class BriefPublication(WireModel):
    """A recommended way to publish: key and name in `publications` of `config/response.yaml`."""

    kind: str
    name: str


class BriefDecision(WireModel):
    """A person's decision on a brief, named by role. `cause` is the id of the command behind it."""

    status: BriefStatus
    version: Count
    """Version of the brief that was read."""
    by_role: str
    at: Instant
    reason: str
    cause: str


class Brief(WireModel):
    """研判专报 (工作制度 二（二）): what a leader needs to decide on a grave incident, every line with its source.

    `id` derives from the incident's, `version` is the incident's when it was written or decided on: equal (id, version)
    means equal content. `incident_version`: the incident that it tells of.
    """

    schema_version: int = 1
    id: str
    version: Count
    incident_id: str
    incident_version: Count
    status: BriefStatus
    grade: Grade
    title: str
    region: RegionRef
    unit: UnitRef
    co_units: tuple[UnitRef, ...]
    first_at: Instant
    last_at: Instant
    playbooks: tuple[str, ...]
    """Ids of the playbooks that apply; empty if only the common part does."""
    nature: BriefNature
    happened: tuple[Statement, ...]
    evidence: BriefEvidence
    trend: BriefTrend
    concerned: BriefConcerned
    risks: tuple[BriefRisk, ...]
    measures: tuple[BriefMeasure, ...]
    answer: BriefAnswer
    publications: tuple[BriefPublication, ...]
    decisions: tuple[BriefDecision, ...] = ()
    """What persons decided on this and earlier briefs on the incident, oldest first, the latest ones."""
