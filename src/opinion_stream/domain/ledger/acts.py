"""Which acts of a record are audited: grade changes, overrides, closings, transitions, publications, decisions.

Each list is in the order in which the acts were done, whatever version of the record is looked at: a later version
begins with what an earlier one says. So a ledger that saw every version and one that sees only the last that a
compacted topic keeps come to the same chains.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from opinion_stream.domain.ids import INCIDENT_PREFIX
from opinion_stream.domain.ledger.chain import Entry, entry
from opinion_stream.models.brief import Brief
from opinion_stream.models.control import DeadLetter, DeadLetterState
from opinion_stream.models.incident import Incident
from opinion_stream.models.task import PublicResponse, ResponseTask

RULE = "rule"
Acts = Iterator[tuple[str, list[Entry]]]
"""Subject and its acts so far, oldest first."""

_TAKEN_OVER = re.compile(rf"(?:〔({re.escape(INCIDENT_PREFIX)}[^〔〕]+)〕)+")


def origin(incident_id: str, reason: str) -> str:
    """The incident whose change or event this was: another one that was merged into it marks its own in the reason."""
    found = _TAKEN_OVER.match(reason)
    return found[1] if found else incident_id


def of_incident(incident: Incident) -> Acts:
    """Its own grade changes and its own events; those of incidents merged into it stand on the chains of these."""
    grades = [
        entry(
            change.at,
            "grade_change" if change.by == RULE else "grade_decision",
            {"grade": change.grade.value, "score": change.score, "by": change.by, "reason": change.reason},
        )
        for change in incident.history
        if origin(incident.id, change.reason) == incident.id
    ]
    yield f"incident/{incident.id}/grade", grades
    events = [
        entry(
            event.at,
            f"incident_{event.action.value}",
            {"action": event.action.value, "by": event.by, "reason": event.reason, "cause": event.cause},
        )
        for event in incident.events
        if origin(incident.id, event.reason) == incident.id
    ]
    if events:
        yield f"incident/{incident.id}/life", events


def of_brief(brief: Brief) -> Acts:
    """What persons decided on the briefs on an incident."""
    decisions = [
        entry(
            decision.at,
            f"brief_{decision.status.value}",
            {
                "version": decision.version,
                "by": decision.by_role,
                "reason": decision.reason,
                "cause": decision.cause,
            },
        )
        for decision in brief.decisions
    ]
    if decisions:
        yield f"brief/{brief.id}", decisions


def of_task(task: ResponseTask) -> Acts:
    """Every transition. A task that came back after it had been archived begins a new history, so a new chain."""
    yield (
        f"task/{task.id}/{task.first_round}",
        [
            entry(
                event.at,
                f"task_{event.action}",
                {
                    "action": event.action,
                    "from": event.from_state.value if event.from_state else None,
                    "to": event.to_state.value,
                    "role": event.role,
                    "unit": event.unit,
                    "cause": event.cause,
                    "note": event.note,
                    "approver": event.approver,
                    "ground": event.ground,
                },
            )
            for event in task.history
        ],
    )


def of_response(response: PublicResponse) -> Acts:
    """The publication."""
    fields: dict[str, object] = {
        "task": response.task_id,
        "unit": response.unit.code,
        "publication": response.publication,
        "url": response.url,
        "title": response.title,
        "text": response.text,
    }
    yield f"response/{response.id}", [entry(response.published_at, "publication", fields)]


def of_dead_letter(letter: DeadLetter) -> Acts:
    """What an operator decided about it (replayed, discarded), if this record tells of that."""
    if letter.state in _DECISIONS:
        yield f"dead-letter/{letter.id}", [_decision(letter)]


_DECISIONS = (DeadLetterState.REPLAYED, DeadLetterState.DISCARDED)


def _decision(letter: DeadLetter) -> Entry:
    fields: dict[str, object] = {
        "state": letter.state.value,
        "version": letter.version,
        "role": letter.role,
        "note": letter.note,
        "attempts": letter.attempts,
    }
    return entry(letter.changed_at or letter.at, f"dead_letter_{letter.state.value}", fields)
