"""Escalation (报送) and Receipt (签收/批示)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from opinion_stream.models.base import Grade, Instant, Nature, RegionRef, UnitRef, WireModel
from opinion_stream.models.incident import IncidentCounts


class EscalationKind(StrEnum):
    """首报、续报、终报; 批示 passed on to the unit in charge; 交办 of another body passed on to it."""

    FIRST = "first"
    FOLLOW_UP = "follow_up"
    FINAL = "final"
    INSTRUCTION = "instruction"
    REFERRAL = "referral"

    @property
    def label(self) -> str:
        """The Chinese name."""
        return {
            "first": "首报",
            "follow_up": "续报",
            "final": "终报",
            "instruction": "批示",
            "referral": "交办",
        }[self.value]


class EscalationStatus(StrEnum):
    """What has become of it."""

    ISSUED = "issued"
    ACKNOWLEDGED = "acknowledged"
    INSTRUCTED = "instructed"
    RETURNED = "returned"
    LAPSED = "lapsed"

    @property
    def label(self) -> str:
        """The Chinese name."""
        return {
            "issued": "待签收",
            "acknowledged": "已签收",
            "instructed": "已批示",
            "returned": "已退回",
            "lapsed": "逾期未签收",
        }[self.value]


class Recipient(WireModel):
    """Who must know: a role in a unit and the channel by which it is reached; never a person, never a number."""

    unit: UnitRef
    role: str
    """Key of `roles` in `config/routes.yaml`: duty_officer | direct_responsible | first_responsible | …"""
    channel: str
    level: str
    """own | lead | co | joint | above: which line of the routes named it."""
    post: str = ""
    """Key of `posts` in `config/duty.yaml` that answers for the role; empty where the roster has none."""
    seat: str = ""
    """Key of `seats` in `config/duty.yaml`: who was on duty at that post when this was issued."""
    contact: str = ""
    """How the seat is reached, CHANNEL:ADDRESS of a desk; `channel` is where notifications for it go."""


class Instruction(WireModel):
    """What a person in charge has written on a report (批示), passed on to the unit that must carry it out."""

    receipt_id: str
    escalation_id: str
    """The report that was instructed upon."""
    by_role: str
    by_unit: UnitRef
    by_level: str
    """Line of the routes that the instructing recipient stands on: own | above | lead | co | joint."""
    at: Instant
    text: str
    due_at: Instant | None = None
    """By when it is to be done; None: no deadline beside those of the rules."""
    publications: tuple[str, ...] = ()
    """Keys of `publications` in `config/response.yaml` that the answer must use."""
    open_task: bool = False
    """A response task must be opened even if the rules ask for none."""
    grade: Grade | None = None
    """The graver grade that was ordered."""


class ReferralRef(WireModel):
    """The matter another body handed down or across (交办、转办) that an escalation passes on."""

    id: str
    kind: str
    """handed_down | across | forwarded, see `Referral`."""
    from_body: str
    due_at: Instant
    """By when the body wants its answer."""


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
    keywords: tuple[str, ...] = ()
    """What the matter is about: the points that an answer should speak of."""
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
    """Level of the chain: 0 = first addressee; n = after n earlier ones in the chain gave no receipt in time."""
    first_at: Instant
    """When the matter was first mentioned in public."""
    issued_at: Instant
    receipt_due_at: Instant
    status: EscalationStatus
    status_at: Instant
    because: tuple[str, ...] = ()
    """Why this report was made now, in sentences; `reasons` are those of the grade."""
    reminder: int = Field(default=0, ge=0)
    """At the end of the chain: which repeated reminder this is; 0 = none."""
    exhausted: bool = False
    """True: it lapsed, and neither the chain nor a reminder is left."""
    stopped: str = ""
    """Why nobody further was addressed when it lapsed: receipted (by another in its chain) | over (the matter is) |
    returned (by the unit, as not theirs). Empty: somebody was, or it is `exhausted`."""
    hop: int = Field(default=0, ge=0)
    """How many units had returned the matter as not theirs before it came to this recipient."""
    returned_by: UnitRef | None = None
    """The unit that returned it last. On a report to a new lead unit: the unit that was in charge before."""
    decided: bool = False
    """True: the office decided that this unit is in charge; it cannot be returned again."""
    instruction: Instruction | None = None
    referral: ReferralRef | None = None

    @property
    def reassigns(self) -> bool:
        """Whether it puts a new lead unit (`unit`) in charge after `returned_by` gave the matter back."""
        return self.returned_by is not None and self.recipient.unit == self.unit and self.recipient.level == "lead"


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
    """The text of the instruction, or why the report is returned; the stage masks personal data in it."""
    to_unit: str | None = Field(default=None, max_length=100)
    """returned: code of the unit whose matter it is; None: the office decides."""
    due_at: Instant | None = None
    """instruction: by when it is to be done."""
    publications: tuple[str, ...] = Field(default=(), max_length=20)
    """instruction: keys of `publications` in `config/response.yaml` that the answer must use."""
    open_task: bool = False
    """instruction: a response task must be opened even if the rules ask for none."""
    grade: Grade | None = None
    """instruction: the graver grade that is ordered."""
