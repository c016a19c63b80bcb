"""A slow database: the ledger waits, its memory does not grow with what waits on the topics, and its figures tell."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

import builders
from opinion_stream.adapters.admin import apply_topics
from opinion_stream.adapters.embedded_broker import free_port
from opinion_stream.adapters.ledger.service import PARTITION_BYTES
from opinion_stream.adapters.processes import end_with_parent
from opinion_stream.adapters.producer import BatchProducer, Outgoing
from opinion_stream.settings import Settings, load_settings
from opinion_stream.topics import COLLECTED, full_name

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc, which is Linux's"),
]
MIB = 1024 * 1024
PARTITIONS = 2
BATCH = 20
TEXT = "停水三天了，无人处理。" * 1500
WAITING = 48 * MIB
"""What is put on the topics while the database stands still."""


class Slow:
    """`opinion-stream ledger run` on a SQLite whose only writer's place can be taken."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.path = folder / "ledger.sqlite"
        self.port = free_port()
        self._env = {
            "OPINION_KAFKA_BOOTSTRAP": settings.bootstrap(),
            "OPINION_TOPIC_PREFIX": settings.topic_prefix,
            "OPINION_SESSION_SECONDS": str(settings.session_seconds),
            "OPINION_CONFIG": str(builders.SMALL_POLICY),
            "OPINION_LEDGER_URL": f"sqlite:///{self.path}",
            "OPINION_LEDGER_BATCH": str(BATCH),
            "OPINION_METRICS_PORT": str(self.port),
        }
        self._log = (folder / "ledger.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "opinion_stream", "ledger", "run"],
            env={**os.environ, **self._env},
            stdout=self._log,
            stderr=self._log,
            preexec_fn=end_with_parent,
        )

    def memory(self, which: str) -> int:
        """Bytes of the process: `VmRSS` now, `VmHWM` at most so far."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"^{which}:\s+(\d+) kB", text, re.M)
        assert found is not None
        return int(found[1]) * 1024

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        self._log.close()
        return code


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not await holds():
            await asyncio.sleep(0.1)


@pytest.fixture
async def door() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


async def answers(door: httpx.AsyncClient, port: int, page: str) -> int:
    try:
        return (await door.get(f"http://127.0.0.1:{port}/{page}")).status_code
    except httpx.TransportError:
        return 0


async def figure(door: httpx.AsyncClient, port: int, name: str) -> float:
    text = (await door.get(f"http://127.0.0.1:{port}/metrics")).text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return sum(sample.value for sample in samples if sample.name == f"opinion_ledger_{name}")


@pytest.mark.timeout(180)
async def test_what_waits_for_a_slow_database_waits_on_the_broker_and_not_in_memory(
    bootstrap: str, unique_prefix: str, real_kafka: bool, tmp_path: Path, door: httpx.AsyncClient
) -> None:
    settings = load_settings(
        kafka_bootstrap=bootstrap,
        topic_prefix=unique_prefix,
        partitions=PARTITIONS,
        session_seconds=6 if real_kafka else 3,
    )
    await apply_topics(settings)
    ledger = Slow(settings, tmp_path)
    producer = BatchProducer(bootstrap, client_id="test")
    await producer.start()

    async def send(first: int, number: int) -> int:
        values = [builders.mention(source_id=str(n), text=TEXT).to_bytes() for n in range(first, first + number)]
        name = full_name(unique_prefix, COLLECTED)
        await producer.send_all([Outgoing(name, str(n).encode(), value) for n, value in enumerate(values)])
        return sum(map(len, values))

    async def ready() -> bool:
        assert ledger.process.poll() is None, (tmp_path / "ledger.log").read_text()
        return await answers(door, ledger.port, "readyz") == 200

    async def taken(number: int) -> bool:
        return await figure(door, ledger.port, "records_total") == number

    async def behind(least: int) -> bool:
        return await figure(door, ledger.port, "behind_records") >= least

    await until(ready)
    # A few batches first, so that what the program itself needs for its work is there.
    sent = 5 * BATCH
    await send(0, sent)
    await until(lambda: taken(sent))
    before = ledger.memory("VmRSS")
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        size = 0
        while size < WAITING:
            size += await send(sent, 5 * BATCH)
            sent += 5 * BATCH
        assert sent > 20 * BATCH
        # The embedded broker tells of the last few records of a topic late.
        await until(lambda: behind((sent - 5 * BATCH) * 9 // 10))
        assert await taken(5 * BATCH), "nothing is counted that does not stand in the database"
        assert await answers(door, ledger.port, "healthz") == 200
        while_it_waited = ledger.memory("VmHWM") - before
        db.execute("ROLLBACK")
    await until(lambda: taken(sent))
    altogether = ledger.memory("VmHWM") - before
    print(f"{size / MIB:.0f} MiB waited; memory +{while_it_waited / MIB:.1f} MiB, to the end +{altogether / MIB:.1f}")
    batch = BATCH * size / (sent - 5 * BATCH)
    bound = PARTITIONS * PARTITION_BYTES + batch
    # Python needs a multiple of a batch's bytes for it as records, rows and statements.
    assert while_it_waited < 4 * bound
    assert altogether < 6 * bound < WAITING / 2

    async def caught_up() -> bool:
        return not await behind(1)

    await until(caught_up)
    with closing(sqlite3.connect(ledger.path)) as db:
        assert db.execute("SELECT count(*) FROM mentions").fetchone() == (sent,)
    assert await figure(door, ledger.port, "last_batch_timestamp_seconds") == pytest.approx(time.time(), abs=60)
    await producer.stop()
    assert ledger.end() == 0
