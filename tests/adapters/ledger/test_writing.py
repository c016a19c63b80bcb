"""The ledger takes records in: once each, whatever the batches, the repeats and who else writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

import builders
from ledger_support import Topics, eventful, exported, feed, handled
from opinion_stream import topics as t
from opinion_stream.adapters.ledger.schema import METADATA
from opinion_stream.adapters.ledger.views import names
from opinion_stream.adapters.ledger.writing import Batch, Moved, Writer
from opinion_stream.domain.supervision.figures import bulletin
from opinion_stream.domain.supervision.period import Period
from opinion_stream.models.task import ResponseTask

NewLedger = Callable[[], sa.Engine]


def test_every_view_can_be_read_and_every_table_is_filled(new_ledger: NewLedger) -> None:
    engine = new_ledger()
    feed(Writer(engine), Topics(eventful()), 100)
    with engine.connect() as db:
        found = {name: len(db.execute(sa.text(f"SELECT * FROM {name}")).all()) for name in names()}
    empty = {name for name, rows in found.items() if not rows}
    assert empty == {"v_effects", "v_warnings"}


def test_labels_are_chinese(new_ledger: NewLedger) -> None:
    engine = new_ledger()
    feed(Writer(engine), Topics([(t.INCIDENTS, builders.incident())]), 100)
    with engine.connect() as db:
        (row,) = db.execute(sa.text("SELECT * FROM v_open_incidents")).mappings()
    assert (row["grade_label"], row["nature_label"], row["status_label"]) == ("Ⅲ级（较大·黄）", "实际困难", "进行中")


def test_the_cut_of_batches_and_repeats_change_nothing(new_ledger: NewLedger, tmp_path: Path) -> None:
    found = []
    for size in (9, 50, 10_000):
        engine = new_ledger()
        writer = Writer(engine)
        feed(writer, Topics(eventful()), size)
        feed(writer, Topics([*eventful(), *eventful()]), size)
        found.append(exported(engine, tmp_path / str(size)))
    assert found[0] == found[1] == found[2]


def test_no_voice_and_no_unmasked_word_is_kept(new_ledger: NewLedger, tmp_path: Path) -> None:
    engine = new_ledger()
    feed(Writer(engine), Topics(eventful()), 100)
    everything = b"".join(exported(engine, tmp_path / "out").values())
    for secret in ("v-secret", "张三", "王五", "c2VhbGVk"):
        assert secret.encode() not in everything


def test_a_version_that_comes_late_changes_nothing(new_ledger: NewLedger) -> None:
    engine = new_ledger()
    versions = [builders.incident(version=n, title=f"第{n}版") for n in (3, 1, 2)]
    feed(Writer(engine), Topics([(t.INCIDENTS, v) for v in versions]), 1)
    with engine.connect() as db:
        assert db.execute(sa.text("SELECT version, title FROM incidents")).one() == (3, "第3版")


def test_a_record_that_cannot_be_read_is_noted_and_stops_nothing(new_ledger: NewLedger) -> None:
    engine = new_ledger()
    topics = Topics()
    topics.add(t.INCIDENTS, b'{"id": "i-9", "title": "\xe5\xbc\xa0\xe4\xb8\x89"}')
    topics.add(t.INCIDENTS, b"nonsense")
    topics.add(t.INCIDENTS, builders.incident())
    feed(Writer(engine), topics, 10)
    with engine.connect() as db:
        faults = db.execute(sa.text("SELECT from_offset, fault FROM unreadable ORDER BY from_offset")).all()
        assert db.execute(sa.text("SELECT count(*) FROM incidents")).scalar_one() == 1
    assert [row[0] for row in faults] == [0, 1]
    assert not any("张三" in row[1] for row in faults)


def test_a_batch_stands_whole_or_not_at_all(new_ledger: NewLedger) -> None:
    engine = new_ledger()
    writer = Writer(engine)
    feed(writer, Topics(eventful(mentions=3)), 1000)
    stands = writer.offsets()
    with engine.begin() as db:
        db.exec_driver_sql("DROP VIEW v_unit_figures")
        db.exec_driver_sql("DROP VIEW v_effects") if engine.dialect.name == "sqlite" else None
        db.exec_driver_sql("ALTER TABLE audit RENAME TO audit_away")
    more = Topics([*eventful(mentions=3), (t.INCIDENTS, builders.incident(id="i-new"))])
    with pytest.raises(DBAPIError):
        feed(writer, more, 1000)
    assert writer.offsets() == stands
    with engine.connect() as db:
        assert not db.execute(sa.text("SELECT 1 FROM incidents WHERE id = 'i-new'")).all()


def test_who_did_not_see_that_another_wrote_is_told(new_ledger: NewLedger) -> None:
    engine = new_ledger()
    topics = Topics(eventful(mentions=3))
    one, other = Writer(engine), Writer(engine)
    feed(one, topics, 1000)
    records = [r for r in topics.records if r.topic == t.TASKS.name]
    with pytest.raises(Moved):
        other.write(Batch({(t.TASKS.name, 0): records[:1]}, {(t.TASKS.name, 0): None}))


def test_who_reads_again_what_is_written_is_told(new_ledger: NewLedger) -> None:
    engine = new_ledger()
    topics = Topics(eventful(mentions=3))
    writer = Writer(engine)
    feed(writer, topics, 1000)
    place = t.TASKS.name, 0
    records = [r for r in topics.records if r.topic == t.TASKS.name]
    with pytest.raises(Moved):
        writer.write(Batch({place: records[-1:]}, {place: writer.offsets()[place]}))


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_the_figures_of_units_are_those_of_the_bulletin(new_ledger: NewLedger, seed: int) -> None:
    engine = new_ledger()
    records = handled(seed)
    feed(Writer(engine), Topics(records), 1000)
    tasks = {r.id: r for _, r in records if isinstance(r, ResponseTask)}
    for hours in (30, 100, 400, 5000):
        now = builders.later(hours=hours)
        with engine.begin() as db:
            db.execute(sa.delete(METADATA.tables["ledger_clock"]))
            db.execute(sa.insert(METADATA.tables["ledger_clock"]), {"id": 1, "now": now})
        told = bulletin(tasks.values(), Period(builders.T0, now, "全部"), builders.small_policy(), now)
        with engine.connect() as db:
            rows = {r["unit_code"]: r for r in db.execute(sa.text("SELECT * FROM v_unit_figures")).mappings()}
        assert set(rows) == {unit.code for unit, _ in told.units}
        for unit, own in told.units:
            row = rows[unit.code]
            assert row["unit_name"] == unit.name
            assert row["received"] == own.received
            assert (row["accepted_in_time"], row["accepted_of"]) == (own.accepted_in_time.hits, own.accepted_in_time.of)
            assert (row["answered_in_time"], row["answered_of"]) == (own.answered_in_time.hits, own.answered_in_time.of)
            assert row["answered"] == own.answered.hits
            assert (row["not_published"], row["reopened"]) == (own.not_published, own.reopened.hits)
            assert row["overdue"] == len(own.overdue)
            for column, value in (("mean_hours", own.mean_hours), ("p90_hours", own.p90_hours)):
                assert (row[column] is None) == (value is None)
                assert value is None or float(row[column]) == pytest.approx(value, abs=1e-4)
