"""Incident grouping on the real messages, a one-pass TF-IDF baseline beside ours; `--scale`: cost as incidents grow.

Needs `../shared/data/messages.jsonl` and `../shared/tools/eval_events.py`.
"""

from __future__ import annotations

import argparse
import csv
import gc
import json
import math
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson
import rjieba
from rows import row

from opinion_stream.domain.assessment.pipeline import Assessor
from opinion_stream.domain.collection.pipeline import Collector, Received
from opinion_stream.domain.incidents.book import IncidentBook
from opinion_stream.domain.incidents.nearest import OpenIncidents
from opinion_stream.domain.state import DictStore
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.models.mention import Mention
from opinion_stream.policy import Policy, load_policy

REPO = Path(__file__).parents[1]
SHARED = REPO.parent / "shared"
MESSAGES, EVALUATE = SHARED / "data" / "messages.jsonl", SHARED / "tools" / "eval_events.py"
CONFIG = REPO / "examples" / "xidi"
THRESHOLD = 0.2
"""Of the baseline; the best of 0.15, 0.20, 0.25, 0.30 on the development half."""

SIZES = (1_000, 10_000, 100_000)
TOLD = {
    "b3_f1": "B3-F1",
    "b3s_f1": "strict",
    "found": "found",
    "b3_p": "precision",
    "b3_r": "recall",
    "single_in_gold": "strays",
}


def main() -> None:
    """Print the table of quality, or with `--scale` that of cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", action="store_true", help="cost per mention and memory per open incident")
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--per-event", type=Path, help="write one line per gold event here")
    options = parser.parse_args()
    if options.size:
        print(json.dumps(measure(options.size)))
    elif options.scale:
        scale()
    elif MESSAGES.is_file() and EVALUATE.is_file():
        quality(options.per_event)
    else:
        print(f"incidents: {MESSAGES} or {EVALUATE} is not on this machine; nothing measured")


def quality(per_event: Path | None) -> None:
    """Evaluate the baseline and the output of `opinion-stream assess`."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "out.jsonl"
        command = ["assess", str(MESSAGES), "-o", str(output), "--config", str(CONFIG)]
        environment = {"OPINION_SECRET_KEY": "benchmark only, not a key", **os.environ}
        started = time.perf_counter()
        subprocess.run(  # noqa: S603
            [sys.executable, "-m", "opinion_stream", *command], check=True, env=environment
        )
        seconds = time.perf_counter() - started
        lines = [json.loads(line) for line in output.open(encoding="utf-8")]
        ours = {line["id"]: line["incident_id"] for line in lines}
        print(f"{'':28}" + "".join(f"{name:>11}" for name in TOLD.values()))
        every: list[dict[str, float]] = []
        for name, clusters in (("one pass, TF-IDF, centroids", baseline()), ("opinion-stream assess", ours)):
            table = Path(folder) / "clusters.csv"
            with table.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(("message_id", "cluster_id"))
                writer.writerows(clusters.items())
            extra = ["--per-event", str(per_event)] if per_event is not None else []
            told = subprocess.run(  # noqa: S603
                [sys.executable, str(EVALUATE), str(table), "--json", *extra],
                check=True,
                capture_output=True,
                text=True,
            )
            figures = json.loads(told.stdout)
            every.append(figures)
            print(f"{name:28}" + "".join(f"{figures[key]:11.4f}" for key in TOLD))
        print(f"bars {'':23}{0.94:11.4f}{0.88:11.4f}{0.85:11.4f}")
        for key, bar in (("b3_f1", 0.94), ("b3s_f1", 0.88), ("found", 0.85)):
            one, other = (figures[key] for figures in every)
            row(f"incidents: {TOLD[key]}", f"{other:.3f}", f">= {bar:.2f}", other >= bar, f"one-pass TF-IDF {one:.3f}")
        print(f"assess: {len(lines)} mentions in {seconds:.1f} s, start of the program included")


def baseline() -> dict[str, str]:
    """Message id -> cluster: nearest centroid by cosine, idf of the words seen so far, the title counted thrice."""
    seen: Counter[str] = Counter()
    earlier: dict[str, array[int]] = defaultdict(lambda: array("i"))
    weights: dict[str, array[float]] = defaultdict(lambda: array("d"))
    labels = np.zeros(0, dtype=np.int64)
    squares: list[float] = []
    clusters: dict[str, str] = {}
    for number, line in enumerate(MESSAGES.open(encoding="utf-8")):
        message = json.loads(line)
        if number == len(labels):
            labels = np.concatenate([labels, np.zeros(number + 1_000, dtype=np.int64)])
        cut = rjieba.cut(message["title"]) * 3 + rjieba.cut(message["text"])
        words = Counter(word for word in cut if len(word) > 1)
        vector = _unit(
            {word: (1 + math.log(n)) * math.log((number + 100) / (seen[word] + 1)) for word, n in words.items()}
        )
        # Summed over the earlier messages that share a word, not over clusters: each word adds one array.
        told = [(word, weight) for word, weight in vector.items() if word in earlier]
        dots = np.zeros(len(squares))
        if told:
            places = np.concatenate([np.array(earlier[word]) for word, _ in told])
            products = np.concatenate([np.array(weights[word]) * weight for word, weight in told])
            dots = np.bincount(labels[places], products, minlength=len(squares))
        cosines = dots / np.sqrt(squares)
        nearest = int(cosines.argmax()) if len(squares) else 0
        if not len(squares) or cosines[nearest] <= THRESHOLD:
            nearest = len(squares)
            squares.append(1.0)
        else:
            squares[nearest] += 2 * float(dots[nearest]) + 1.0
        labels[number] = nearest
        for word, weight in vector.items():
            earlier[word].append(number)
            weights[word].append(weight)
        seen.update(words.keys())
        clusters[message["id"]] = str(nearest)
    return clusters


