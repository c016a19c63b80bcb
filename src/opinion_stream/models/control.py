"""Records beside the road: dead letters, and the clock of a simulation."""

from __future__ import annotations

from opinion_stream.models.base import Instant, WireModel


class DeadLetter(WireModel):
    """A record that could not be processed, kept so that nothing disappears.

    The original bytes are sealed (encrypted), since they may hold personal data that must not stand in
    any topic after `inbound`; who holds the key can open and replay them. `id` derives from the bytes.
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
    """Base64 of the sealed original."""


class ClockTick(WireModel):
    """What time it is in a simulation; the only source of time for deadlines when the clock is `topic`."""

    now: Instant
