"""How far the ledger is behind the topics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """One partition as the ledger reads it, in offsets (>= 0)."""

    topic: str
    first: int
    """The first record that the broker still has."""
    end: int
    """Where the next record will stand."""
    stands: int | None
    """The record that the ledger reads next; None: it has read nothing of this partition yet."""


def behind(readings: Iterable[Reading]) -> Mapping[str, int]:
    """Records that the topics have and the ledger has not, by topic.

    Counted by offsets: of a compacted topic it may be more than there are. What the broker deleted before the ledger
    had read it cannot be read any more and is not counted.
    """
    found: Counter[str] = Counter()
    for reading in readings:
        stands = reading.first if reading.stands is None else max(reading.first, reading.stands)
        found[reading.topic] += max(0, reading.end - stands)
    return found
