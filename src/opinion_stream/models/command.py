"""IncidentCommand (事件操作): what a person decides about an incident."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from opinion_stream.models.base import Count, Grade, Instant, WireModel


class IncidentCommandKind(StrEnum):
    """What a person can do to an incident."""

    MERGE = "merge"
    SPLIT = "split"
    OVERRIDE_GRADE = "override_grade"
    LIFT_OVERRIDE = "lift_override"
    CLOSE = "close"
    APPROVE_BRIEF = "approve_brief"
    RETURN_BRIEF = "return_brief"

    @property
    def label(self) -> str:
        """The Chinese name."""
        return {
            "merge": "合并",
            "split": "拆分",
            "override_grade": "人工定级",
            "lift_override": "取消人工定级",
            "close": "关闭",
            "approve_brief": "批准专报",
            "return_brief": "退回专报",
        }[self.value]


class IncidentCommand(WireModel):
    """What a person does to an incident, named by role. `id` is the idempotency key: the same id acts once.

    On its topic it is keyed by the incident's shard (the key of its mentions), so that it reaches the partition
    which holds the incident. What is missing or wrong in it is refused with a reason, not here.
    """

    schema_version: int = 1
    id: str = Field(min_length=1, max_length=200)
    incident_id: str = Field(min_length=1, max_length=200)
    action: IncidentCommandKind
    by_role: str = Field(default="", max_length=100)
    """Code of the acting role, e.g. duty_officer; never a person's name."""
    reason: str = Field(default="", max_length=4000)
    at: Instant
    into: str | None = Field(default=None, max_length=200)
    """merge: id of the incident that goes on."""
    mention_ids: tuple[str, ...] = Field(default=(), max_length=1000)
    """split: the mentions that leave."""
    grade: Grade | None = None
    """override_grade: the grade that shall hold."""
    until: Instant | None = None
    """override_grade: when it ends by itself, in event time; None: when lifted."""
    brief_version: Count | None = None
    """approve_brief, return_brief: version of the brief that was read; refused if another is the latest. None: the
    latest, whichever it is."""
