"""The pure cores on one core of the machine: what `assess` costs on the real messages, as a whole and part by part.

CPU time, median of five rounds; in each round the two baselines, the parts and the whole command take turns, so that
what else the machine does meets all of them alike. The command runs from bytecode, as one does that pip has installed:
a run before the first round writes it, whatever PYTHONDONTWRITEBYTECODE says.
"""

from __future__ import annotations

import gc
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import orjson
import rjieba
from rows import row
from sklearn.feature_extraction.text import TfidfVectorizer

from opinion_stream.adapters.inbound import raw_lines
from opinion_stream.cli.files import line_of
from opinion_stream.domain.assessment.pipeline import Assessor
from opinion_stream.domain.collection.pipeline import Collector, Received
from opinion_stream.domain.incidents.book import IncidentBook
from opinion_stream.domain.reporting.desk import ReportingDesk
from opinion_stream.domain.response.desk import ResponseDesk
from opinion_stream.domain.state import DictStore
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.models.mention import Mention
from opinion_stream.policy import load_policy

REPO = Path(__file__).parents[1]
MESSAGES = REPO.parent / "shared" / "data" / "messages.jsonl"
POLICY = REPO / "examples" / "xidi"
BATCH = 500
ROUNDS = 5
WANTED = 2500
"""Mentions per second of the whole command that issue 3 asks for."""
T = TypeVar("T")


class Times:
    """Seconds of CPU time by name, one entry a round, and how many records each is for."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.counts: dict[str, int] = {}

    def of(self, name: str, count: int, work: Callable[[], T]) -> T:
        """Do the work and note its time."""
        started = time.process_time()
        result = work()
        self.seconds[name].append(time.process_time() - started)
        self.counts[name] = count
        return result

    def show(self) -> None:
        """One line for each name: records per second and microseconds per record, median of the rounds."""
        for name, seconds in self.seconds.items():
            median, count = statistics.median(seconds), self.counts[name]
            print(f"{name:34} {count / median:9.0f}/s {median / count * 1e6:9.1f} µs   ({count} in {median:.2f} s)")


def command(times: Times, count: int, bytecode: str) -> None:
    """`opinion-stream assess` as a process of its own, start and all. `bytecode`: the folder it is kept in."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        args = [sys.executable, "-m", "opinion_stream", "assess", str(MESSAGES), "-o", f"{folder}/out.jsonl"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*args, "--config", str(POLICY)], check=True, env=environment, capture_output=True)  # noqa: S603
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    name = "assess, the command with its start"
    times.seconds[name].append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    times.counts[name] = count


def main() -> None:
    """Print one line per baseline, part and stage."""
    if not MESSAGES.is_file():
        print(f"core: {MESSAGES} is not on this machine; nothing measured")
        return
    with tempfile.TemporaryDirectory() as bytecode:
        measure(bytecode)


def measure(bytecode: str) -> None:
    """Measure, print, hand the row over."""
    now = datetime.now(UTC)
    received = [Received(line, now) for line in raw_lines(MESSAGES)]
    starts = range(0, len(received), BATCH)
    policy = load_policy(POLICY)
    collector, assessor = Collector(policy, b"benchmark only"), Assessor(policy)
    warm = [mention for mention in collector.collect(received) if isinstance(mention, Mention)]
    texts = [f"{mention.title}\n{mention.text}" for mention in warm]
    assessor.assess(warm[:BATCH])
    gc.collect()
    gc.freeze()
    command(Times(), len(received), bytecode)
    times = Times()
    for turn in range(ROUNDS):
        times.of("baseline: segmentation alone", len(texts), lambda: [rjieba.cut(text) for text in texts])
        words = TfidfVectorizer(tokenizer=rjieba.cut, token_pattern=None)
        times.of("baseline: word TF-IDF alone", len(texts), lambda w=words: w.fit_transform(texts))
        command(times, len(received), bytecode)
        collected = times.of(
            "  collection",
            len(received),
            lambda: [m for i in starts for m in collector.collect(received[i : i + BATCH])],
        )
        mentions = [mention for mention in collected if isinstance(mention, Mention)]
        judged = times.of(
            "  assessment",
            len(mentions),
            lambda m=mentions: [a for i in starts for a in assessor.assess(m[i : i + BATCH])],
        )
        items = [AssessedMention(mention=m, assessment=a) for m, a in zip(mentions, judged, strict=True)]
        book = IncidentBook(policy, DictStore())
        standings = times.of(
            "  incidents", len(items), lambda b=book, x=items: [s for i in starts for s in b.follow(x[i : i + BATCH])]
        )
        lines = list(zip(mentions, judged, standings, strict=True))
        times.of("  lines", len(lines), lambda x=lines: [orjson.dumps(line_of(*each, policy)) for each in x])
        if turn == 0:
            book = IncidentBook(policy, DictStore())
            reporting, response = ReportingDesk(policy, DictStore()), ResponseDesk(policy, DictStore())
            incidents = [incident for i in starts for incident in book.take(items[i : i + BATCH])]
            escalations = times.of(
                "reporting (one round)",
                len(incidents),
                lambda x=incidents, desk=reporting: [e for i in x for e in desk.incident(i, now)],
            )
            times.of(
                "response (one round)",
                len(escalations),
                lambda x=escalations, desk=response: [o for e in x for o in desk.escalation(e, now)],
            )
    print(f"wanted of the whole command: {WANTED}/s")
    times.show()
    speed = {name: times.counts[name] / statistics.median(seconds) for name, seconds in times.seconds.items()}
    ours = speed["assess, the command with its start"]
    words, cutting = speed["baseline: word TF-IDF alone"], speed["baseline: segmentation alone"]
    row(
        "speed: `assess`, one core, all included, mentions/s",
        f"{ours:,.0f}",
        f">= {WANTED:,}",
        ours >= WANTED,
        f"word TF-IDF alone {words:,.0f}, segmentation alone {cutting:,.0f}",
    )


if __name__ == "__main__":
    main()
