"""What is older than the policy says goes, with an entry on the audit; and a rebuilt ledger comes to the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import orjson
import sqlalchemy as sa

import builders
from ledger_support import Topics, eventful, exported, feed
from opinion_stream import topics as t
from opinion_stream.adapters.ledger.places import Where, put_in_place
from opinion_stream.adapters.ledger.proving import prove
from opinion_stream.adapters.ledger.pruning import RULES, carry_over, count, due, lost, prune
from opinion_stream.adapters.ledger.writing import Writer
from opinion_stream.policy.ledger import KeepDays

NewLedger = Callable[[], sa.Engine]
POLICY = builders.small_policy().ledger
NOW = builders.later(days=31)


def test_every_period_of_the_policy_has_its_rule() -> None:
    assert set(RULES) == set(KeepDays.model_fields)


def test_old_mentions_go_and_the_audit_tells(new_ledger: NewLedger) -> None:
    engine = new_ledger()
    feed(Writer(engine), Topics(eventful()), 1000)
    new = builders.mention(source_id="new", published_at=NOW - timedelta(days=2))
    feed(Writer(engine), Topics([*eventful(), (t.COLLECTED, new)]), 1000)
    would = count(engine, due(POLICY, NOW))
    done = prune(engine, POLICY, NOW)
    assert done == would
    assert (done["mentions"], done["assessments"], done["incidents"]) == (40, 40, 0)
    with engine.connect() as db:
        assert [r[0] for r in db.execute(sa.text("SELECT id FROM mentions"))] == [new.id]
        told = db.execute(sa.text("SELECT payload FROM audit WHERE subject = 'prune/mentions'")).scalar_one()
    said = orjson.loads(told)
    assert (said["rows"], said["days"], said["source"]) == (40, 30, POLICY.source)
    assert prove(engine).holds
    assert not any(prune(engine, POLICY, NOW).values())


def test_what_still_goes_on_stays_however_old(new_ledger: NewLedger) -> None:
    engine = new_ledger()
    open_, closed = builders.incident(id="i-open"), builders.incident(id="i-closed", status="closed")
    feed(Writer(engine), Topics([(t.INCIDENTS, open_), (t.INCIDENTS, closed)]), 10)
    prune(engine, POLICY, builders.later(days=4000))
    with engine.connect() as db:
        assert [r[0] for r in db.execute(sa.text("SELECT id FROM incidents"))] == ["i-open"]
        assert [r[0] for r in db.execute(sa.text("SELECT DISTINCT incident_id FROM incident_grades"))] == ["i-open"]


def test_a_rebuilt_ledger_equals_the_pruned_one(new_ledger: NewLedger, tmp_path: Path) -> None:
    old, new = new_ledger(), new_ledger()
    feed(Writer(old), Topics(eventful()), 70)
    prune(old, POLICY, NOW)
    prune(old, POLICY, NOW + timedelta(days=1))
    feed(Writer(new), Topics(eventful()), 1000)
    assert lost(old, new) == {"audit": (len_of(old), len_of(new))}
    carry_over(old, new)
    assert lost(old, new) == {}
    assert exported(new, tmp_path / "new") == exported(old, tmp_path / "old")
    assert prove(new).fingerprint == prove(old).fingerprint


def len_of(engine: sa.Engine) -> int:
    with engine.connect() as db:
        return int(db.execute(sa.text("SELECT count(*) FROM audit")).scalar_one())


def test_a_new_ledger_takes_the_place_of_the_old_which_is_kept(new_place: Callable[[], Where], tmp_path: Path) -> None:
    from opinion_stream.adapters.ledger.migrating import migrate

    place = new_place()
    new = place.beside("rebuild")
    for each, title in ((place, "旧"), (new, "新")):
        engine = each.open()
        migrate(engine, each.schema)
        feed(Writer(engine), Topics([(t.INCIDENTS, builders.incident(title=title))]), 1)
        engine.dispose()
    kept = put_in_place(new, place, NOW)
    assert (titles(place), titles(kept), new.exists()) == (["新"], ["旧"], False)
    kept.empty()


def titles(place: Where) -> list[str]:
    engine = place.open(read_only=True)
    with engine.connect() as db:
        found = [str(row[0]) for row in db.execute(sa.text("SELECT title FROM incidents"))]
    engine.dispose()
    return found
