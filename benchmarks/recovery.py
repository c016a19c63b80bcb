"""How long a worker takes to rebuild its state from the changelog alone, on a real Kafka.

    python benchmarks/recovery.py --incidents 100000 --mentions 1000000 --partitions 4

Starts a Kafka (or uses OPINION_TEST_KAFKA), writes the changelog of an incidents stage of that size, and has one worker
rebuild all its partitions with an empty disk: reading the changelog into the local databases, opening the state, and
loading the desks. The records are those of a run of the shipped scenario, repeated under new ids. Of the mentions all
ids are remembered (`seen/`), and of the latest tenth the wording and the essence, too, which do not live as long.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import orjson
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from opinion_stream.adapters.changelog import KafkaJournal
from opinion_stream.adapters.collector import collector_at_rest
from opinion_stream.adapters.logs import set_up_logs
from opinion_stream.adapters.partition_state import EPOCH_BITS, MARKER, Envelope, Marker, PartitionState
from opinion_stream.adapters.producer import BatchProducer, Outgoing
from opinion_stream.adapters.rocks import RocksBackend
from opinion_stream.agents.stage import Record, Tools
from opinion_stream.bootstrap import desk_of, tools_of
from opinion_stream.domain.state import DictStore
from opinion_stream.policy import load_policy
from opinion_stream.settings import load_settings
from opinion_stream.topics import ASSESSED, COLLECTED, INBOUND, Stage, Topic

ROOT = Path(__file__).parents[1]
BATCH = 1 << EPOCH_BITS | 1


def scenario_state(tools: Tools) -> dict[str, bytes]:
    """What the incidents stage remembers after the shipped scenario."""
    values = (ROOT / "examples/qingyang-three-days/mentions.jsonl").read_bytes().splitlines()
    store = DictStore()
    stages: list[tuple[Stage, Topic, Topic]] = [
        (Stage.COLLECTION, INBOUND, COLLECTED),
        (Stage.ASSESSMENT, COLLECTED, ASSESSED),
    ]
    now = datetime.fromisoformat("2026-11-12T00:00:00+08:00")
    for stage, source, target in stages:
        desk = desk_of(stage)(tools, DictStore())
        outputs = desk.handle([Record(source, 0, n, None, value, now) for n, value in enumerate(values)])
        values = [output.value for output in outputs if output.topic == target]
    desk_of(Stage.INCIDENTS)(tools, store).handle(
        [Record(ASSESSED, 0, n, None, value, now) for n, value in enumerate(values)]
    )
    return store.entries


def grown(entries: dict[str, bytes], incidents: int, mentions: int) -> Iterator[tuple[str, bytes]]:
    """The entries of `incidents` incidents and `mentions` mentions, made of those given."""
    by_kind: dict[str, list[tuple[str, bytes]]] = {}
    for key, value in entries.items():
        by_kind.setdefault(key.split("/")[0], []).append((key, value))
    for number, (key, value) in zip(range(incidents), itertools.cycle(by_kind["incident"]), strict=False):
        old = key.removeprefix("incident/")
        new = f"i-{number:016x}"
        yield f"incident/{new}", value.replace(old.encode(), new.encode())
    for number, (_, value) in zip(range(mentions), itertools.cycle(by_kind["seen"]), strict=False):
        yield f"seen/board:{number}", value.split(b"|")[0] + f"|i-{number % incidents:016x}".encode()
    for number, (_, value) in zip(range(mentions // 10), itertools.cycle(by_kind["copy"]), strict=False):
        row = orjson.loads(value)
        shard = by_kind["copy"][number % len(by_kind["copy"])][0].split("/")[1]
        yield f"copy/{shard}/{number:012d}", orjson.dumps([f"board:{number}", *row[1:]])
    for number, (_, value) in zip(range(mentions // 10), itertools.cycle(by_kind["essence"]), strict=False):
        yield f"essence/i-{number % incidents:016x}/board:{number}", value
    for kind in by_kind.keys() - {"incident", "seen", "copy", "essence"}:
        yield from by_kind[kind]


async def fill(address: str, topic: str, partitions: int, entries: Iterator[tuple[str, bytes]]) -> tuple[int, int]:
    """Write the changelog; records and bytes."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    config = {"cleanup.policy": "compact", "max.message.bytes": str(8 * 1024 * 1024)}
    await admin.create_topics([NewTopic(topic, partitions, 1, topic_configs=config)])
    await admin.close()
    producer = BatchProducer(address, client_id="recovery-benchmark")
    await producer.start()
    count = size = 0
    try:
        while part := list(itertools.islice(entries, 5000)):
            out = [
                Outgoing(topic, key.encode(), Envelope(BATCH, value, None).pack(), (count + n) % partitions)
                for n, (key, value) in enumerate(part)
            ]
            await producer.send_all(out)
            count += len(out)
            size += sum(len(record.value or b"") for record in out)
        marker = Marker(BATCH, {}).pack()
        await producer.send_all([Outgoing(topic, MARKER, marker, number) for number in range(partitions)])
    finally:
        await producer.stop()
    return count, size


