"""How dead letters stand: the events on their topic, taken in order, reduced to the latest state of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from opinion_stream.models.control import DeadLetter, DeadLetterState

Place = tuple[str, int, int]
"""Topic, partition, offset."""


@dataclass
class Standing:
    """One dead letter as it stands now, without the sealed original.

    `letter.kind` and `letter.reason` tell why it failed last, its place where; `first_at` when it failed first.
    `has_original`: the sealed bytes are still on the topic. `places`: where these bytes failed without a replay.
    """

    letter: DeadLetter
    first_at: datetime
    has_original: bool
    places: set[Place] = field(default_factory=set)

    @property
    def id(self) -> str:
        """Of the dead letter."""
        return self.letter.id

    @property
    def state(self) -> DeadLetterState:
        """As of now."""
        return self.letter.state

    @property
    def changed_at(self) -> datetime:
        """When this state was reached."""
        return self.letter.changed_at or self.letter.at


class Standings:
    """Takes the records of the topic, those of one id in the order in which they were written.

    A record that comes again (same version) changes nothing. The same bytes failing at another place count as a
    further occurrence; they open the letter again only if it was resolved: what was parked or discarded stays so.
    """

    def __init__(self) -> None:
        self.by_id: dict[str, Standing] = {}

    def take(self, event: DeadLetter) -> None:
        """Take the next record."""
        bare = event.model_copy(update={"original_sealed": ""}) if event.original_sealed else event
        known = self.by_id.get(event.id)
        if known is None:
            known = self.by_id[event.id] = Standing(bare, event.at, has_original=False)
        elif event.state is not DeadLetterState.OPEN:
            self._change(known, bare)
        elif known.state is DeadLetterState.RESOLVED and _place(event) not in known.places:
            known.letter = bare.model_copy(update={"version": known.letter.version, "attempts": known.letter.attempts})
        known.has_original |= bool(event.original_sealed)
        if event.state is DeadLetterState.OPEN:
            known.places.add(_place(event))

    def _change(self, known: Standing, event: DeadLetter) -> None:
        before = known.letter
        if event.version <= before.version:
            return
        if event.state is not DeadLetterState.PARKED:
            why = {"kind": before.kind, "reason": before.reason}
            where = {"topic": before.topic, "partition": before.partition, "offset": before.offset}
            event = event.model_copy(update={**why, **where, "key_sealed": before.key_sealed})
        known.letter = event


def _place(letter: DeadLetter) -> Place:
    return letter.topic, letter.partition, letter.offset
