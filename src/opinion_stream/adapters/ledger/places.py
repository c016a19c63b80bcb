"""Where ledgers stand: the one in use, the one that is being built beside it, and how it takes the other's place."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from opinion_stream.adapters.ledger.database import is_sqlite, named, open_database, url_of
from opinion_stream.errors import LedgerError
from opinion_stream.settings import Settings

_BESIDE = ("", "-wal", "-shm")


@dataclass(frozen=True)
class Where:
    """A ledger's place: a file, or a schema of a PostgreSQL."""

    url: sa.URL
    schema: str

    def __str__(self) -> str:
        return named(self.url, self.schema)

    def open(self, *, read_only: bool = False) -> sa.Engine:
        """An engine on it."""
        return open_database(self.url, self.schema, read_only=read_only)

    @contextmanager
    def opened(self, *, read_only: bool = False) -> Iterator[sa.Engine]:
        """See `open`; let go of at the end, so that the place can be moved."""
        engine = self.open(read_only=read_only)
        try:
            yield engine
        finally:
            engine.dispose()

    def beside(self, word: str) -> Where:
        """The place of the same name with this word behind it."""
        if is_sqlite(self.url):
            return replace(self, url=self.url.set(database=f"{self.url.database}.{word}"))
        return replace(self, schema=f"{self.schema}_{word}")

    def empty(self) -> None:
        """Drop what stands there."""
        if is_sqlite(self.url):
            for ending in _BESIDE:
                Path(f"{self.url.database}{ending}").unlink(missing_ok=True)
            return
        with self.opened() as engine, engine.begin() as db:
            db.execute(sa.schema.DropSchema(self.schema, cascade=True, if_exists=True))

    def exists(self) -> bool:
        """Whether anything stands there."""
        if is_sqlite(self.url):
            return Path(str(self.url.database)).exists()
        with self.opened() as engine, engine.connect() as db:
            return bool(sa.inspect(db).has_schema(self.schema))


def where(settings: Settings) -> Where:
    """The ledger of this installation. Raises SettingsError when its address cannot be used."""
    return Where(url_of(settings.ledger_address()), settings.ledger_schema)


def put_in_place(new: Where, old: Where, now: datetime) -> Where:
    """Let `new` take the place of `old`, which is kept beside under the time of day; where it is kept.

    A ledger that runs on a PostgreSQL goes on with the new one by itself. On SQLite it must be stopped; raises
    LedgerError when it seems to be at work.
    """
    kept = old.beside(f"{now:%Y%m%d%H%M%S}")
    if is_sqlite(old.url):
        for place in (new, old):
            _settled(place)
        if old.exists():
            Path(str(old.url.database)).replace(str(kept.url.database))
        Path(str(new.url.database)).replace(str(old.url.database))
        return kept
    with new.opened() as engine, engine.begin() as db:
        # The same lock as every writer of the old one takes.
        db.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(:schema), 1818518895)"), {"schema": old.schema})
        quoted = db.dialect.identifier_preparer.quote
        if sa.inspect(db).has_schema(old.schema):
            db.exec_driver_sql(f"ALTER SCHEMA {quoted(old.schema)} RENAME TO {quoted(kept.schema)}")
        db.exec_driver_sql(f"ALTER SCHEMA {quoted(new.schema)} RENAME TO {quoted(old.schema)}")
    return kept


def _settled(place: Where) -> None:
    """Fold the write-ahead log into the file, so that the file alone is the ledger."""
    if not place.exists():
        return
    with closing(sqlite3.connect(str(place.url.database), isolation_level=None, timeout=5)) as db:
        try:
            # Leaving the WAL mode folds it in, and needs the file for oneself alone.
            alone = db.execute("PRAGMA journal_mode=DELETE").fetchone()[0] == "delete"
        except sqlite3.OperationalError:
            alone = False
    if not alone:
        raise LedgerError(f"{place}: 有进程正在使用，请先停止 ledger run (in use: stop the ledger first)")
