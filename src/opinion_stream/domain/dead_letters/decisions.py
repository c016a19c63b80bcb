"""What an operator may do with dead letters: choose, replay, discard; and the records that tell of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from opinion_stream.domain.dead_letters.attempt import Attempt
from opinion_stream.domain.dead_letters.standing import Standing
from opinion_stream.models.control import DeadLetter, DeadLetterState

UNSETTLED = frozenset({DeadLetterState.OPEN, DeadLetterState.PARKED, DeadLetterState.REPLAYED})
"""States in which a record may still be missing from the road."""


@dataclass(frozen=True)
class Choice:
    """Which dead letters are meant; what is left empty does not restrict.

    `ids`: whole ids or their beginnings. `since`: those that failed first, or changed, at or after.
    """

    ids: tuple[str, ...] = ()
    stages: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    states: frozenset[DeadLetterState] = frozenset()
    since: datetime | None = None

    def means(self, standing: Standing) -> bool:
        """Whether this one is meant."""
        letter = standing.letter
        return (
            (not self.ids or any(letter.id.startswith(name) for name in self.ids))
            and (not self.stages or letter.stage in self.stages)
            and (not self.reasons or letter.kind in self.reasons)
            and (not self.topics or letter.topic in self.topics)
            and (not self.states or letter.state in self.states)
            and (self.since is None or max(standing.first_at, standing.changed_at) >= self.since)
        )


def chosen(choice: Choice, every: Iterable[Standing]) -> list[Standing]:
    """Those that are meant, in the order in which the records were written to their partitions."""
    found = [standing for standing in every if choice.means(standing)]
    return sorted(found, key=lambda s: (s.letter.topic, s.letter.partition, s.letter.offset, s.id))


def why_not_replay(standing: Standing, *, force: bool) -> str | None:
    """Why this one is not replayed, for the operator; None: it is. `force` takes all that still has its bytes."""
    if not standing.has_original:
        return "原始记录已超过保存期，不能重放"
    if force or standing.state is DeadLetterState.OPEN:
        return None
    return {
        DeadLetterState.PARKED: "重放后又失败，已搁置；查明原因并改正后，加 --force 再重放",
        DeadLetterState.REPLAYED: "已重放，还没有结果；确认处理进程在运行，或加 --force 再重放",
        DeadLetterState.RESOLVED: "重放已成功，不必再重放",
        DeadLetterState.DISCARDED: "已作废；确需重放的加 --force",
    }[standing.state]


def why_not_discard(standing: Standing) -> str | None:
    """Why this one is not discarded, for the operator; None: it is."""
    return {
        DeadLetterState.REPLAYED: "已重放，还没有结果；等有了结果再作废",
        DeadLetterState.RESOLVED: "重放已成功，没有可作废的",
        DeadLetterState.DISCARDED: "已经作废",
    }.get(standing.state)


def next_attempt(standing: Standing) -> Attempt:
    """The attempt that a replay now would be. Asked again before its outcome is written, it is the same one."""
    letter = standing.letter
    return Attempt(letter.id, letter.attempts + 1, letter.version + 2)


def replayed(standing: Standing, now: datetime, role: str, note: str) -> DeadLetter:
    """The record that says that the letter was replayed."""
    letter, attempt = standing.letter, next_attempt(standing)
    return letter.model_copy(
        update={
            "version": letter.version + 1,
            "attempts": attempt.number,
            "state": DeadLetterState.REPLAYED,
            "changed_at": now,
            "role": role,
            "note": note,
        }
    )


def discarded(standing: Standing, now: datetime, role: str, note: str) -> DeadLetter:
    """The record that says who discarded the letter, in what role, and why."""
    return standing.letter.model_copy(
        update={
            "version": standing.letter.version + 1,
            "state": DeadLetterState.DISCARDED,
            "changed_at": now,
            "role": role,
            "note": note,
        }
    )
