"""Two-way sharing with other bodies: Referral (交办、转办), ReferralReply (反馈), TaskOutcome (办结情况)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from opinion_stream.models.base import Instant, Nature, UnitRef, WireModel


class ReferralKind(StrEnum):
    """How a matter came: from above, from a body beside us, or passed along without a task."""

    HANDED_DOWN = "handed_down"
    ACROSS = "across"
    FORWARDED = "forwarded"

    @property
    def label(self) -> str:
        """The Chinese name."""
        return {"handed_down": "上级交办", "across": "平级转办", "forwarded": "转送"}[self.value]


class Referral(WireModel):
    """A matter that an outside body asks us to handle and answer by a deadline of its own.

    `id` is the idempotency key that the body chooses; with `from_body` it names the referral. Title and text
    are as the body wrote them: the stage masks personal data before anything of them goes further.
    """

    schema_version: int = 1
    id: str = Field(min_length=1, max_length=200)
    from_body: str = Field(min_length=1, max_length=200)
    """Name of the body, e.g. a provincial office; never a person."""
    kind: ReferralKind
    title: str = Field(min_length=1, max_length=200)
    text: str = Field(default="", max_length=20_000)
    at: Instant
    due_at: Instant
    """By when the body wants its answer."""
    incident_id: str | None = Field(default=None, max_length=200)
    """The incident it concerns, if the body knows; None: a matter of its own."""
    region: str | None = Field(default=None, max_length=100)
    """Code in `config/regions.yaml`; None: the whole jurisdiction."""
    category: str | None = Field(default=None, max_length=60)
    """Level-1 category; None: the policy's fallback."""
    nature: Nature = Nature.OTHER
    unit: str | None = Field(default=None, max_length=100)
    """Code of the unit it is for; None: the unit in charge of the category, or else the office."""


class ReplyStatus(StrEnum):
    """How far a referred matter is."""

    RECEIVED = "received"
    ANSWERED = "answered"
    CLOSED = "closed"
    REOPENED = "reopened"

    @property
    def label(self) -> str:
        """The Chinese name."""
        return {"received": "已签收", "answered": "已公开答复", "closed": "已办结", "reopened": "重新办理"}[self.value]


class ReferralReply(WireModel):
    """What we report back to the body that referred a matter. `id` derives from the referral and the cause."""

    schema_version: int = 1
    id: str
    referral_id: str
    from_body: str
    """The body that referred it, to whom this reply is addressed."""
    incident_id: str
    status: ReplyStatus
    at: Instant
    unit: UnitRef
    """The unit that received, answered or closed it."""
    in_time: bool
    """Whether this came before the deadline that the body set."""
    text: str = ""
    publication: str | None = None
    url: str | None = None
    legal_ground: str | None = None


class OutcomeKind(StrEnum):
    """What has become of a task, as far as others must know."""

    CLOSED = "closed"
    REOPENED = "reopened"


class TaskOutcome(WireModel):
    """The response stage tells the reporting stage that a task was closed or opened again.

    `id` derives from task and version. What was published stands on the topic `responses` and is read there.
    """

    schema_version: int = 1
    id: str
    task_id: str
    incident_id: str
    kind: OutcomeKind
    unit: UnitRef
    at: Instant
    text: str = ""
    legal_ground: str | None = None
