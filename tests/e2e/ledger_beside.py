"""Holds the ledger that ran beside a road against the topics, and against one rebuilt from them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from typer.testing import CliRunner

from opinion_stream.adapters.ledger.rows import SOURCES
from opinion_stream.adapters.reading import Stored, reader
from opinion_stream.cli.main import build
from opinion_stream.demo.ledger import DemoLedger
from opinion_stream.demo.road import Road, environment
from opinion_stream.topics import full_name

VERSIONED = {"incidents": "grade", "tasks": "state", "escalations": "status", "briefs": "status", "warnings": "status"}
FINAL = {
    "mentions.collected": "mentions",
    "responses": "responses",
    "supervision": "supervision_notices",
    "effects": "effects",
    "dead-letters": "dead_letters",
}


def kill(ledger: DemoLedger) -> None:
    """SIGKILL; it is started again at the next `check`."""
    if ledger.pid is not None:
        os.kill(ledger.pid, signal.SIGKILL)


async def written(road: Road, ledger: DemoLedger) -> None:
    """Wait until it has taken in all that stands on the topics."""
    prefix = road.settings.topic_prefix
    names = {full_name(prefix, topic): topic.name for topic in SOURCES}
    async with reader(road.settings.bootstrap()) as read:
        found = await read.ends(list(names))
    ends = {(names[p.topic], p.partition): end for p, end in found.items() if end}
    async with asyncio.timeout(90):
        while not _stands_at(ledger.path, ends):
            assert ledger.check(), "the ledger fell too often"
            await asyncio.sleep(0.1)


def _stands_at(path: Path, ends: Mapping[tuple[str, int], int]) -> bool:
    if not path.exists():
        return False
    try:
        rows = _rows(path, "SELECT topic, partition, next_offset FROM ledger_offsets")
    except sqlite3.OperationalError:
        return False  # its tables are being made
    stands = {(str(topic), int(str(partition))): int(str(offset)) for topic, partition, offset in rows}
    return all(stands.get(place, 0) >= end for place, end in ends.items())


def _rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return db.execute(query).fetchall()


def differences(path: Path, found: Mapping[str, Sequence[Stored]]) -> list[str]:
    """What the ledger says otherwise than the topics: ids, latest versions and how these stand."""
    told: list[str] = []
    for topic, column in VERSIONED.items():
        latest: dict[str, tuple[int, str]] = {}
        for record in found[topic]:
            data = json.loads(record.value or b"")
            if data["version"] >= latest.get(data["id"], (0, ""))[0]:
                latest[data["id"]] = (data["version"], data[column])
        rows = _rows(path, f"SELECT id, version, {column} FROM {topic}")
        if {row[0]: row[1:] for row in rows} != latest:
            told.append(topic)
    for topic, table in FINAL.items():
        ids = {json.loads(record.value or b"")["id"] for record in found[topic]}
        if {row[0] for row in _rows(path, f"SELECT id FROM {table}")} != ids:
            told.append(table)
    return told


def rebuilt(road: Road, ledger: DemoLedger, folder: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The export of the ledger, and that of one made from the topics alone, file by file."""
    env = {**os.environ, **environment(road.settings, folder), "OPINION_LEDGER_URL": ledger.url}
    runner, app = CliRunner(), build(("ledger",))

    def ask(*words: str) -> str:
        result = runner.invoke(app, ["ledger", *words], env=env)
        assert result.exit_code == 0, result.output
        return result.output

    def export(name: str) -> dict[str, bytes]:
        ask("export", "--out", str(folder / name))
        return {path.name: path.read_bytes() for path in sorted((folder / name).iterdir())}

    first = export("first")
    assert "审计完好" in ask("verify")
    ask("rebuild", "--replace")
    return first, export("second")
