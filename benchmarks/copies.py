"""How well repeats are found: copies planted among 2,000 real messages. `python benchmarks/copies.py [--show N]`.

Planted are copies of twelve kinds, copies of copies, and what must not be found: the same words about another county,
estate, road, school or line, and messages after one pattern. Needs `../shared/data/messages.jsonl`.

The real messages hold repeats of their own. A pair of real messages that is found counts as right if both have one
author or the gold events hold both in one event; the rest is shown by `--show` for a person to judge, and counted
apart: as wrong in the lower figure, not at all in the upper one.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from copies_planting import Forger, Raw, copies, letters, others, templates
from rensa import RMinHash
from rows import row

from opinion_stream.domain.assessment.pipeline import Assessor
from opinion_stream.domain.collection.clean import words_only
from opinion_stream.domain.collection.pipeline import Collector, Received
from opinion_stream.domain.collection.repeats import Repeats
from opinion_stream.domain.incidents.book import IncidentBook
from opinion_stream.domain.state import DictStore
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.models.mention import Mention
from opinion_stream.policy import load_policy

REPO = Path(__file__).parents[1]
DATA = REPO.parent / "shared" / "data"
REAL, EACH = 2000, 40


@dataclass
class Planted:
    """A record of the stream. `of`: id of what it was made from; `kind`: "" for a real message."""

    raw: Raw
    kind: str = ""
    of: str = ""
    is_copy: bool = False


def plant(real: Sequence[Raw], seed: int) -> list[Planted]:
    """The real messages with the planted ones among them, each at some place after its original."""
    rng = random.Random(seed)
    forger = Forger(rng)
    stream: list[tuple[float, Planted]] = [(float(at), Planted(raw)) for at, raw in enumerate(real)]
    able = [(at, raw) for at, raw in enumerate(real) if letters(str(raw["text"])) >= 30]
    made = 0

    def add(at: float, title: str, text: str, kind: str, of: str, is_copy: bool) -> tuple[float, Planted]:
        nonlocal made
        made += 1
        raw = {"id": f"p{made}", "source": "planted", "title": title, "text": text, "author": f"p{made}"}
        place = rng.uniform(at, len(real))
        raw["published_at"] = real[min(int(place), len(real) - 1)]["published_at"]
        stream.append((place, Planted(raw, kind, of, is_copy)))
        return stream[-1]

    for steps, is_copy in ((copies(forger), True), (others(forger), False)):
        for kind, step in steps.items():
            count = 0
            for at, raw in rng.sample(able, len(able)):
                result = step(str(raw["title"]), str(raw["text"]))
                if result is None or (result == (raw["title"], raw["text"])):
                    continue
                first = add(at, *result, kind, str(raw["id"]), is_copy)
                again = step(*result) if is_copy and count % 5 == 0 else None
                if again is not None:
                    add(first[0], *again, "copy of a copy", str(raw["id"]), True)
                count += 1
                if count == EACH:
                    break
    for title, text in templates(rng, 2 * EACH):
        add(0, title, text, "one pattern, other names", "", False)
    return [record for _, record in sorted(stream, key=lambda pair: pair[0])]


def found_by_us(mentions: Sequence[Mention], policy_folder: Path) -> tuple[list[str | None], float]:
    """The original of each mention, by the whole road of collection and incidents; CPU seconds of the search."""
    policy = load_policy(policy_folder)
    assessor, book = Assessor(policy), IncidentBook(policy, DictStore())
    marked = Repeats(DictStore(), timedelta(days=30)).mark(mentions)
    result: list[str | None] = []
    items = [AssessedMention(mention=m, assessment=a) for m in marked if m for a in assessor.assess([m])]
    started = time.process_time()
    for item in items:
        book.take([item])
        copy = book.copy_of(item)
        result.append(copy.original if copy else None)
    return result, time.process_time() - started


def found_by_fingerprint(mentions: Sequence[Mention]) -> list[str | None]:
    """Baseline: the same words exactly."""
    first: dict[str, str] = {}
    return [None if (of := first.setdefault(m.fingerprint, m.id)) == m.id else of for m in mentions]


def found_by_jaccard(mentions: Sequence[Mention], threshold: float) -> list[str | None]:
    """Baseline: the nearest earlier mention by estimated Jaccard similarity of character 4-grams, from a threshold."""
    known: list[tuple[str, RMinHash]] = []
    result: list[str | None] = []
    for mention in mentions:
        words = words_only(mention.title + mention.text)
        hashes = RMinHash(128, 1)
        hashes.update([words[i : i + 4] for i in range(max(1, len(words) - 3))])
        best = max(((hashes.jaccard(other), of) for of, other in known), default=(0.0, ""))
        result.append(best[1] if best[0] >= threshold else None)
        known.append((mention.id, hashes))
    return result


def roots(mentions: Sequence[Mention], found: Sequence[str | None]) -> dict[str, str]:
    """Mention -> first original, through copies of copies."""
    first: dict[str, str] = {}
    for mention, of in zip(mentions, found, strict=True):
        first[mention.id] = first.get(of, of) if of is not None else mention.id
    return first


@dataclass
class Score:
    """What a method found."""

    hits: Counter[str]
    all: Counter[str]
    alarms: Counter[str]
    natural_right: int
    natural_open: list[tuple[Planted, str]]

    def recall(self) -> float:
        """Share of the planted copies that were led to their originals."""
        return sum(self.hits.values()) / sum(self.all.values())

    def precision(self, natural: str) -> float:
        """Share of right ones: of the planted alone (`planted`), or with real pairs not known to be right
        left out (`known`) or counted as wrong (`all`)."""
        right, wrong = sum(self.hits.values()), sum(self.alarms.values())
        if natural != "planted":
            right += self.natural_right
        if natural == "all":
            wrong += len(self.natural_open)
        return right / (right + wrong) if right + wrong else 1.0


def score(
    stream: Sequence[Planted],
    mentions: Sequence[Mention],
    found: Sequence[str | None],
    alike: Callable[[str, str], bool],
) -> Score:
    """A planted copy is a hit if it is led to the original of its original. A planted other matter that is led
    anywhere, and a copy that is led to another matter, is a false alarm."""
    by_raw = {str(record.raw["id"]): mention.id for record, mention in zip(stream, mentions, strict=True)}
    by_id = {mention.id: record for record, mention in zip(stream, mentions, strict=True)}
    first = roots(mentions, found)
    result = Score(Counter(), Counter(), Counter(), 0, [])
    for record, mention, of in zip(stream, mentions, found, strict=True):
        if record.is_copy:
            result.all[record.kind] += 1
            if of is not None:
                same = first[mention.id] == first[by_raw[record.of]]
                (result.hits if same else result.alarms)[record.kind] += 1
        elif of is not None and record.kind:
            result.alarms[record.kind] += 1
        elif of is not None:
            source = by_id[of]
            one, other = str(record.raw["id"]), source.of or str(source.raw["id"])
            if source.kind and not source.is_copy:
                result.alarms["real message led to a planted other matter"] += 1
            elif alike(one, other):
                result.natural_right += 1
            else:
                result.natural_open.append((record, other))
    return result


def said(raw: Raw) -> str:
    """Title and text on one line."""
    return f"{raw.get('title')} | {raw.get('text')}"


def bars(ours: Score, simplest: Score, planted: Counter[str]) -> None:
    """Hand over the figures that have a bar."""
    name, recall, precision = "MinHash 0.5", ours.recall(), ours.precision("known")
    row("repeats: recall", f"{recall:.3f}", ">= 0.95", recall >= 0.95, f"{name} {simplest.recall():.3f}")
    row(
        "repeats: precision",
        f"{precision:.3f} ({ours.precision('all'):.3f} if doubtful real pairs are wrong)",
        ">= 0.98",
        precision >= 0.98,
        f"{name} {simplest.precision('known'):.3f}",
    )
    kinds = [kind for kind in planted if kind.startswith("same words")]
    count, wrong, theirs = (sum(each[kind] for kind in kinds) for each in (planted, ours.alarms, simplest.alarms))
    what = "repeats: same words, other place, taken for copies"
    row(what, f"{wrong} of {count}", "0", wrong == 0, f"{name} {theirs} of {count}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", type=int, default=0, help="show so many real pairs that a person must judge")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--misses", action="store_true", help="show what was missed and what was found wrongly")
    options = parser.parse_args()
    path = DATA / "messages.jsonl"
    if not path.is_file():
        print(f"copies: {path} is not on this machine; nothing measured")
        return
    every = [json.loads(line) for line in path.open(encoding="utf-8")]
    start = random.Random(options.seed).randrange(len(every) - REAL)
    real = every[start : start + REAL]
    by_id = {str(raw["id"]): raw for raw in every}
    with (DATA / "gold_events_dev.csv").open(encoding="utf-8-sig", newline="") as file:
        events = {row["message_id"]: row["event_id"] for row in csv.DictReader(file)}

    def alike(one: str, other: str) -> bool:
        event = events.get(one)
        return by_id[one]["author"] == by_id[other]["author"] or (event is not None and event == events.get(other))

    stream = plant(real, options.seed)
    folder = REPO / "examples" / "xidi"
    collector = Collector(load_policy(folder), b"benchmark only")
    now = datetime.now(UTC)
    received = [Received(json.dumps(record.raw, ensure_ascii=False).encode(), now) for record in stream]
    mentions = [mention for mention in collector.collect(received) if isinstance(mention, Mention)]
    if len(mentions) != len(stream):
        sys.exit("some records were refused; the figures would not hold")
    ours, seconds = found_by_us(mentions, folder)
    methods: dict[str, list[str | None]] = {"exact fingerprint": found_by_fingerprint(mentions)}
    for threshold in (0.3, 0.5, 0.7):
        methods[f"MinHash, Jaccard >= {threshold}"] = found_by_jaccard(mentions, threshold)
    methods["ours"] = ours
    scores = {name: score(stream, mentions, found, alike) for name, found in methods.items()}
    planted = Counter(record.kind for record in stream if record.kind)
    print(f"{REAL} real messages, {sum(planted.values())} planted, seed {options.seed}")
    print(f"{'method':24} recall  precision: planted  with known real pairs  with all real pairs")
    for name, s in scores.items():
        figures = [s.precision(kind) for kind in ("planted", "known", "all")]
        print(f"{name:24} {s.recall():6.3f} {figures[0]:19.3f} {figures[1]:22.3f} {figures[2]:20.3f}")
    print(f"\n{'kind of copy':36} planted " + " ".join(f"{name[-14:]:>14}" for name in scores) + "   (recall)")
    for kind, count in sorted(scores["ours"].all.items()):
        print(f"{kind:36} {count:7} " + " ".join(f"{s.hits[kind] / count:14.3f}" for s in scores.values()))
    print(f"\n{'must not be found':36} planted " + " ".join(f"{name[-14:]:>14}" for name in scores) + "   (found)")
    for kind in sorted({kind for s in scores.values() for kind in s.alarms} | (planted.keys() - scores["ours"].all)):
        print(f"{kind:36} {planted[kind]:7} " + " ".join(f"{s.alarms[kind]:14}" for s in scores.values()))
    s = scores["ours"]
    print(f"\nreal pairs found: {s.natural_right} of one author or event, {len(s.natural_open)} for a person to judge")
    print(f"the book of incidents with the search: {seconds / len(mentions) * 1e6:.0f} us a mention (CPU)")
    bars(s, scores["MinHash, Jaccard >= 0.5"], planted)
    for record, other in s.natural_open[: options.show]:
        print(f"\n- {said(by_id[other])[:300]}\n+ {said(record.raw)[:300]}")
    if options.misses:
        for record, of in zip(stream, ours, strict=True):
            if record.kind and record.is_copy != (of is not None):
                print(f"\n{record.kind}: {of}\n- {said(by_id.get(record.of, {}))}")
                print(f"+ {said(record.raw)}")


if __name__ == "__main__":
    main()
