"""The pure cores alone, one process: records per second of CPU time on the real messages, stage by stage."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from opinion_stream.adapters.inbound import raw_lines
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
BATCH = 500
T = TypeVar("T")


def timed(name: str, work: Callable[[], list[T]], count: int) -> list[T]:
    """Do the work, print how many of `count` it managed per second of CPU time."""
    started = time.process_time()
    result = work()
    seconds = time.process_time() - started
    print(f"{name:12} {count / seconds:9.0f}/s   ({count} in {seconds:.2f} s)")
    return result


def main() -> None:
    """Print one line per stage."""
    if not MESSAGES.is_file():
        print(f"core: {MESSAGES} is not on this machine; nothing measured")
        return
    policy = load_policy(REPO / "examples" / "xidi")
    now = datetime.now(UTC)
    received = [Received(line, now) for line in raw_lines(MESSAGES)]
    starts = range(0, len(received), BATCH)
    collector, assessor = Collector(policy, b"benchmark only"), Assessor(policy)
    book = IncidentBook(policy, DictStore())
    reporting, response = ReportingDesk(policy, DictStore()), ResponseDesk(policy, DictStore())
    collector.collect(received[:10])
    collected = timed(
        "collection", lambda: [m for i in starts for m in collector.collect(received[i : i + BATCH])], len(received)
    )
    mentions = [mention for mention in collected if isinstance(mention, Mention)]
    assessor.assess(mentions[:10])
    judged = timed(
        "assessment", lambda: [a for i in starts for a in assessor.assess(mentions[i : i + BATCH])], len(mentions)
    )
    pairs = [AssessedMention(mention=m, assessment=a) for m, a in zip(mentions, judged, strict=True)]
    incidents = timed("incidents", lambda: [x for i in starts for x in book.take(pairs[i : i + BATCH])], len(pairs))
    escalations = timed("reporting", lambda: [e for i in incidents for e in reporting.incident(i, now)], len(incidents))
    timed("response", lambda: [o for e in escalations for o in response.escalation(e, now)], len(escalations))


if __name__ == "__main__":
    main()
