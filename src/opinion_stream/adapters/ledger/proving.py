"""Proves the audit of a ledger: every chain from its first row, its guard, and that no audited act is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa

from opinion_stream.adapters.ledger import schema as s
from opinion_stream.adapters.ledger.export import FETCH
from opinion_stream.adapters.ledger.writing import as_link
from opinion_stream.domain.ledger.chain import Broken, Proof

_GUARDS = {
    "sqlite": ("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'", 3),
    "postgresql": (
        "SELECT tgname FROM pg_trigger WHERE tgrelid = 'audit'::regclass AND NOT tgisinternal AND tgenabled <> 'D'",
        2,
    ),
}


@dataclass
class Verdict:
    """What was found. `fingerprint` is empty when a chain is broken."""

    subjects: int = 0
    links: int = 0
    fingerprint: str = ""
    broken: Broken | None = None
    guarded: bool = True
    missing: list[str] = field(default_factory=list)
    """Acts that stand in the tables but not in the audit, in Chinese; the first few."""

    @property
    def holds(self) -> bool:
        """Whether all is as it should be."""
        return self.broken is None and self.guarded and not self.missing


def prove(engine: sa.Engine, on_links: Callable[[int], None] = lambda links: None) -> Verdict:
    """Read the whole audit once, in constant memory; `on_links` is told how many links were read so far."""
    proof, verdict = Proof(), Verdict()
    with engine.connect() as db:
        if db.dialect.name == "postgresql":
            db = db.execution_options(isolation_level="REPEATABLE READ")
        question, number = _GUARDS[db.dialect.name]
        verdict.guarded = len(db.execute(sa.text(question)).all()) >= number
        audit = s.AUDIT
        subject = audit.c.subject.collate("C") if db.dialect.name == "postgresql" else audit.c.subject
        rows = db.execution_options(yield_per=FETCH).execute(sa.select(audit).order_by(subject, audit.c.seq))
        for part in rows.partitions():
            verdict.broken = proof.take(as_link(row) for row in part)
            verdict.subjects, verdict.links = proof.subjects, proof.links
            on_links(proof.links)
            if verdict.broken is not None:
                return verdict
        verdict.fingerprint = proof.fingerprint()
        verdict.missing = _missing(db)
    return verdict


_MISSING = {
    "事件{}的首次定级": "SELECT i.id FROM incidents i WHERE NOT EXISTS (SELECT 1 FROM audit a "
    "WHERE a.subject = 'incident/' || i.id || '/grade') ORDER BY i.id LIMIT 5",
    "任务{}的流转": "SELECT e.task_id FROM task_events e GROUP BY e.task_id, e.life HAVING count(*) > "
    "(SELECT count(*) FROM audit a WHERE a.subject = 'task/' || e.task_id || '/' || e.life) ORDER BY 1 LIMIT 5",
    "回应{}的发布": "SELECT r.id FROM responses r WHERE NOT EXISTS (SELECT 1 FROM audit a "
    "WHERE a.subject = 'response/' || r.id) ORDER BY r.id LIMIT 5",
}


def _missing(db: sa.Connection) -> list[str]:
    found: list[str] = []
    for words, question in _MISSING.items():
        found += [words.format(row[0]) for row in db.execute(sa.text(question))]
    return found
