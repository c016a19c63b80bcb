"""What the reporting desk remembers of one matter, and how an escalation of it is made."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from pydantic import Field

from opinion_stream.models.base import Count, Grade, Instant, Nature, RegionRef, UnitRef, WireModel
from opinion_stream.models.escalation import (
    Escalation,
    EscalationKind,
    EscalationStatus,
    Instruction,
    Recipient,
    ReferralRef,
)
from opinion_stream.models.incident import Incident, IncidentCounts
from opinion_stream.models.task import PublicResponse

RECEIPTED = frozenset({EscalationStatus.ACKNOWLEDGED, EscalationStatus.INSTRUCTED, EscalationStatus.RETURNED})


class Matter(WireModel):
    """What a report tells of an incident (or of a referred matter that is no incident) at one version."""

    version: Count
    region: RegionRef
    category: str
    nature: Nature
    title: str
    keywords: tuple[str, ...] = ()
    grade: Grade
    reasons: tuple[str, ...] = ()
    counts: IncidentCounts
    response_required: bool
    priority_rule: str | None = None
    unit: UnitRef
    co_units: tuple[UnitRef, ...] = ()
    first_at: Instant
    status: str = "open"


def matter_of(incident: Incident, lead: UnitRef | None = None, *, ordered: bool = False) -> Matter:
    """What is told of `incident`. `lead`: the unit that took its place after a return; `ordered`: an answer was."""
    return Matter(
        version=incident.version,
        region=incident.region,
        category=incident.category,
        nature=incident.nature,
        title=incident.title,
        keywords=incident.keywords,
        grade=incident.grade,
        reasons=tuple(reason.text for reason in incident.reasons),
        counts=incident.counts,
        response_required=incident.response_required or ordered,
        priority_rule=incident.priority_rule,
        unit=lead or incident.unit,
        co_units=tuple(unit for unit in incident.co_units if unit != lead),
        first_at=incident.first_at,
        status=incident.status,
    )


class Sent(WireModel):
    """One escalation and the report (1, 2, …) of its matter that it belongs to.

    `occasion` names what the report was made for; empty in what an older version stored.
    """

    report: int
    escalation: Escalation
    occasion: str = ""

    @property
    def chain(self) -> tuple[int, str, str, str]:
        """What all levels of one chain, and its reminders, have in common."""
        escalation = self.escalation
        return self.report, escalation.kind, escalation.route, escalation.recipient.unit.code


class Referred(WireModel):
    """A referral of the matter: who referred it under which id, and by when an answer is wanted."""

    id: str
    body: str
    due_at: Instant
    received: bool = False
    """Whether the body has been told that the unit in charge has it."""


class Reports(WireModel):
    """The desk's memory of one matter beside what was sent: one JSON value in the store."""

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
    """Whether the matter is over: its final report was made (to everyone who had a first one)."""
    sent: dict[str, Sent] = Field(default_factory=dict)
    """As an older version stored it; moved to values of their own on loading."""
    receipts: dict[str, str] = Field(default_factory=dict)
    """Receipt id to escalation id."""
    refused: dict[str, str] = Field(default_factory=dict)
    """Ids of illegal receipts, with the reason they were given; the latest ones."""
    ids: tuple[str, ...] = ()
    """Ids of all that was sent, in order."""
    waiting: tuple[str, ...] = ()
    """Those of them that have neither been receipted nor lapsed."""
    told: dict[str, str] = Field(default_factory=dict)
    """`unit/role` of every first addressee to the id of its first report."""
    declined: tuple[str, ...] = ()
    """Codes of lead units that returned the matter as not theirs."""
    matter: Matter | None = None
    """As it stood at the last snapshot."""
    lead: UnitRef | None = None
    """Who is in charge after a return; None: the unit that the incident names."""
    ordered: bool = False
    """An instruction or a referral asks for an answer, whatever the rules say."""
    facts: tuple[str, ...] = ()
    """Findings and tiers of media told of so far."""
    reported_at: Instant | None = None
    reported_version: int = -1
    """Incident version at the last report to all."""
    answers: tuple[str, ...] = ()
    """Ids of the public responses."""
    answered: bool = False
    """Whether there was one since the task was last opened."""
    latest_answer: PublicResponse | None = None
    """The latest of them, without its text."""
    task_closed: bool = False
    outcomes: tuple[str, ...] = ()
    """Ids of the task's outcomes taken in."""
    referrals: dict[str, Referred] = Field(default_factory=dict)
    """By `body/id`."""
    settled_at: Instant | None = None
    """Since when it is over and nothing of it waits."""

    def known(self, recipient: Recipient) -> bool:
        """Whether that unit and role had a first report."""
        return _key(recipient) in self.told

    def with_sent(self, *escalations: Escalation) -> Reports:
        """The same memory with these added or brought up to date."""
        ids, waiting, told = list(self.ids), list(self.waiting), dict(self.told)
        for escalation in escalations:
            if escalation.id not in ids:
                ids.append(escalation.id)
            if escalation.id in waiting:
                waiting.remove(escalation.id)
            if escalation.status is EscalationStatus.ISSUED:
                waiting.append(escalation.id)
            if escalation.kind is EscalationKind.FIRST and escalation.chain_step == 0 and not escalation.reminder:
                told.setdefault(_key(escalation.recipient), escalation.id)
        return self.model_copy(update={"ids": tuple(ids), "waiting": tuple(waiting), "told": told})


