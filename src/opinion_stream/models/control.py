"""Records beside the road: dead letters, and the clock of a simulation."""

from __future__ import annotations

from enum import StrEnum

from opinion_stream.models.base import Count, Instant, WireModel


class DeadLetterState(StrEnum):
    """What has become of a dead letter."""

    OPEN = "open"
    REPLAYED = "replayed"
    RESOLVED = "resolved"
    PARKED = "parked"
    DISCARDED = "discarded"

    @property
    def label(self) -> str:
        """The Chinese name."""
        return {
            "open": "待处理",
            "replayed": "已重放，等结果",
            "resolved": "重放成功",
            "parked": "搁置（重放后又失败）",
            "discarded": "已作废",
        }[self.value]


class DeadLetter(WireModel):
    """A record that could not be processed, kept so that nothing disappears; and each change of its state.

    The original bytes are sealed (encrypted), since they may hold personal data that must not stand in
    any topic after `inbound`; who holds the key can open and replay them. `id` derives from the bytes.
    A change of state is a record of the same id and a higher `version`; it repeats the bytes only where the
    replayed record failed again (`parked`), so that nothing is kept longer because an operator looked at it.
    """

    schema_version: int = 1
    id: str
    stage: str
    kind: str
    reason: str
    topic: str
    partition: int
    offset: int
    at: Instant
    size: int
    """Length of the original in bytes."""
    original_sealed: str
    """Base64 of the sealed original; empty in changes of state that do not repeat it."""
    key_sealed: str | None = None
    """Base64 of the sealed key under which the record stood; None: it had none."""
    version: int = 1
    state: DeadLetterState = DeadLetterState.OPEN
    attempts: Count = 0
    """How often it had been replayed when this was written."""
    changed_at: Instant | None = None
    """When an operator changed its state; None where a worker did, at `at`."""
    role: str = ""
    """The role that replayed or discarded it; never a person's name."""
    note: str = ""
    """Why, in that role's words."""


class ClockTick(WireModel):
    """What time it is in a simulation; the only source of time for deadlines when the clock is `topic`."""

    now: Instant
