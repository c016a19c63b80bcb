"""End-to-end speed of the whole road on the real messages, and the memory of each worker."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import statistics
import tempfile
import time
from pathlib import Path

import psutil

from opinion_stream.adapters.inbound import inbound_key, raw_lines
from opinion_stream.adapters.producer import BatchProducer, Outgoing
from opinion_stream.adapters.reading import progress, reader
from opinion_stream.demo.road import Road, wait_drained
from opinion_stream.settings import load_settings
from opinion_stream.topics import INBOUND, TOPICS, Stage, full_name

REPO = Path(__file__).parents[1]
MESSAGES = REPO.parent / "shared" / "data" / "messages.jsonl"


def main() -> None:
    """Print one line per run and the median."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, default=MESSAGES, help="JSON Lines of raw mentions")
    parser.add_argument("--config", type=Path, default=REPO / "examples" / "xidi")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    if not options.file.is_file():
        print(f"bench: {options.file} is not on this machine; nothing measured")
        return
    lines = list(raw_lines(options.file))
    rates = []
    for number in range(options.runs):
        with tempfile.TemporaryDirectory() as folder:
            settings = load_settings(
                topic_prefix=f"bench-{secrets.token_hex(3)}",
                pseudonym_key="a key for the benchmark only",
                config=options.config,
                session_seconds=6,
            )
            with Road(settings, Path(folder)) as road:
                rates.append(asyncio.run(measure(road, lines)))
                memory = {
                    stage.value: round(psutil.Process(road.workers().pid(stage)).memory_info().rss / 2**20)
                    for stage in Stage
                }
        print(f"run {number + 1}: {rates[-1]:.0f} mentions/s; MiB resident: {memory}", flush=True)
    print(f"median of {len(rates)}: {statistics.median(rates):.0f} mentions/s for {len(lines)} mentions")


async def measure(road: Road, lines: list[bytes]) -> float:
    """Mentions per second from the first record sent to the last stage at rest."""
    settings = road.settings
    topics = [full_name(settings.topic_prefix, topic) for topic in TOPICS if topic.readers]
    producer = BatchProducer(settings.bootstrap(), client_id="bench")
    await producer.start()
    async with reader(settings.bootstrap()) as read, progress(settings.bootstrap(), settings.topic_prefix) as far:
        await read.seek(topics, from_beginning=False)
        started = time.perf_counter()
        name = full_name(settings.topic_prefix, INBOUND)
        for at in range(0, len(lines), 500):
            part = lines[at : at + 500]
            await producer.send_all([Outgoing(name, inbound_key(line), line) for line in part])
        await wait_drained(settings, read, far, check=road.workers().check)
        seconds = time.perf_counter() - started
    await producer.stop()
    return len(lines) / seconds


if __name__ == "__main__":
    main()
