"""The HTTP intake under load: an open loop of single posts from a process of its own; time to answer, and loss."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil

from opinion_stream.adapters.admin import apply_topics
from opinion_stream.adapters.embedded_broker import EmbeddedBroker
from opinion_stream.adapters.inbound import raw_lines
from opinion_stream.adapters.intake.tokens import new_token
from opinion_stream.adapters.reading import reader
from opinion_stream.settings import Settings, load_settings
from opinion_stream.topics import INBOUND, full_name

REPO = Path(__file__).parents[1]
MESSAGES = REPO.parent / "shared" / "data" / "messages.jsonl"
CONNECTIONS = 64
HEAD = (
    "POST /v1/mentions HTTP/1.1\r\nHost: intake\r\nContent-Type: application/json\r\n"
    f"Authorization: Bearer {os.environ.get('BENCH_TOKEN')}\r\n"
)


def main() -> None:
    """Print one block of figures. Exit code 1 when something that was promised is not on the topic."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=500, help="posts a second")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--file", type=Path, default=MESSAGES, help="JSON Lines of raw mentions")
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.port:
        asyncio.run(load(options.port, options.rate, options.seconds, options.file))
        return
    with ExitStack() as stack:
        bootstrap = os.environ.get("OPINION_TEST_KAFKA") or os.environ.get("OPINION_KAFKA_BOOTSTRAP")
        kind = "Kafka" if bootstrap else "embedded broker"
        if not bootstrap:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            bootstrap = stack.enter_context(EmbeddedBroker(Path(folder) / "broker.log")).bootstrap
        settings = load_settings(kafka_bootstrap=bootstrap, topic_prefix=f"bench-{secrets.token_hex(3)}")
        asyncio.run(apply_topics(settings))
        result = measure(settings, options)
        lost = asyncio.run(missing(settings, result["ids"]))
    times = sorted(result["times"])
    load_now = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    print(f"{kind}; {options.rate:g} posts/s for {options.seconds:g} s; load average at the end {load_now}")
    print(f"answers by status: {result['statuses']}; no answer: {result['broken']}")
    print(
        f"time to answer from the moment a post was due: p50 {_at(times, 0.5):.1f} ms, p99 {_at(times, 0.99):.1f} ms, "
        f"p99.9 {_at(times, 0.999):.1f} ms, max {times[-1]:.1f} ms; achieved {result['rate']:.0f}/s"
    )
    print(f"CPU, in cores: service {result['cpu']:.2f}, load {result['load_cpu']:.2f}; service {result['memory']} MiB")
    print(f"promised (202): {len(result['ids'])}; of these not on the topic: {lost}")
    if lost:
        sys.exit(1)


def measure(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    """Start the service, run the load in another process, stop the service; the load's results and the service's."""
    token, digest = new_token()
    clients = {"clients": [{"name": "bench", "sha256": digest, "sources": ["bench"]}]}
    env = {
        **os.environ,
        "OPINION_KAFKA_BOOTSTRAP": settings.bootstrap(),
        "OPINION_TOPIC_PREFIX": settings.topic_prefix,
        "OPINION_CONFIG": str(REPO / "examples" / "xidi"),
        "OPINION_INTAKE_TOKENS": json.dumps(clients),
        "BENCH_TOKEN": token,
    }
    service = subprocess.Popen(
        [sys.executable, "-m", "opinion_stream", "intake", "--port", "0"], env=env, stderr=subprocess.PIPE, text=True
    )
    assert service.stderr is not None
    try:
        line = next(line for line in service.stderr if "listening on port" in line)
        port = re.findall(r"\d+", line)[-1]
        time.sleep(2)
        process = psutil.Process(service.pid)
        before, began = process.cpu_times(), time.perf_counter()
        command = [sys.executable, __file__, "--port", port, "--rate", str(options.rate)]
        command += ["--seconds", str(options.seconds), "--file", str(options.file)]
        done = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE)  # noqa: S603  this very file
        after = process.cpu_times()
        result = json.loads(done.stdout)
        spent = after.user + after.system - before.user - before.system
        result["cpu"] = spent / (time.perf_counter() - began)
        result["memory"] = round(process.memory_info().rss / 2**20)
    finally:
        service.send_signal(signal.SIGTERM)
        service.stderr.close()
        service.wait(30)
    return result


async def load(port: int, rate: float, seconds: float, file: Path) -> None:
    """Post at fixed times, whatever the answers do; print statuses, times and the ids that were promised.

    Over plain connections that stay open: an HTTP client library takes more of the machine than the service does.
    """
    texts = _texts(file)
    times: list[float] = []
    statuses: dict[int, int] = {}
    ids: list[str] = []
    broken = 0
    due: asyncio.Queue[tuple[int, float] | None] = asyncio.Queue()

    async def connection() -> None:
        nonlocal broken
        reading, writing = await asyncio.open_connection("127.0.0.1", port)
        while (post := await due.get()) is not None:
            number, at = post
            item = {**texts[number % len(texts)], "id": f"b{number}", "source": "bench"}
            body = json.dumps(item, ensure_ascii=False).encode()
            writing.write(f"{HEAD}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            try:
                head = (await reading.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                await reading.readexactly(int(re.findall(r"content-length: (\d+)", head)[0]))
            except (asyncio.IncompleteReadError, OSError):
                broken += 1
                reading, writing = await asyncio.open_connection("127.0.0.1", port)
                continue
            times.append((time.perf_counter() - at) * 1000)
            status = int(head.split(" ", 2)[1])
            statuses[status] = statuses.get(status, 0) + 1
            if status == 202:
                ids.append(f"b{number}")
        writing.close()

    workers = [asyncio.create_task(connection()) for _ in range(CONNECTIONS)]
    start = time.perf_counter() + 0.5
    for number in range(int(rate * seconds)):
        at = start + number / rate
        if (wait := at - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        due.put_nowait((number, at))
    for _ in workers:
        due.put_nowait(None)
    await asyncio.gather(*workers)
    spent = time.perf_counter() - start
    result = {"times": times, "statuses": statuses, "ids": ids, "broken": broken, "rate": len(times) / spent}
    result["load_cpu"] = time.process_time() / spent
    sys.stdout.write(json.dumps(result))


def _texts(file: Path) -> list[dict[str, object]]:
    """The real messages where they are at hand; else made-up ones of the same length."""
    if not file.is_file():
        made = {"text": "南街的路灯坏了三天，晚上看不见路，请尽快修好。" * 15, "title": "路灯"}
        return [{**made, "published_at": "2026-03-02T09:30:00+08:00"}]
    keep = ("title", "text", "published_at", "author", "likes", "dislikes")
    return [{key: row[key] for key in keep if key in row} for row in map(json.loads, raw_lines(file))]


async def missing(settings: Settings, promised: list[str]) -> int:
    """How many of the promised ids are not on the topic."""
    async with reader(settings.broker()) as read:
        records = await read.read_to_end([full_name(settings.topic_prefix, INBOUND)])
    return len(set(promised) - {json.loads(record.value or b"{}").get("id") for record in records})


def _at(times: list[float], share: float) -> float:
    return times[min(len(times) - 1, int(share * len(times)))]


if __name__ == "__main__":
    main()
