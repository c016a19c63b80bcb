"""The ledger of a demo that stays up: fills itself from what is there, comes back when it falls, ends with the demo."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import builders
from ledger_support import eventful
from opinion_stream.adapters.admin import apply_topics
from opinion_stream.adapters.producer import BatchProducer, Outgoing
from opinion_stream.demo import ledger as module
from opinion_stream.demo.ledger import DemoLedger
from opinion_stream.settings import Settings, load_settings
from opinion_stream.topics import full_name

pytestmark = pytest.mark.broker


def incidents(path: Path) -> int:
    if not path.exists():
        return 0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        try:
            return int(db.execute("SELECT count(*) FROM v_open_incidents").fetchone()[0])
        except sqlite3.OperationalError:
            return 0  # its tables are being made


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.1)


@pytest.fixture
async def played(bootstrap: str, unique_prefix: str) -> Settings:
    """A broker on which a scenario has been played."""
    settings = load_settings(
        kafka_bootstrap=bootstrap,
        topic_prefix=unique_prefix,
        partitions=2,
        session_seconds=6,
        clock="topic",
        config=builders.SMALL_POLICY,
        pseudonym_key="a key of sixteen and more characters",
    )
    await apply_topics(settings)
    producer = BatchProducer(bootstrap, client_id="test")
    await producer.start()
    records = [(full_name(unique_prefix, topic), record.to_bytes()) for topic, record in eventful(mentions=10)]
    await producer.send_all([Outgoing(name, b"k", value) for name, value in records])
    await producer.stop()
    return settings


async def test_it_reads_what_was_there_before_and_comes_back(
    played: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPINION_LEDGER_URL", f"sqlite:///{tmp_path}/of-the-installation.sqlite")
    with DemoLedger(played, tmp_path) as ledger:
        await until(lambda: incidents(ledger.path) > 0)
        pid = ledger.pid
        assert ledger.check()
        assert pid is not None
        assert ledger.pid == pid
        os.kill(pid, signal.SIGKILL)
        await until(lambda: ledger.check() and ledger.pid != pid)
        assert ledger.restarts == 1
        again = ledger.pid
    assert again is not None
    with pytest.raises(ProcessLookupError):
        os.kill(again, 0)
    assert not (tmp_path / "of-the-installation.sqlite").exists(), "a scenario is not for the ledger in use"


async def test_one_that_falls_again_and_again_is_left_alone(
    played: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_RESTARTS", 1)
    with DemoLedger(played.model_copy(update={"config": tmp_path / "none"}), tmp_path) as ledger:
        await until(lambda: not ledger.check())
        assert (ledger.restarts, ledger.pid) == (1, None)
    assert "none" in ledger.log_file.read_text(encoding="utf-8")
