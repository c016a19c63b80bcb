"""The ledger's process on a broker: killed while it writes it loses and doubles nothing; rebuilt it is the same."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

import builders
from ledger_support import eventful
from opinion_stream.adapters.admin import apply_topics
from opinion_stream.adapters.ledger.database import url_of
from opinion_stream.adapters.ledger.places import Where
from opinion_stream.adapters.ledger.schema import OFFSETS
from opinion_stream.adapters.processes import end_with_parent
from opinion_stream.adapters.producer import BatchProducer, Outgoing
from opinion_stream.cli.main import build
from opinion_stream.settings import Settings, load_settings
from opinion_stream.topics import full_name

pytestmark = pytest.mark.broker
MENTIONS = 150


@pytest.fixture
async def filled(bootstrap: str, unique_prefix: str, real_kafka: bool) -> tuple[Settings, int]:
    """Topics that hold the records of a few matters, and how many these are."""
    settings = load_settings(
        kafka_bootstrap=bootstrap, topic_prefix=unique_prefix, partitions=2, session_seconds=6 if real_kafka else 3
    )
    await apply_topics(settings)
    producer = BatchProducer(settings.bootstrap(), client_id="test")
    await producer.start()
    records = [record for seed in (1, 2, 3) for record in eventful(seed, MENTIONS if seed == 1 else 0)]
    out = []
    for topic, record in records:
        key = getattr(record, "id", "") or ""
        out.append(Outgoing(full_name(settings.topic_prefix, topic), key.encode(), record.to_bytes()))
    await producer.send_all(out)
    await producer.stop()
    return settings, len(out)


class Process:
    """`opinion-stream ledger run` as an operator starts it."""

    def __init__(self, settings: Settings, place: Where, log: Path, batch: int) -> None:
        url = place.url.render_as_string(hide_password=False)
        given = {
            "OPINION_KAFKA_BOOTSTRAP": settings.bootstrap(),
            "OPINION_TOPIC_PREFIX": settings.topic_prefix,
            "OPINION_SESSION_SECONDS": str(settings.session_seconds),
            "OPINION_CONFIG": str(builders.SMALL_POLICY),
            "OPINION_LEDGER_URL": url,
            "OPINION_LEDGER_SCHEMA": place.schema,
            "OPINION_LEDGER_BATCH": str(batch),
        }
        self._log = log.open("ab")
        command = [sys.executable, "-m", "opinion_stream", "ledger", "run"]
        self._process = subprocess.Popen(
            command, env={**os.environ, **given}, stdout=self._log, stderr=self._log, preexec_fn=end_with_parent
        )

    def wait(self, reached: Callable[[], bool], seconds: float = 120) -> None:
        """Until that is so; fails when the process ends before."""
        end = time.monotonic() + seconds
        while not reached():
            assert self._process.poll() is None, "the ledger ended by itself"
            assert time.monotonic() < end, "the ledger did not get there in time"
            time.sleep(0.1)

    def end(self, number: int) -> int:
        """Send a signal; the exit code."""
        self._process.send_signal(number)
        code = self._process.wait(60)
        self._log.close()
        return code


@pytest.fixture
def new_place(tmp_path: Path, unique_prefix: str) -> Iterator[Callable[[str], Where]]:
    server = os.environ.get("OPINION_TEST_POSTGRES")
    made: list[Where] = []

    def place(name: str) -> Where:
        schema = f"{name}_{unique_prefix.removeprefix('test-')}"
        made.append(Where(url_of(server or f"sqlite:///{tmp_path}/{name}.sqlite"), schema))
        return made[-1]

    yield place
    for where in made:
        if server:
            where.empty()
            where.beside("rebuild").empty()


def read_by(place: Where) -> int:
    """How many records the ledger has taken in; 0 while there is none."""
    if not place.exists():
        return 0
    engine = place.open(read_only=True)
    try:
        with engine.connect() as db:
            return int(db.execute(sa.select(sa.func.coalesce(sa.func.sum(OFFSETS.c.next_offset), 0))).scalar_one())
    except DBAPIError:
        return 0  # its tables are being made
    finally:
        engine.dispose()


def ledger(settings: Settings, place: Where, *words: str) -> str:
    """Run another `ledger` command; what it says."""
    env = {
        "OPINION_KAFKA_BOOTSTRAP": settings.bootstrap(),
        "OPINION_TOPIC_PREFIX": settings.topic_prefix,
        "OPINION_CONFIG": str(builders.SMALL_POLICY),
        "OPINION_LEDGER_URL": place.url.render_as_string(hide_password=False),
        "OPINION_LEDGER_SCHEMA": place.schema,
    }
    result = CliRunner().invoke(build(("ledger", "contracts")), ["ledger", *words], env=env)
    assert result.exit_code == 0, result.output
    return result.output


def contents(settings: Settings, place: Where, folder: Path) -> dict[str, bytes]:
    ledger(settings, place, "export", "--out", str(folder))
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def run_to_the_end(settings: Settings, place: Where, log: Path, records: int, batch: int = 1000) -> None:
    process = Process(settings, place, log, batch)
    process.wait(lambda: read_by(place) == records)
    assert process.end(signal.SIGTERM) == 0


@pytest.mark.timeout(600)
async def test_killed_while_it_writes_it_is_as_if_nothing_had_happened(
    filled: tuple[Settings, int], new_place: Callable[[str], Where], tmp_path: Path
) -> None:
    settings, records = filled
    await asyncio.to_thread(killed_again_and_again, settings, records, new_place, tmp_path)


def killed_again_and_again(settings: Settings, records: int, new_place: Callable[[str], Where], tmp_path: Path) -> None:
    calm, killed = new_place("calm"), new_place("killed")
    run_to_the_end(settings, calm, tmp_path / "calm.log", records)
    expected = contents(settings, calm, tmp_path / "calm")
    reached = []
    for kill in range(4):
        before = read_by(killed)
        process = Process(settings, killed, tmp_path / "killed.log", batch=7)
        # In the midst of its transactions, one after another; the last kills hit a ledger that is nearly done.
        process.wait(lambda least=before + 20 + 61 * kill: read_by(killed) >= min(least, records))  # type: ignore[misc]
        assert process.end(signal.SIGKILL) == -signal.SIGKILL
        reached.append(read_by(killed))
    assert any(0 < number < records for number in reached), "no kill hit the ledger while it wrote"
    run_to_the_end(settings, killed, tmp_path / "killed.log", records, batch=7)
    assert contents(settings, killed, tmp_path / "killed") == expected
    assert "审计完好" in ledger(settings, killed, "verify")

    said = ledger(settings, killed, "rebuild")
    assert f"{records} 条记录" in said
    assert contents(settings, killed.beside("rebuild"), tmp_path / "rebuilt") == expected
    assert "已启用新台账" in ledger(settings, killed, "rebuild", "--replace")
    assert contents(settings, killed, tmp_path / "replaced") == expected
    assert "已读到" in ledger(settings, killed, "status")
