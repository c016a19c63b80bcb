"""Personal data planted in the intake stand nowhere else through all stages: topics, changelogs, logs, figures."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from prometheus_client import generate_latest

from builders import T0, command, small_policy
from opinion_stream.adapters.changelog import MemoryJournal
from opinion_stream.adapters.outbox import unpack
from opinion_stream.adapters.partition_state import OUTBOX, Envelope
from opinion_stream.adapters.producer import Outgoing
from opinion_stream.adapters.seal import Sealer
from opinion_stream.agents.metrics import StageMetrics
from opinion_stream.agents.runner import Runner
from opinion_stream.agents.stage import Record, StageSpec, Tools
from opinion_stream.bootstrap import desk_of
from opinion_stream.domain.collection.clean import clean
from opinion_stream.domain.collection.keys import Key, KeyRing
from opinion_stream.models.mention import RawMention
from opinion_stream.models.task import CommandKind
from opinion_stream.topics import BY_NAME, INBOUND, REFERRALS, STATEFUL, TASK_COMMANDS, TOPICS, Stage, Topic
from privacy_corpus.cases import positives
from privacy_corpus.planting import leaks, planted

RING = KeyRing([Key("2026q1", date(2026, 1, 1), b"k" * 32), Key("2026q2", date(2026, 3, 3), b"l" * 32)], 92)
CHANGELOG = "changelog"
HANDED_IN = (INBOUND, REFERRALS)
"""What outside bodies write as they wrote it; their retention is short."""


class Road:
    """All stages in one process: what one writes the next ones read; everything written is kept."""

    def __init__(self) -> None:
        self.written: list[Outgoing] = []
        self.metrics = {stage: StageMetrics(stage) for stage in Stage}
        self._waiting: list[Record] = []
        self._ends: Counter[str] = Counter()
        self._runners = {stage: self._runner(stage) for stage in Stage}

    def _runner(self, stage: Stage) -> Runner:
        return Runner(
            spec=StageSpec(stage, desk_of(stage)),
            tools=Tools(small_policy(), Sealer(RING), RING),
            sender=self,
            journal=MemoryJournal(),
            topic_name=lambda topic: topic.name,
            changelog=f"{stage.value}-{CHANGELOG}",
            metrics=self.metrics[stage],
        )

    async def send_all(self, records: Sequence[Outgoing]) -> list[int]:
        offsets: list[int] = []
        for one in records:
            offsets.append(self._ends[one.topic])
            self._ends[one.topic] += 1
            if one.topic in BY_NAME and one.value is not None:
                self._waiting.append(record(BY_NAME[one.topic], one.value, offsets[-1]))
        self.written += records
        return offsets

    async def run(self, records: list[Record]) -> None:
        self._waiting += records
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            for stage, runner in self._runners.items():
                if mine := [one for one in waiting if stage in one.topic.readers]:
                    await runner.process(mine)


def record(topic: Topic, value: bytes, offset: int) -> Record:
    return Record(topic, 0, offset, None, value, T0)


async def test_a_planted_datum_stands_on_no_topic_but_inbound(capfd: pytest.CaptureFixture[str]) -> None:
    lines, data = planted(T0, every=9)
    assert leaks(b"".join(lines).decode(), data) == sorted(data), "what is planted is there"
    road = Road()

    await road.run([record(INBOUND, line, n) for n, line in enumerate(lines)])
    tasks = {json.loads(one.value or b"")["id"] for one in road.written if one.topic == "tasks"}
    notes = [
        command(id=f"c-{n}-{kind}", task_id=task, kind=kind, at=T0 + timedelta(days=1), text=text, role="handler")
        for n, task in enumerate(sorted(tasks)[:50])
        for kind, text in ((CommandKind.ACCEPT, ""), (CommandKind.RECORD, "已电话联系13912340000、QQ：13912340"))
    ]
    await road.run([record(TASK_COMMANDS, one.to_bytes(), n) for n, one in enumerate(notes)])
    data |= {"13912340000", "13912340"}

    heard = {"mentions.collected", "mentions.assessed", "incidents", "escalations", "tasks", "dead-letters"}
    heard |= {f"{stage.value}-{CHANGELOG}" for stage in STATEFUL}
    assert heard <= {one.topic for one in road.written}
    assert len(data) > 500
    everything = b"\n".join(part or b"" for one in road.written for part in (one.key, one.value)).decode(
        errors="replace"
    )
    everything += said_again(road.written)
    captured = capfd.readouterr()
    figures = b"".join(generate_latest(metrics.registry) for metrics in road.metrics.values()).decode()
    for place, text in (("topics", everything), ("logs", captured.out + captured.err), ("metrics", figures)):
        assert leaks(text, data) == [], place


def said_again(written: Sequence[Outgoing]) -> str:
    """What stands compressed in the outboxes of the changelogs."""
    chunks = [Envelope.unpack(one.value or b"").current for one in written if (one.key or b"").startswith(OUTBOX)]
    assert chunks
    return b"\n".join(value for _, _, value in unpack([chunk for chunk in chunks if chunk])).decode()


def test_what_is_handed_in_unmasked_is_kept_no_longer_than_a_week() -> None:
    assert [topic.name for topic in TOPICS if topic.model is RawMention] == ["mentions.inbound"]
    for topic in HANDED_IN:
        assert topic.config()["retention.ms"] == str(7 * 24 * 3600 * 1000)
        assert topic.config()["cleanup.policy"] == "delete"


def test_the_corpus_tells_its_data_after_cleaning() -> None:
    assert all(clean(case.text) == case.text for case in positives())
