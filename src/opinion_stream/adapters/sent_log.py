"""Which notices have been sent: a small file beside the workers' state, so that a restart tells nothing twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType

KEPT = timedelta(days=400)
"""Longer than escalations and notices stay on their topics."""


class SentLog:
    """Ids of sent notices. Only ids: no text, no address."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS sent (id TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID")

    def __enter__(self) -> SentLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def __contains__(self, notice_id: str) -> bool:
        return self._db.execute("SELECT 1 FROM sent WHERE id = ?", (notice_id,)).fetchone() is not None

    def add(self, notice_ids: Iterable[str], at: datetime) -> None:
        """Remember that these were sent, durably once it returns; forget those of long ago."""
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT OR IGNORE INTO sent VALUES (?, ?)", [(notice, at.isoformat()) for notice in notice_ids]
        )
        self._db.execute("DELETE FROM sent WHERE at < ?", ((at - KEPT).isoformat(),))
        self._db.execute("COMMIT")
