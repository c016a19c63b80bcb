"""How the completeness check of drafts behaves on real replies. `python benchmarks/answers.py`.

Needs `../shared/data/replies_dev.jsonl`. A real reply stands beside a reply to some other concern of the file: the
check of points should tell them apart, and the elements should be found in most real replies that answer at all.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from opinion_stream.domain.assessment.pipeline import Assessor
from opinion_stream.domain.collection.pipeline import Collector, Received
from opinion_stream.domain.response.completeness import DraftCheck, touches
from opinion_stream.models.mention import Mention
from opinion_stream.policy import load_policy

REPO = Path(__file__).parents[1]
DATA = REPO.parent / "shared" / "data" / "replies_dev.jsonl"


def main() -> None:
    """Print the figures."""
    if not DATA.is_file():
        sys.exit(f"{DATA} is not here: nothing to measure")
    rows = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
    policy = load_policy(REPO / "examples" / "xidi")
    collector = Collector(policy, b"a key for this benchmark only")
    raw = [
        json.dumps({"source": "board", **{k: row[k] for k in ("id", "title", "text", "published_at")}}).encode()
        for row in rows
    ]
    now = datetime.now(UTC)
    pairs = [
        (found, row["reply"])
        for found, row in zip(collector.collect([Received(line, now) for line in raw]), rows, strict=True)
        if isinstance(found, Mention)
    ]
    judged = Assessor(policy).assess([mention for mention, _ in pairs])
    check = DraftCheck(policy)
    replies = [reply for _, reply in pairs]
    others = replies[:]
    chance = random.Random(7)  # noqa: S311  (a benchmark)
    chance.shuffle(others)
    own, other, lacking, natures = [], [], Counter[str](), Counter[str]()
    advised = {"own": 0, "other": 0}
    for assessment, reply, strange in zip(judged, replies, others, strict=True):
        points = [keyword.word for keyword in assessment.keywords]
        own.append(sum(touches(reply, point) for point in points) / max(1, len(points)))
        other.append(sum(touches(strange, point) for point in points) / max(1, len(points)))
        natures[assessment.nature.value] += 1
        found = check.check(reply, assessment.nature, points)
        lacking.update(advice.element for advice in found)
        advised["own"] += any(advice.element == "points" for advice in found)
        foreign = check.check(strange, assessment.nature, points)
        advised["other"] += any(advice.element == "points" for advice in foreign)
    ranks = sum((a > b) + 0.5 * (a == b) for a in own for b in chance.sample(other, 100)) / (100 * len(own))
    print(f"{len(pairs)} real replies; natures {dict(natures.most_common())}")
    print(
        f"share of the concern's points touched: own {sum(own) / len(own):.2f}, another {sum(other) / len(other):.2f}"
    )
    print(f"own above another (AUC): {ranks:.3f}")
    for name, number in advised.items():
        print(f"told that points are not answered: {number / len(pairs):.1%} of {name} replies")
    for name, number in lacking.most_common():
        print(f"real replies that lack {name:14} {number / len(pairs):6.1%}")


if __name__ == "__main__":
    main()
