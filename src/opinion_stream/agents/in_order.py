"""Which record of each partition comes next: none is stepped over, whatever the transport loses on the way.

Between the broker and the agent records can get lost without an error: a rebalance empties the queues, and one that
begins while another ends may have its reading go on behind what was emptied. Whoever took what comes then would
answer before the question, and a commit would count the lost ones as done. So a batch takes only what follows directly
on what is done; what is missing is asked for again, from the place where it should have begun.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from faust.types import TP

E = TypeVar("E")

FIRST_WAIT_SECONDS = 0.5
"""From a request to read again to the next one for the same record, if nothing came of it; then twice as long, ..."""
LAST_WAIT_SECONDS = 60.0
"""... and never longer than this, or than the next if nobody knows whether there is a record at all."""
LAST_WAIT_UNSURE_SECONDS = 3600.0
QUIET_SECONDS = 30.0
"""So long a partition may stand still though the broker holds more of it, before it is asked for again."""
ENOUGH = 8
"""So many requests in vain, two minutes in all, and reading is broken."""


@dataclass
class Missing:
    """What did not come: from which offset on, how often it was asked for and when it will be again (s, monotonic)."""

    offset: int
    sure: bool
    """Whether a record behind it was seen; else the broker only said that its log goes on, which may be a marker."""
    asked: int = 0
    wait: float = FIRST_WAIT_SECONDS
    again_at: float = float("-inf")

    def ask(self, now: float) -> None:
        """It is asked for now."""
        self.asked += 1
        self.again_at = now + self.wait
        self.wait = min(2 * self.wait, LAST_WAIT_SECONDS if self.sure else LAST_WAIT_UNSURE_SECONDS)


@dataclass(frozen=True)
class Taken(Generic[E]):
    """What becomes of the events of a batch. Those that are in neither list are passed over."""

    now: list[E]
    """To be taken through the stage, in order."""
    before: list[E]
    """Already taken: only to be acknowledged."""
    due: dict[TP, int]
    """What comes next when `now` is done."""


@dataclass
class InOrder:
    """The next offset of each partition that this worker reads, and what is missing."""

    due: dict[TP, int] = field(default_factory=dict)
    _missing: dict[TP, Missing] = field(default_factory=dict)
    _still: dict[TP, tuple[int, float]] = field(default_factory=dict)

    def begin(self, places: Mapping[TP, int]) -> None:
        """Read these from so far on; those that are read already go on where they are."""
        for place, offset in places.items():
            self.due.setdefault(place, offset)

    def forget(self, places: Iterable[TP]) -> None:
        """They went to another worker."""
        for place in list(places):
            for known in (self.due, self._missing, self._still):
                known.pop(place, None)

    def take(self, events: Iterable[tuple[E, TP, int, int]]) -> Taken[E]:
        """Sort a batch in the order of its arrival: (event, place, offset, the offset it follows on directly).

        The last tells what the log itself lacks: between it and the record there is nothing (compaction, markers of
        transactions); it is the offset of the record where the log has no gap.
        """
        now: list[E] = []
        before: list[E] = []
        due: dict[TP, int] = {}
        for event, place, offset, follows in events:
            wanted = due.get(place, self.due.get(place))
            if wanted is None:
                continue
            if offset < wanted:
                before.append(event)
            elif follows <= wanted:
                now.append(event)
                due[place] = offset + 1
            else:
                self._miss(place, wanted, sure=True)
        return Taken(now, before, due)

    def done(self, due: Mapping[TP, int]) -> None:
        """What was taken up to here is durable."""
        for place, offset in due.items():
            if place in self.due:
                self.due[place] = offset
                if place in self._missing and self._missing[place].offset < offset:
                    del self._missing[place]

    def look(self, ends: Mapping[TP, int], now: float) -> None:
        """Compare with the ends of the logs (the offsets that will be written next) at `now` (s, monotonic)."""
        for place, offset in self.due.items():
            stands, since = self._still.get(place, (None, now))
            if stands != offset or ends.get(place, 0) <= offset:
                self._still[place] = offset, now
            elif now - since >= QUIET_SECONDS:
                self._miss(place, offset, sure=False)

    def rest(self, now: float) -> None:
        """The broker did not answer or a batch takes long: nobody stands still by his own fault until `now`."""
        self._still = {place: (offset, now) for place, (offset, _) in self._still.items()}

    def wanted(self, now: float) -> dict[TP, int]:
        """From where to read again at `now` (s, monotonic); the same is asked for again when it does not come."""
        due = {place: missing for place, missing in self._missing.items() if now >= missing.again_at}
        for missing in due.values():
            missing.ask(now)
        return {place: missing.offset for place, missing in due.items()}

    def lost(self, now: float) -> list[TP]:
        """What is there for sure and has not come by `now` (s, monotonic), however often it was asked for."""
        return [
            place
            for place, missing in self._missing.items()
            if missing.sure and missing.asked >= ENOUGH and now >= missing.again_at
        ]

    def _miss(self, place: TP, offset: int, *, sure: bool) -> None:
        known = self._missing.get(place)
        if known is None or known.offset != offset or (sure and not known.sure):
            self._missing[place] = Missing(offset, sure)
