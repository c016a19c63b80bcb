"""The few statements that the ledger is written with, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from opinion_stream.adapters.ledger.rows import Row

CHUNK = 1000
"""Most ids asked for at once."""


def alone(db: sa.Connection) -> None:
    """Wait until no other writer is at work on this ledger, and keep others out until the transaction ends."""
    if db.dialect.name == "postgresql":
        db.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(current_schema()), 1818518895)"))


def insert(db: sa.Connection, table: sa.Table) -> Any:
    """An insert of the database at hand, which knows conflicts."""
    return (postgresql.insert if db.dialect.name == "postgresql" else sqlite.insert)(table)


def add(db: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> int:
    """Write those rows whose key is not there yet."""
    if rows:
        db.execute(insert(db, table).on_conflict_do_nothing(), rows)
    return len(rows)


def upsert(db: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> int:
    """Write the rows over those of the same key, where they are newer (`version`) if the table knows versions."""
    if not rows:
        return 0
    statement = insert(db, table)
    rest = {c.name: statement.excluded[c.name] for c in table.columns if not c.primary_key}
    newer = table.c.version < statement.excluded.version if "version" in rest else None
    db.execute(statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=rest, where=newer), rows)
    return len(rows)


def rows_in(
    db: sa.Connection, select: sa.Select[Any], column: sa.ColumnElement[Any], keys: Iterable[str]
) -> Iterator[sa.Row[Any]]:
    """The rows whose `column` is one of `keys`, asked for in bounded pieces."""
    rest = iter(keys)
    while part := list(islice(rest, CHUNK)):
        yield from db.execute(select.where(column.in_(part)))
