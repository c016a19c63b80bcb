"""Deletes what the ledger need not keep any longer, and writes on the audit what was deleted by which rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa

from opinion_stream.adapters.ledger import schema as s
from opinion_stream.adapters.ledger.statements import alone
from opinion_stream.adapters.ledger.types import as_text
from opinion_stream.adapters.ledger.writing import add_acts, as_link
from opinion_stream.domain.ledger.chain import Entry, entry
from opinion_stream.policy.ledger import LedgerPolicy

SUBJECT = "prune/"


@dataclass(frozen=True)
class _Rule:
    """`time`: what the age of a row is counted from. `over`: whether it may go at all. `below`: what goes with it."""

    time: sa.Column[Any]
    over: sa.ColumnElement[bool] | None = None
    below: Mapping[sa.Table, str] = field(default_factory=dict)


RULES: dict[str, _Rule] = {
    "mentions": _Rule(s.MENTIONS.c.published_at),
    "assessments": _Rule(s.ASSESSMENTS.c.published_at),
    "incidents": _Rule(
        s.INCIDENTS.c.last_at,
        s.INCIDENTS.c.status != "open",
        dict.fromkeys((s.INCIDENT_MENTIONS, s.INCIDENT_GRADES, s.INCIDENT_EVENTS), "incident_id"),
    ),
    "briefs": _Rule(s.BRIEFS.c.last_at),
    "warnings": _Rule(s.WARNINGS.c.at, s.WARNINGS.c.status != "open"),
    "escalations": _Rule(
        s.ESCALATIONS.c.issued_at, s.ESCALATIONS.c.status != "issued", {s.ESCALATION_STATUSES: "escalation_id"}
    ),
    "receipts": _Rule(s.RECEIPTS.c.at),
    "tasks": _Rule(
        s.TASKS.c.updated_at,
        s.TASKS.c.state.in_(("closed", "archived")),
        dict.fromkeys((s.TASK_EVENTS, s.TASK_CLOCKS, s.TASK_CLOCK_CHANGES), "task_id"),
    ),
    "responses": _Rule(s.RESPONSES.c.published_at),
    "supervision_notices": _Rule(s.SUPERVISION_NOTICES.c.at),
    "effects": _Rule(s.EFFECTS.c.published_at),
    "referral_replies": _Rule(s.REFERRAL_REPLIES.c.at),
    "task_outcomes": _Rule(s.TASK_OUTCOMES.c.at),
    "dead_letters": _Rule(
        s.DEAD_LETTERS.c.at,
        s.DEAD_LETTERS.c.state.in_(("resolved", "discarded")),
        dict.fromkeys((s.DEAD_LETTER_CHANGES, s.DEAD_LETTER_PLACES), "letter_id"),
    ),
    "unreadable": _Rule(s.UNREADABLE.c.at),
}
"""One for each field of `keep_days` in `ledger.yaml`."""


def due(policy: LedgerPolicy, now: datetime) -> dict[str, datetime]:
    """By table: before which time rows go."""
    days = policy.keep_days.model_dump()
    return {name: now - timedelta(days=days[name]) for name in RULES if days[name] is not None}


def count(engine: sa.Engine, before: Mapping[str, datetime]) -> dict[str, int]:
    """How many rows of each table would go."""
    found: dict[str, int] = {}
    with engine.connect() as db:
        for name, limit in before.items():
            where = _where(RULES[name], limit)
            found[name] = db.execute(sa.select(sa.func.count()).where(where)).scalar_one()
    return found


def prune(
    engine: sa.Engine,
    policy: LedgerPolicy,
    now: datetime,
    on_table: Callable[[str, int], None] = lambda name, rows: None,
) -> dict[str, int]:
    """Delete what is due, table by table, each with its entry on the audit in the same transaction; rows by table."""
    done: dict[str, int] = {}
    days = policy.keep_days.model_dump()
    for name, limit in due(policy, now).items():
        with engine.begin() as db:
            alone(db)
            number = _delete(db, name, limit)
            if number:
                said: dict[str, object] = {"table": name, "before": as_text(limit), "rows": number, "days": days[name]}
                act = entry(now.astimezone(UTC), "prune", {**said, "source": policy.source})
                add_acts(db, [(SUBJECT + name, [act])], all_new=True)
        done[name] = number
        on_table(name, number)
    return done


def carry_over(old: sa.Engine, new: sa.Engine) -> int:
    """Do in a rebuilt ledger what was pruned in the old one, and put the old entries on its audit; how many."""
    with old.connect() as db:
        audit = s.AUDIT
        found = sa.select(audit).where(audit.c.kind == "prune").order_by(audit.c.subject, audit.c.seq)
        links = [as_link(row) for row in db.execute(found)]
    acts: dict[str, list[Entry]] = {}
    for link in links:
        acts.setdefault(link.subject, []).append(link.entry)
    with new.begin() as db:
        alone(db)
        for subject, entries in acts.items():
            limit = max(orjson.loads(act.payload)["before"] for act in entries)
            _delete(db, subject.removeprefix(SUBJECT), datetime.fromisoformat(limit))
        add_acts(db, list(acts.items()), all_new=True)
    return len(links)


def _where(rule: _Rule, limit: datetime) -> sa.ColumnElement[bool]:
    old = rule.time < limit
    return old if rule.over is None else sa.and_(old, rule.over)


def _delete(db: sa.Connection, name: str, limit: datetime) -> int:
    rule = RULES[name]
    where = _where(rule, limit)
    table = rule.time.table
    for child, key in rule.below.items():
        db.execute(sa.delete(child).where(child.c[key].in_(sa.select(table.c.id).where(where))))
    return int(db.execute(sa.delete(table).where(where)).rowcount)


def lost(old: sa.Engine, new: sa.Engine) -> dict[str, tuple[int, int]]:
    """Tables of content in which the new ledger has fewer rows than the old: (old, new)."""
    numbers: list[dict[str, int]] = []
    for engine in (old, new):
        with engine.connect() as db:
            numbers.append({table.name: _rows(db, table) for table in s.CONTENT})
    before, after = numbers
    return {name: (before[name], after[name]) for name in before if after[name] < before[name]}


def _rows(db: sa.Connection, table: sa.Table) -> int:
    return int(db.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
