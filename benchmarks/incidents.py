"""Incident grouping on the real messages, a one-pass TF-IDF baseline beside ours; `--scale`: cost as incidents grow.

Needs `../shared/data/messages.jsonl` and `../shared/tools/eval_events.py`.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import math
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

import rjieba

from opinion_stream.domain.incidents.nearest import OpenIncidents
from opinion_stream.policy import load_policy

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
    parser.add_argument("--per-event", type=Path, help="write one line per gold event here")
    options = parser.parse_args()
    if options.scale:
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
            print(f"{name:28}" + "".join(f"{figures[key]:11.4f}" for key in TOLD))
        print(f"bars {'':23}{0.94:11.4f}{0.88:11.4f}{0.85:11.4f}")
        print(f"assess: {len(lines)} mentions in {seconds:.1f} s, start of the program included")


def baseline() -> dict[str, str]:
    """Message id -> cluster: nearest centroid by cosine, idf of the words seen so far, the title counted thrice."""
    seen: Counter[str] = Counter()
    sums: list[Counter[str]] = []
    holders: dict[str, set[int]] = defaultdict(set)
    clusters: dict[str, str] = {}
    for number, line in enumerate(MESSAGES.open(encoding="utf-8")):
        message = json.loads(line)
        words = Counter(
            word for word in rjieba.cut(message["title"]) * 3 + rjieba.cut(message["text"]) if len(word) > 1
        )
        idf = {word: math.log((number + 100) / (seen[word] + 1)) for word in words}
        vector = {word: (1 + math.log(count)) * idf[word] for word, count in words.items()}
        vector = _unit(vector)
        dots: dict[int, float] = defaultdict(float)
        for word, weight in vector.items():
            for cluster in holders[word]:
                dots[cluster] += weight * sums[cluster][word]
        best, nearest = THRESHOLD, len(sums)
        for cluster, dot in dots.items():
            cosine = dot / math.sqrt(sums[cluster]["\0"])
            if cosine > best:
                best, nearest = cosine, cluster
        if nearest == len(sums):
            sums.append(Counter())
        centroid = sums[nearest]
        for word, weight in vector.items():
            centroid["\0"] += 2 * weight * centroid[word] + weight * weight
            centroid[word] += weight
            holders[word].add(nearest)
        seen.update(words.keys())
        clusters[message["id"]] = str(nearest)
    return clusters


def _unit(vector: dict[str, float]) -> dict[str, float]:
    length = math.sqrt(sum(weight * weight for weight in vector.values())) or 1.0
    return {word: weight / length for word, weight in vector.items()}


def scale() -> None:
    """CPU time of one search and one entry, and memory, by the number of open incidents.

    Made-up incidents: 40 terms each, half of them drawn by Zipf's law from 20,000 words, half names that a
    few incidents share. The memory is that of the search index alone, by the growth of the process.
    """
    rules = load_policy(CONFIG).incidents
    chance = random.Random(1)  # noqa: S311
    words = [f"w{k}" for k in range(20_000)]
    weights = list(itertools.accumulate(1 / (k + 10) for k in range(20_000)))
    print(f"{'open incidents':>14} {'search, µs':>11} {'entry, µs':>10} {'index, KB per incident':>23}")
    first: float | None = None

    def mention(size: int) -> dict[str, float]:
        drawn = dict.fromkeys(chance.choices(words, cum_weights=weights, k=20))
        drawn |= dict.fromkeys(f"n{chance.randrange(max(1, size * 2))}" for _ in range(20))
        return _unit({term: chance.random() + 0.2 for term in drawn})

    for size in SIZES:
        index = OpenIncidents(rules.matching)
        held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for k in range(size):
            index.put(f"i-{k:06}", mention(size))
        memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held) / size
        samples = [mention(size) for _ in range(1_000)]
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
        for k in range(len(samples)):
            index.remove(f"x-{k}")
        search = min(searches)
        first = first or search
        print(f"{size:14,} {search:11.0f} {entry:10.0f} {memory:23.1f}   {search / first:.2f} times the first")


if __name__ == "__main__":
    main()
