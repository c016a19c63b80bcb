"""What is remembered of one open incident: a bounded record that travels through the store as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from pydantic import TypeAdapter

from opinion_stream.domain.briefing.extracts import Extract
from opinion_stream.domain.ids import INCIDENT_PREFIX
from opinion_stream.models.base import Grade, Reason
from opinion_stream.models.incident import GradeChange

MAX_FINGERPRINTS = 64
"""Different wordings remembered per incident; the copy of an older one is found by similarity all the same."""

MAX_KINDS = 32
"""Different natures, categories or charges counted per incident."""

MAX_HISTORY = 50
"""Grade changes kept: the first and the latest."""

KEYWORDS_KEPT = 64


@dataclass(slots=True)
class IncidentRecord:
    """All of an incident's state. Every list and map in it is bounded, whatever the number of mentions."""

    id: str
    region: str
    spans_regions: bool
    """Whether a mention said that several regions are concerned, so that the region is not narrowed down."""
    first_at: datetime
    last_at: datetime
    quiet_since: float = 0.0
    """Event time of the shard (epoch seconds) when the last mention was taken; counts towards closing."""
    version: int = 0
    title: str = ""
    headline: bool = False
    """Whether the title was given by its writer, not cut from a text."""
    mentions: int = 0
    copies: int = 0
    interactions: int = 0
    reads: int = 0
    voices: list[int] = field(default_factory=list)
    media: list[str] = field(default_factory=list)
    tier: str | None = None
    buckets: dict[int, int] = field(default_factory=dict)
    terms: dict[str, float] = field(default_factory=dict)
    """Sum of the mentions' features, the strongest terms only."""
    length: float | None = None
    """Length of the centroid when it was last changed (see `nearest`)."""
    keywords: dict[str, float] = field(default_factory=dict)
    categories: dict[str, int] = field(default_factory=dict)
    natures: dict[str, int] = field(default_factory=dict)
    charges: dict[str, int] = field(default_factory=dict)
    """How often each "lead,co,co…" (unit codes) was named."""
    unit_names: dict[str, str] = field(default_factory=dict)
    sensitivity: float = 0.0
    sensitivity_reasons: list[Reason] = field(default_factory=list)
    floor: Grade | None = None
    response_required: bool = False
    priority_rule: str | None = None
    grade: Grade = Grade.IV
    history: list[GradeChange] = field(default_factory=list)
    fingerprints: list[str] = field(default_factory=list)
    mention_ids: list[str] = field(default_factory=list)
    extracts: list[Extract] = field(default_factory=list)
    """Sentences of masked mentions that a brief may quote."""
    briefed_grade: Grade | None = None
    briefed_mentions: int = 0
    """Grade and number of mentions when the latest brief was written."""

    def to_bytes(self) -> bytes:
        """The record as JSON."""
        return _ADAPTER.dump_json(self)

    @staticmethod
    def from_bytes(raw: bytes) -> IncidentRecord:
        """The record that `to_bytes` wrote, equal in every field."""
        return _ADAPTER.validate_json(raw)


_ADAPTER = TypeAdapter(IncidentRecord)


def incident_id_of(mention_id: str) -> str:
    """The id of the incident that a mention opens."""
    return INCIDENT_PREFIX + sha256(mention_id.encode()).hexdigest()[:16]


def vote(counts: dict[str, int], choice: str) -> None:
    """Count one vote, for at most MAX_KINDS different choices."""
    if choice in counts or len(counts) < MAX_KINDS:
        counts[choice] = counts.get(choice, 0) + 1


def winner(counts: dict[str, int]) -> str:
    """The choice with most votes, the first of equals. ValueError if there is none."""
    return max(counts, key=lambda choice: counts[choice])
