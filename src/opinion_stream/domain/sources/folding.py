"""Bounded memory of polls: the newest one by one, older ones folded into quarters of an hour.

A source may be asked every half minute or once a day; its rhythm takes weeks to learn in both cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from opinion_stream.models.source import PollOutcome

SLOT = timedelta(minutes=15)
KEPT = 3000
"""Outcomes kept one by one: a day at one every half minute."""
FOLDED = 4000
"""Folded ones kept before them: six weeks at least."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def slot(at: datetime) -> int:
    """The quarter of an hour a time lies in."""
    return (at - _EPOCH) // SLOT


def shortened(outcomes: Sequence[PollOutcome], kept: int = KEPT, most_folded: int = FOLDED) -> list[PollOutcome]:
    """The outcomes (oldest first) with all but the newest `kept` folded, of which the newest `most_folded` stay."""
    old = len(outcomes) - kept
    if old <= 0:
        return list(outcomes)
    folded = _folded(outcomes[:old])
    return [*folded[max(0, len(folded) - most_folded) :], *outcomes[old:]]


def _folded(outcomes: Iterable[PollOutcome]) -> list[PollOutcome]:
    found: list[PollOutcome] = []
    for outcome in outcomes:
        last = found[-1] if found else None
        if last is not None and last.ok == outcome.ok and slot(last.at) == slot(outcome.at):
            found[-1] = _both(last, outcome)
        else:
            found.append(outcome)
    return found


def _both(first: PollOutcome, second: PollOutcome) -> PollOutcome:
    published = [at for at in (first.latest_published_at, second.latest_published_at) if at is not None]
    return second.model_copy(
        update={
            "at": first.at,
            "last_at": second.last_began,
            "polls": first.polls + second.polls,
            "fetched": first.fetched + second.fetched,
            "sent": first.sent + second.sent,
            "failed": first.failed + second.failed,
            "latest_published_at": max(published, default=None),
        }
    )
