"""The ledger as files: a line of canonical JSON per row, sorted by key, the same from either database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from opinion_stream.adapters.ledger import schema as s
from opinion_stream.adapters.ledger.types import as_text

FETCH = 2000


def export(engine: sa.Engine, folder: Path, on_table: Callable[[str, int], None] = lambda name, rows: None) -> None:
    """Write `TABLE.jsonl` for each table of content into `folder`, from one state of the database.

    Two ledgers with the same content give the same bytes. How far the ledger has read, names and the simulated clock
    are not content.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with engine.connect() as db:
        if db.dialect.name == "postgresql":
            db = db.execution_options(isolation_level="REPEATABLE READ")
        for table in s.CONTENT:
            number = 0
            with (folder / f"{table.name}.jsonl").open("wb") as out:
                for line in lines(db, table):
                    out.write(line)
                    number += 1
            on_table(table.name, number)


def lines(db: sa.Connection, table: sa.Table) -> Iterator[bytes]:
    """The rows of a table, sorted by its key byte by byte, whatever the database's own order of letters."""
    names = [str(column.name) for column in table.columns]
    rows = db.execution_options(yield_per=FETCH).execute(sa.select(table).order_by(*_sorted_by(db, table)))
    for row in rows:
        values = dict(zip(names, map(_plain, row), strict=True))
        yield orjson.dumps(values, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def _sorted_by(db: sa.Connection, table: sa.Table) -> Iterator[sa.ColumnElement[Any]]:
    for column in table.primary_key:
        text = isinstance(column.type, sa.Text)
        yield column.collate("C") if text and db.dialect.name == "postgresql" else column


def _plain(value: object) -> object:
    return as_text(value) if isinstance(value, datetime) else value