async def recover(address: str, topic: str, partitions: int, folder: Path, tools: Tools, *, desks: bool) -> None:
    """One worker's way from nothing to ready, with the seconds and CPU seconds of each part."""
    journal = KafkaJournal(address, topic, folder, RocksBackend)
    await journal.start()
    started, cpu = time.monotonic(), time.process_time()
    parts = {"changelog to disk": [0.0, 0.0], "state opened": [0.0, 0.0], "desks loaded": [0.0, 0.0]}
    opened: list[object] = []

    def lap(name: str) -> None:
        nonlocal started, cpu
        parts[name][0] += time.monotonic() - started
        parts[name][1] += time.process_time() - cpu
        started, cpu = time.monotonic(), time.process_time()

    try:
        for partition in range(partitions):
            with collector_at_rest():  # as a worker does, see Runner.open
                replica = await journal.open(partition, lambda: True)
                lap("changelog to disk")
                state = PartitionState(replica)
                lap("state opened")
                if desks:
                    opened.append(desk_of(Stage.INCIDENTS)(tools, state))
                    lap("desks loaded")
    finally:
        await journal.stop()
    for name, (seconds, burnt) in parts.items():
        print(f"| {name} | {seconds:.1f} s | {burnt:.1f} s |")
    total, burnt = (sum(part[n] for part in parts.values()) for n in (0, 1))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"| **all** | **{total:.1f} s** | {burnt:.1f} s | peak memory {memory} MiB, load average {load}")


@contextmanager
def kafka() -> Iterator[str]:
    """The named Kafka, or one of our own."""
    named = os.environ.get("OPINION_TEST_KAFKA")
    if named:
        yield named
        return
    folder = tempfile.mkdtemp()
    script = str(ROOT / "deploy/kafka/kafka.sh")
    done = subprocess.run(["bash", script, "start", folder], check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603, S607
    try:
        yield done.stdout.strip()
    finally:
        subprocess.run(["bash", script, "stop", folder], check=True)  # noqa: S603, S607
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--incidents", type=int, default=100_000)
    parser.add_argument("--mentions", type=int, default=1_000_000)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--no-desks", action="store_true", help="leave out the loading of the desks")
    options = parser.parse_args()
    set_up_logs("info")
    settings = load_settings(
        kafka_bootstrap="127.0.0.1:1", pseudonym_key="benchmark only, no secret", config=ROOT / "config"
    )
    tools = tools_of(settings, load_policy(settings.config), Stage.INCIDENTS)
    entries = grown(scenario_state(tools), options.incidents, options.mentions)
    folder = Path(tempfile.mkdtemp())
    topic = f"recovery-{os.getpid()}"
    try:
        with kafka() as address:
            count, size = asyncio.run(fill(address, topic, options.partitions, entries))
            print(f"{count:,} records, {size / 1e6:,.0f} MB in {options.partitions} partitions")
            asyncio.run(recover(address, topic, options.partitions, folder, tools, desks=not options.no_desks))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
