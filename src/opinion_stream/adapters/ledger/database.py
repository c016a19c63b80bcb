"""Opens the ledger's database: SQLite in a file (WAL), or a schema of a PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from opinion_stream.errors import SettingsError

SQLITE_WAIT_SECONDS = 60
"""How long a writer waits for another one's transaction."""


def url_of(text: str) -> sa.URL:
    """The address with the driver we ship. Raises SettingsError for anything but SQLite and PostgreSQL."""
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise SettingsError(
            "OPINION_LEDGER_URL is no address of a database; write sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DB"
        ) from error
    if url.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername == "sqlite" and url.database not in (None, "", ":memory:"):
        return url
    raise SettingsError(
        f"OPINION_LEDGER_URL: {url.drivername} is not supported; write sqlite:///PATH (a file) or "
        "postgresql://USER:PASSWORD@HOST/DB"
    )


def named(url: sa.URL, schema: str) -> str:
    """The database for messages, without a password."""
    return f"{url.render_as_string(hide_password=True)}" + ("" if is_sqlite(url) else f" ({schema})")


def is_sqlite(url: sa.URL) -> bool:
    """Whether it is a file."""
    return url.drivername == "sqlite"


def open_database(url: sa.URL, schema: str, *, read_only: bool = False) -> sa.Engine:
    """An engine whose connections see the ledger's tables without naming the schema. Nothing is connected yet.

    `read_only` transactions take no lock on SQLite; others begin as writers, so that two of them never deadlock.
    """
    if not is_sqlite(url):
        # The ledger works with one connection at a time; its threads come and go.
        options = f"-csearch_path={schema} -ctimezone=UTC"
        return sa.create_engine(url, pool_size=2, pool_pre_ping=True, connect_args={"options": options})
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"timeout": SQLITE_WAIT_SECONDS})
    sa.event.listen(engine, "connect", _set_up_sqlite)
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"
    sa.event.listen(engine, "begin", lambda db: db.exec_driver_sql(begin))
    return engine


def _set_up_sqlite(connection: Any, _: object) -> None:
    # The driver would begin transactions late, and as readers; ours begin where SQLAlchemy says so.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    # With a WAL a power cut may lose the last transactions, never a part of one: their records are read again.
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(f"PRAGMA busy_timeout={SQLITE_WAIT_SECONDS * 1000}")
