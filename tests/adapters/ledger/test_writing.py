"""The ledger takes records in: once each, whatever the batches, the repeats and the order of topics."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

import builders
from ledger_support import Topics, exported, feed
from opinion_stream import topics as t
from opinion_stream.adapters.ledger.views import names
from opinion_stream.adapters.ledger.writing import Writer

NewLedger = Callable[[], sa.Engine]


def everyday() -> Topics:
    """A matter from the first mention to the answer."""
    mention = builders.mention()
    return Topics(
        [
            (t.COLLECTED, mention),
            (t.ASSESSED, builders.assessed(mention=mention)),
            (t.INCIDENTS, builders.incident()),
            (t.INCIDENTS, builders.incident(version=2, title="柳树镇停水两天")),
            (t.ESCALATIONS, builders.escalation()),
            (t.ESCALATIONS, builders.escalation(version=2, status="acknowledged")),
            (t.RECEIPTS, builders.receipt(note="我是张三")),
            (t.RESPONSES, builders.public_response()),
        ]
    )


def test_every_view_can_be_read(new_ledger: NewLedger) -> None:
    engine = new_ledger()
    feed(Writer(engine), everyday(), 100)
    with engine.connect() as db:
        for name in names():
            db.execute(sa.text(f"SELECT * FROM {name}")).all()
        (row,) = db.execute(sa.text("SELECT * FROM v_open_incidents")).mappings()
    assert (row["title"], row["grade_label"], row["nature_label"]) == ("柳树镇停水两天", "Ⅲ级（较大·黄）", "实际困难")


def test_the_cut_of_batches_and_repeats_change_nothing(new_ledger: NewLedger, tmp_path: Path) -> None:
    found = []
    for size in (1, 3, 100):
        engine = new_ledger()
        writer = Writer(engine)
        feed(writer, everyday(), size)
        feed(writer, everyday(), size)
        found.append(exported(engine, tmp_path / str(size)))
    assert found[0] == found[1] == found[2]
    assert b"\xe5\xbc\xa0\xe4\xb8\x89" not in b"".join(found[0].values())
