"""The audit: only added to, provable, and the same however the ledger came to know of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ledger_support import Topics, briefs, eventful, exported, feed, life_of_incident
from opinion_stream import topics as t
from opinion_stream.adapters.ledger.proving import prove
from opinion_stream.adapters.ledger.writing import Writer

NewLedger = Callable[[], sa.Engine]


def filled(engine: sa.Engine, topics: Topics, size: int = 50) -> sa.Engine:
    feed(Writer(engine), topics, size)
    return engine


def unguarded(engine: sa.Engine, statement: str) -> None:
    """Do it as somebody who owns the database: with the triggers off."""
    with engine.begin() as db:
        if engine.dialect.name == "postgresql":
            db.exec_driver_sql("ALTER TABLE audit DISABLE TRIGGER USER")
            db.exec_driver_sql(statement)
            db.exec_driver_sql("ALTER TABLE audit ENABLE TRIGGER USER")
            return
        triggers = db.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
        for name, _ in triggers:
            db.exec_driver_sql(f"DROP TRIGGER {name}")
        db.exec_driver_sql(statement)
        for _, made in triggers:
            db.exec_driver_sql(made)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET payload = '{}'", "DELETE FROM audit", "DELETE FROM audit WHERE seq = 1"],
)
def test_the_database_refuses_to_change_the_audit(new_ledger: NewLedger, statement: str) -> None:
    engine = filled(new_ledger(), Topics(life_of_incident("i-1", 6)))
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as db:
        db.exec_driver_sql(statement)


def test_a_row_cannot_be_put_over_another(new_ledger: NewLedger) -> None:
    engine = filled(new_ledger(), Topics(life_of_incident("i-1", 6)))
    if engine.dialect.name == "postgresql":
        with pytest.raises(DBAPIError, match="append-only"), engine.begin() as db:
            db.exec_driver_sql("TRUNCATE audit")
        return
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as db:
        db.exec_driver_sql("INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 1")


@pytest.mark.parametrize(
    ("statement", "seq", "why"),
    [
        (
            "UPDATE audit SET payload = replace(payload, '第2版', '第9版') WHERE subject = 'incident/i-2/grade'",
            2,
            "改动",
        ),
        (
            "UPDATE audit SET at = (SELECT min(at) FROM audit) WHERE subject = 'incident/i-2/grade' AND seq = 3",
            3,
            "改动",
        ),
        ("DELETE FROM audit WHERE subject = 'incident/i-2/grade' AND seq = 2", 2, "缺少"),
    ],
)
def test_the_first_broken_row_is_named(new_ledger: NewLedger, statement: str, seq: int, why: str) -> None:
    engine = filled(new_ledger(), Topics([*life_of_incident("i-1", 9), *life_of_incident("i-2", 9)]))
    assert prove(engine).holds
    unguarded(engine, statement)
    verdict = prove(engine)
    assert verdict.broken is not None
    assert (verdict.broken.subject, verdict.broken.seq) == ("incident/i-2/grade", seq)
    assert why in verdict.broken.why


def test_a_chain_that_was_cut_off_or_is_gone_is_missed(new_ledger: NewLedger) -> None:
    engine = filled(new_ledger(), Topics(eventful()))
    before = prove(engine)
    assert before.holds
    unguarded(engine, "DELETE FROM audit WHERE subject = 'incident/i-1x2/grade'")
    after = prove(engine)
    assert after.missing == ["事件i-1x2的首次定级"]
    assert after.fingerprint != before.fingerprint


def test_triggers_that_are_gone_are_missed(new_ledger: NewLedger) -> None:
    engine = filled(new_ledger(), Topics(life_of_incident("i-1", 6)))
    with engine.begin() as db:
        if engine.dialect.name == "postgresql":
            db.exec_driver_sql("ALTER TABLE audit DISABLE TRIGGER audit_no_change")
        else:
            db.exec_driver_sql("DROP TRIGGER audit_no_update")
    assert not prove(engine).guarded


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_from_compacted_topics_come_the_same_histories_and_the_same_chains(
    new_ledger: NewLedger, tmp_path: Path, seed: int
) -> None:
    topics = Topics(eventful(seed))
    left = topics.compacted()
    assert len(left.records) < len(topics.records)
    whole = exported(filled(new_ledger(), topics), tmp_path / "whole")
    assert exported(filled(new_ledger(), left), tmp_path / "left") == whole


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_old_versions_that_come_again_change_no_chain(new_ledger: NewLedger, tmp_path: Path, seed: int) -> None:
    # Acts may be dated back, so that an old version ends later than the newest; it says nothing new all the same.
    records = eventful(seed)
    whole = exported(filled(new_ledger(), Topics(records)), tmp_path / "whole")
    again = exported(filled(new_ledger(), Topics([*records, *records]), 70), tmp_path / "again")
    assert again["audit.jsonl"] == whole["audit.jsonl"]


def test_what_befell_an_incident_that_was_merged_in_stands_on_its_own_chain(new_ledger: NewLedger) -> None:
    survivor = life_of_incident("i-1", 6)[-1][1]
    taken = life_of_incident("i-2", 6)[-1][1]
    theirs = [c.model_copy(update={"reason": f"〔i-2〕{c.reason}"}) for c in taken.history]  # type: ignore[attr-defined]
    merged = survivor.model_copy(
        update={"version": 7, "history": (*theirs, *survivor.history)}  # type: ignore[attr-defined]
    )
    one = filled(new_ledger(), Topics([(t.INCIDENTS, r) for r in (survivor, taken, merged)]))
    other = filled(new_ledger(), Topics([(t.INCIDENTS, r) for r in (merged, taken)]))
    assert prove(one).fingerprint == prove(other).fingerprint
    with one.connect() as db:
        assert {r[0] for r in db.execute(sa.text("SELECT DISTINCT incident_id FROM v_grade_changes"))} == {"i-1", "i-2"}


def test_what_operators_decided_about_dead_letters_is_audited(new_ledger: NewLedger) -> None:
    engine = filled(new_ledger(), Topics(eventful(mentions=2)), size=9)
    with engine.connect() as db:
        decided = db.execute(sa.text("SELECT kind FROM audit WHERE subject = 'dead-letter/d-1' ORDER BY seq")).all()
        (letter,) = db.execute(sa.text("SELECT * FROM v_dead_letters WHERE id = 'd-1'")).mappings()
    assert [row[0] for row in decided] == ["dead_letter_replayed", "dead_letter_discarded"]
    assert (letter["state_label"], letter["occurrences"], letter["stage_label"]) == ("已作废", 2, "监测收集")


def test_what_persons_decided_on_briefs_is_audited_and_the_last_brief_tells_all_of_it(new_ledger: NewLedger) -> None:
    told = briefs("i-1")
    every, last = filled(new_ledger(), Topics(told), size=1), filled(new_ledger(), Topics(told[-1:]))
    with every.connect() as db:
        kinds = db.execute(sa.text("SELECT kind FROM audit WHERE subject = 'brief/b-1' ORDER BY seq")).all()
        status = db.execute(sa.text("SELECT status FROM briefs WHERE id = 'b-1'")).scalar_one()
    assert [row[0] for row in kinds] == ["brief_returned", "brief_approved"]
    assert status == "for_approval"
    assert prove(every).fingerprint == prove(last).fingerprint