def _key(recipient: Recipient) -> str:
    return f"{recipient.unit.code}/{recipient.role}"


def escalation_id(
    incident_id: str,
    grade: Grade,
    kind: EscalationKind,
    occasion: str,
    route: str,
    recipient: Recipient,
    step: int,
    reminder: int = 0,
) -> str:
    """`e-` and 20 hex digits that depend on nothing but the arguments."""
    parts = [incident_id, grade, kind, occasion, route, recipient.unit.code, recipient.role, str(step)]
    parts += [f"reminder {reminder}"] if reminder else []
    return f"e-{hashlib.sha256(chr(31).join(parts).encode()).hexdigest()[:20]}"


def first_step(
    incident_id: str,
    matter: Matter,
    kind: EscalationKind,
    occasion: str,
    recipient: Recipient,
    route: str,
    now: datetime,
    window: timedelta,
    because: tuple[str, ...] = (),
    instruction: Instruction | None = None,
    referral: ReferralRef | None = None,
) -> Escalation:
    """The escalation of `matter` to a first addressee, who has `window` to give a receipt."""
    return Escalation(
        id=escalation_id(incident_id, matter.grade, kind, occasion, route, recipient, 0),
        version=1,
        incident_id=incident_id,
        incident_version=matter.version,
        kind=kind,
        grade=matter.grade,
        region=matter.region,
        category=matter.category,
        nature=matter.nature,
        title=matter.title,
        keywords=matter.keywords,
        reasons=matter.reasons,
        counts=matter.counts,
        response_required=matter.response_required,
        priority_rule=matter.priority_rule,
        unit=matter.unit,
        co_units=matter.co_units,
        recipient=recipient,
        route=route,
        chain_step=0,
        first_at=matter.first_at,
        issued_at=now,
        receipt_due_at=now + window,
        status=EscalationStatus.ISSUED,
        status_at=now,
        because=because,
        instruction=instruction,
        referral=referral,
    )


def passed_on(
    sent: Sent, recipient: Recipient, now: datetime, window: timedelta, because: str, *, reminder: int = 0
) -> Sent:
    """The same report one level up the chain or, with `reminder`, once more to its last level; due after `window`."""
    before = sent.escalation
    step = before.chain_step if reminder else before.chain_step + 1
    occasion = sent.occasion or str(sent.report)
    name = escalation_id(
        before.incident_id, before.grade, before.kind, occasion, before.route, recipient, step, reminder
    )
    after = before.model_copy(
        update={
            "id": name,
            "version": 1,
            "recipient": recipient,
            "chain_step": step,
            "reminder": reminder,
            "issued_at": now,
            "receipt_due_at": now + window,
            "status": EscalationStatus.ISSUED,
            "status_at": now,
            "because": (*before.because, because),
        }
    )
    return sent.model_copy(update={"escalation": after})


def with_status(
    escalation: Escalation, status: EscalationStatus, at: datetime, *, exhausted: bool = False, stopped: str = ""
) -> Escalation:
    """The next version of `escalation`, in `status` since `at`."""
    return escalation.model_copy(
        update={
            "version": escalation.version + 1,
            "status": status,
            "status_at": at,
            "exhausted": exhausted,
            "stopped": stopped,
        }
    )
