"""Escalation (报送) and Receipt (签收/批示)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from opinion_stream.models.base import Grade, Instant, Nature, RegionRef, UnitRef, WireModel
from opinion_stream.models.incident import IncidentCounts


class EscalationKind(StrEnum):
    """首报、续报、终报."""

    FIRST = "first"
    FOLLOW_UP = "follow_up"
    FINAL = "final"

    @property
    def label(self) -> str:
        """The Chinese name."""
        return {"first": "首报", "follow_up": "续报", "final": "终报"}[self.value]


class EscalationStatus(StrEnum):
    """What has become of it."""

    ISSUED = "issued"
    ACKNOWLEDGED = "acknowledged"
    INSTRUCTED = "instructed"
    RETURNED = "returned"
    LAPSED = "lapsed"


class Recipient(WireModel):
    """Who must know: a role in a unit and the channel by which it is reached; never a person, never a number."""

    unit: UnitRef
    role: str
    """Key of `roles` in `config/routes.yaml`: duty_officer | direct_responsible | first_responsible | …"""
    channel: str
    level: str
    """own | lead | co | above: which line of the routes named it."""


class Escalation(WireModel):
    """An incident at a grade, sent to one recipient, with a receipt deadline.

    `id` derives from incident, grade, kind, recipient and chain step. `version` grows with the status.
    """

    schema_version: int = 1
    id: str
    version: int = Field(ge=1)
    incident_id: str
    incident_version: int
    kind: EscalationKind
    grade: Grade
    region: RegionRef
    category: str
    nature: Nature
    title: str
    reasons: tuple[str, ...]
    counts: IncidentCounts
    response_required: bool
    priority_rule: str | None
    unit: UnitRef
    """The lead unit that must handle and answer the matter (谁主管谁负责)."""
    co_units: tuple[UnitRef, ...]
    recipient: Recipient
    route: str
    """Id of the route in `config/routes.yaml` that named the recipient."""
    chain_step: int = Field(ge=0)
    """0 = first addressee; n = after n earlier ones in the chain gave no receipt in time."""
    first_at: Instant
    """When the matter was first mentioned in public."""
    issued_at: Instant
    receipt_due_at: Instant
    status: EscalationStatus
    status_at: Instant


class ReceiptKind(StrEnum):
    """签收、批示、退回."""

    ACKNOWLEDGED = "acknowledged"
    INSTRUCTION = "instruction"
    RETURNED = "returned"


class Receipt(WireModel):
    """What a recipient answers to an escalation. `id` is the idempotency key its sender chooses."""

    schema_version: int = 1
    id: str = Field(min_length=1, max_length=200)
    escalation_id: str = Field(min_length=1, max_length=300)
    incident_id: str = Field(min_length=1, max_length=200)
    kind: ReceiptKind
    role: str = Field(min_length=1, max_length=100)
    at: Instant
    note: str = Field(default="", max_length=4000)