def _unit(vector: dict[str, float]) -> dict[str, float]:
    length = math.sqrt(sum(weight * weight for weight in vector.values())) or 1.0
    return {word: weight / length for word, weight in vector.items()}


def scale() -> None:
    """CPU time of one mention through the book, of the search in it and of an entry, and memory, by open incidents.

    Made-up incidents: 40 terms each, half of them drawn by Zipf's law from 20,000 words, half names that a
    few incidents share. A mention through the book is what `assess` does of grouping: near copies, search, entry,
    figures, grade. The memory is that of the search index alone, terms included, by the growth of the process.
    Each size is measured in a process of its own, and the filling is not timed.
    """
    names = ("open incidents", "mention, µs", "search, µs", "entry, µs", "index, KB per incident")
    print(" ".join(f"{name:>14}" for name in names), flush=True)
    first: dict[str, float] = {}
    for size in SIZES:
        command = [sys.executable, __file__, "--scale", "--size", str(size)]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603
        first = first or told
        mention, search = (told[name] / first[name] for name in ("mention", "search"))
        print(
            f"{size:14,} {told['mention']:14.0f} {told['search']:14.0f} {told['entry']:14.0f} {told['memory']:14.1f}"
            f"   {mention:.2f} and {search:.2f} times the first",
            flush=True,
        )
    many, few = f"{SIZES[-1]:,}", f"{SIZES[0]:,}"
    linear = f"linear scan {SIZES[-1] // SIZES[0]}"
    row(f"incidents: a mention at {many} open / at {few}", f"{mention:.2f}", "<= 2", mention <= 2, linear)
    row("incidents: of that the search alone", f"{search:.2f}", "stated", True, linear)
    row(f"incidents: memory each, {many} open, index", f"{told['memory']:.1f} KB", "stated", True)


def measure(size: int) -> dict[str, float]:
    """`mention`, `search`, `entry`: µs of each with `size` open incidents; `memory`: KB per incident."""
    chance = np.random.default_rng(1)
    chances = 1.0 / (np.arange(20_000) + 10)
    chances /= chances.sum()
    words = [f"w{k}" for k in range(20_000)]
    names = [f"n{k}" for k in range(2 * size)]

    def vectors(number: int) -> list[dict[str, float]]:
        drawn = chance.choice(20_000, (number, 20), p=chances).tolist()
        named = chance.integers(0, 2 * size, (number, 20)).tolist()
        heavy = (chance.random((number, 40)) + 0.2).round(4).tolist()
        return [
            _unit(dict(zip([words[k] for k in row] + [names[k] for k in own], weights, strict=True)))
            for row, own, weights in zip(drawn, named, heavy, strict=True)
        ]

    policy = load_policy(CONFIG)
    index = OpenIncidents(policy.incidents.matching)
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    gc.disable()  # nothing made here is garbage; to look for it takes longer the more there is
    for start in range(0, size, 1_000):
        for k, centroid in enumerate(vectors(min(1_000, size - start)), start):
            index.put(f"i-{k:06}", centroid)
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held) / size
    samples = vectors(1_000)
    searches: list[float] = []
    for _ in range(3):
        started = time.process_time()
        for sample in samples:
            index.nearest(sample, lambda _: True)
        searches.append((time.process_time() - started) / len(samples) * 1e6)
    started = time.process_time()
    for k, sample in enumerate(samples):
        index.put(f"x-{k}", sample)
    entry = (time.process_time() - started) / len(samples) * 1e6
    del index
    return {"mention": through_book(policy, size, vectors), "search": min(searches), "entry": entry, "memory": memory}


def through_book(policy: Policy, size: int, vectors: Callable[[int], list[dict[str, float]]]) -> float:
    """µs of a mention through a book of `size` open incidents, each opened by a mention of its own; best of three."""
    now = datetime(2026, 11, 9, 10, tzinfo=UTC)
    raw = {"source": "made-up", "title": "题", "text": "一件事", "published_at": now.isoformat()}
    (said,) = Collector(policy, b"benchmark only").collect([Received(orjson.dumps(raw), now)])
    if not isinstance(said, Mention):
        raise said
    (judged,) = Assessor(policy).assess([said])
    chance = random.Random(2)  # noqa: S311
    characters = [chr(0x4E00 + k) for k in range(3_000)]
    taken = 0

    def mentions(number: int) -> list[AssessedMention]:
        nonlocal taken
        found: list[AssessedMention] = []
        for features in vectors(number):
            taken += 1
            text = "".join(chance.choices(characters, k=160))
            mention = said.model_copy(update={"id": f"m:{taken}", "text": text, "fingerprint": f"{taken}"})
            assessment = judged.model_copy(update={"features": features})
            found.append(AssessedMention.trusted(schema_version=1, mention=mention, assessment=assessment))
        return found

    book = IncidentBook(policy, DictStore(), decided=False)
    while len(book) < size:
        book.follow(mentions(500))
    times: list[float] = []
    for _ in range(3):
        batch = mentions(500)
        started = time.process_time()
        book.follow(batch)
        times.append((time.process_time() - started) / len(batch) * 1e6)
    return min(times)


if __name__ == "__main__":
    main()
