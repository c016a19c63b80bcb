"""What the reporting desk remembers of one incident, and how an escalation is made and receipted."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from pydantic import Field

from opinion_stream.models.base import Grade, WireModel
from opinion_stream.models.escalation import (
    Escalation,
    EscalationKind,
    EscalationStatus,
    ReceiptKind,
    Recipient,
)
from opinion_stream.models.incident import Incident

RECEIPTED = frozenset({EscalationStatus.ACKNOWLEDGED, EscalationStatus.INSTRUCTED, EscalationStatus.RETURNED})

_ANSWERS = {
    ReceiptKind.ACKNOWLEDGED: EscalationStatus.ACKNOWLEDGED,
    ReceiptKind.INSTRUCTION: EscalationStatus.INSTRUCTED,
    ReceiptKind.RETURNED: EscalationStatus.RETURNED,
}

AFTER_RECEIPT: dict[tuple[EscalationStatus, ReceiptKind], EscalationStatus | None] = {
    **{(EscalationStatus.ISSUED, kind): status for kind, status in _ANSWERS.items()},
    # A person who signs late has still signed; the lapse stays visible as the version before.
    **{(EscalationStatus.LAPSED, kind): status for kind, status in _ANSWERS.items()},
    (EscalationStatus.ACKNOWLEDGED, ReceiptKind.ACKNOWLEDGED): None,
    (EscalationStatus.ACKNOWLEDGED, ReceiptKind.INSTRUCTION): EscalationStatus.INSTRUCTED,
    (EscalationStatus.ACKNOWLEDGED, ReceiptKind.RETURNED): EscalationStatus.RETURNED,
    # An instruction implies that it was received, so an acknowledgement that arrives after it adds nothing.
    (EscalationStatus.INSTRUCTED, ReceiptKind.ACKNOWLEDGED): None,
    (EscalationStatus.INSTRUCTED, ReceiptKind.INSTRUCTION): EscalationStatus.INSTRUCTED,
    (EscalationStatus.RETURNED, ReceiptKind.RETURNED): None,
}
"""Status after a receipt. None: legal, changes nothing. A pair that is not listed is illegal."""


class Sent(WireModel):
    """One escalation and the report (1, 2, …) of its incident that it belongs to."""

    report: int
    escalation: Escalation


class Reports(WireModel):
    """The desk's memory of one incident; one JSON value in the store."""

    incident_id: str
    version: int = -1
    """Last incident version seen."""
    count: int = 0
    """Reports so far, each to one or more recipients."""
    grade: Grade | None = None
    """Most serious grade reported; None before the first report."""
    voices: int = 0
    """Distinct voices at the last report that went to all recipients of its time."""
    closed: bool = False
    sent: dict[str, Sent] = Field(default_factory=dict)
    receipts: dict[str, str] = Field(default_factory=dict)
    """Receipt id to escalation id."""

    def addressed(self) -> dict[tuple[str, str], Escalation]:
        """The first report of every first addressee so far, by unit code and role."""
        return {
            (sent.escalation.recipient.unit.code, sent.escalation.recipient.role): sent.escalation
            for sent in self.sent.values()
            if sent.escalation.kind is EscalationKind.FIRST and sent.escalation.chain_step == 0
        }

    def receipted(self, like: Sent) -> bool:
        """Whether anyone in the chain that `like` belongs to has given a receipt, in time or late."""
        return any(sent.escalation.status in RECEIPTED for sent in self.sent.values() if _chain(sent) == _chain(like))

    def with_sent(self, report: int, escalation: Escalation) -> Reports:
        """The same memory with `escalation` added or brought up to date."""
        return self.model_copy(
            update={"sent": {**self.sent, escalation.id: Sent(report=report, escalation=escalation)}}
        )


def _chain(sent: Sent) -> tuple[int, str, str, str]:
    escalation = sent.escalation
    return sent.report, escalation.kind, escalation.route, escalation.recipient.unit.code


def escalation_id(
    incident_id: str, grade: Grade, kind: EscalationKind, report: int, route: str, recipient: Recipient, step: int
) -> str:
    """`e-` and 20 hex digits that depend on nothing but the arguments."""
    parts = (incident_id, grade, kind, str(report), route, recipient.unit.code, recipient.role, str(step))
    return f"e-{hashlib.sha256(chr(31).join(parts).encode()).hexdigest()[:20]}"


def first_step(
    incident: Incident,
    kind: EscalationKind,
    report: int,
    recipient: Recipient,
    route: str,
    now: datetime,
    window: timedelta,
) -> Escalation:
    """The escalation of `incident` to a first addressee, who has `window` to give a receipt."""
    return Escalation(
        id=escalation_id(incident.id, incident.grade, kind, report, route, recipient, 0),
        version=1,
        incident_id=incident.id,
        incident_version=incident.version,
        kind=kind,
        grade=incident.grade,
        region=incident.region,
        category=incident.category,
        nature=incident.nature,
        title=incident.title,
        reasons=tuple(reason.text for reason in incident.reasons),
        counts=incident.counts,
        response_required=incident.response_required,
        priority_rule=incident.priority_rule,
        unit=incident.unit,
        co_units=incident.co_units,
        recipient=recipient,
        route=route,
        chain_step=0,
        first_at=incident.first_at,
        issued_at=now,
        receipt_due_at=now + window,
        status=EscalationStatus.ISSUED,
        status_at=now,
    )


def next_step(sent: Sent, recipient: Recipient, now: datetime, window: timedelta) -> Escalation:
    """The same report to the next in the chain, who has `window` from `now`."""
    before = sent.escalation
    step = before.chain_step + 1
    name = escalation_id(before.incident_id, before.grade, before.kind, sent.report, before.route, recipient, step)
    return before.model_copy(
        update={
            "id": name,
            "version": 1,
            "recipient": recipient,
            "chain_step": step,
            "issued_at": now,
            "receipt_due_at": now + window,
            "status": EscalationStatus.ISSUED,
            "status_at": now,
        }
    )


def with_status(escalation: Escalation, status: EscalationStatus, at: datetime) -> Escalation:
    """The next version of `escalation`, in `status` since `at`."""
    return escalation.model_copy(update={"version": escalation.version + 1, "status": status, "status_at": at})
