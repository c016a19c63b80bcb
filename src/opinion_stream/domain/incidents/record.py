"""What is remembered of one incident: a bounded record that travels through the store as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from hashlib import sha256

import orjson
from pydantic import TypeAdapter

from opinion_stream.domain.briefing.extracts import Extract
from opinion_stream.domain.ids import INCIDENT_PREFIX
from opinion_stream.models.base import Grade, Reason, WireModel
from opinion_stream.models.incident import GradeChange, GradeOverride, IncidentAction, IncidentEvent, IncidentStatus

MAX_FINGERPRINTS = 64
"""Different wordings remembered per incident; the copy of an older one is found by similarity all the same."""

MAX_KINDS = 32
"""Different natures, categories or charges counted per incident."""

MAX_HISTORY = 50
"""Grade changes kept: the first and the latest."""

KEYWORDS_KEPT = 64

RULE = "rule"
"""Who acts where no person does."""

MAX_EVENTS = 50
"""Events of an incident's life kept, the latest."""

MAX_COMMANDS = 200
"""Ids of the commands that acted on an incident. One is delivered again soon or never, so the oldest may go."""

MAX_ABSORBED = 200
"""Incidents merged into one whose ids are still understood, the latest."""


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
    voice_periods: list[str] = field(default_factory=list)
    """Periods of the pseudonym keys behind the voices, see `voices.add_period`."""
    media: list[str] = field(default_factory=list)
    tier: str | None = None
    buckets: dict[int, int] = field(default_factory=dict)
    terms: dict[str, float] = field(default_factory=dict)
    """Sum of the mentions' features, the strongest terms only."""
    samples: list[dict[str, float]] = field(default_factory=list)
    """Heaviest terms of a few mentions, see `samples`; empty while one mention alone has told what it is about."""
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
    """The grade that stands."""
    held: Grade | None = None
    """The grade that the score gives, with hysteresis. None: none yet, or written by an older version."""
    below_since: dict[Grade, float] = field(default_factory=dict)
    """Since when (event time, epoch seconds) the score lies clearly below a grade that is still held."""
    override: GradeOverride | None = None
    history: list[GradeChange] = field(default_factory=list)
    fingerprints: list[str] = field(default_factory=list)
    mention_ids: list[str] = field(default_factory=list)
    extracts: list[Extract] = field(default_factory=list)
    """Sentences of masked mentions that a brief may quote."""
    briefed_grade: Grade | None = None
    briefed_mentions: int = 0
    """Grade and number of mentions when the latest brief was written."""
    status: IncidentStatus = IncidentStatus.OPEN
    merged_into: str | None = None
    absorbed: list[str] = field(default_factory=list)
    events: list[IncidentEvent] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    """Ids of the commands that acted on it."""

    def tell(self, event: IncidentEvent) -> None:
        """Add an event of its life, and remember the command behind it if a person caused it."""
        self.events = [*self.events, event][-MAX_EVENTS:]
        if event.by != RULE:
            self.remember(event.cause)

    def remember(self, command_id: str) -> None:
        """A command of that id has acted, and shall not act again."""
        self.commands = [*self.commands, command_id][-MAX_COMMANDS:]

    def close(self, event: IncidentEvent) -> None:
        """It is closed from now on."""
        self.version += 1
        self.status = IncidentStatus.CLOSED
        self.tell(event)

    def reopen(self, at: datetime, cause: str, quiet_days: float) -> None:
        """It is open again because of the mention `cause`; the mention itself is yet to be taken in."""
        self.status = IncidentStatus.OPEN
        reason = f"事件关闭后又有新的提及（距上次提及{quiet_days:.0f}天），重新打开"
        self.tell(IncidentEvent(at=at, action=IncidentAction.REOPENED, reason=reason, cause=cause))

    def to_bytes(self) -> bytes:
        """The record as JSON."""
        return orjson.dumps(self, default=_fields, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z)

    @staticmethod
    def from_bytes(raw: bytes) -> IncidentRecord:
        """The record that `to_bytes` wrote, equal in every field."""
        return _adapter().validate_json(raw)


@cache
def _adapter() -> TypeAdapter[IncidentRecord]:
    """Made when a record is first read: a run over a file reads none."""
    return TypeAdapter(IncidentRecord)


def _fields(part: object) -> dict[str, object]:
    """A part of a record that is a model of the wire, field by field."""
    if not isinstance(part, WireModel):
        raise TypeError(f"{type(part).__name__} is no part of a record")
    return vars(part)


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
