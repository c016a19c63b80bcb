"""What the tests of the ledger share: a ledger on either database, records of every topic, and a fake of their log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import builders
from opinion_stream import topics as t
from opinion_stream.adapters.ledger.export import export
from opinion_stream.adapters.ledger.writing import Batch, Place, Writer
from opinion_stream.adapters.reading import Stored
from opinion_stream.domain.briefing.writer import BriefWriter
from opinion_stream.domain.response import ResponseDesk
from opinion_stream.domain.state import DictStore
from opinion_stream.errors import Rejected
from opinion_stream.models.base import Grade, WireModel
from opinion_stream.models.brief import BriefDecision, BriefStatus
from opinion_stream.models.control import DeadLetter, DeadLetterState
from opinion_stream.models.escalation import Escalation
from opinion_stream.models.incident import GradeChange, IncidentAction, IncidentEvent
from opinion_stream.models.task import PublicResponse, ResponseTask, SupervisionNotice
from opinion_stream.topics import Topic
from task_sequences import Sequence as Steps

Record = tuple[Topic, WireModel]


class Topics:
    """The records of a run as they stand on the topics: one partition each, in order."""

    def __init__(self, records: Sequence[Record] = ()) -> None:
        self.records: list[Stored] = []
        self._ends: dict[str, int] = {}
        for topic, record in records:
            self.add(topic, record)

    def add(self, topic: Topic, record: WireModel | bytes) -> None:
        """Write one more record."""
        offset = self._ends.get(topic.name, 0)
        self._ends[topic.name] = offset + 1
        value = record if isinstance(record, bytes) else record.to_bytes()
        at = builders.T0 + timedelta(milliseconds=len(self.records))
        self.records.append(Stored(topic.name, 0, offset, None, value, at))

    def compacted(self) -> Topics:
        """The same with the compacted topics keeping the latest record of each id alone."""
        latest: dict[tuple[str, str], Stored] = {}
        for record in self.records:
            if t.BY_NAME[record.topic].compacted:
                latest[record.topic, json.loads(record.value or b"")["id"]] = record
        kept = {(record.topic, record.offset) for record in latest.values()}
        left = Topics()
        left.records = [r for r in self.records if not t.BY_NAME[r.topic].compacted or (r.topic, r.offset) in kept]
        return left


def feed(writer: Writer, topics: Topics, size: int) -> None:
    """Let the ledger read on from where it stands, in batches of so many records."""
    stands = writer.offsets()
    rest = [r for r in topics.records if r.offset >= stands.get((r.topic, r.partition), 0)]
    for at in range(0, len(rest), size):
        part: dict[Place, list[Stored]] = {}
        for record in rest[at : at + size]:
            part.setdefault((record.topic, record.partition), []).append(record)
        batch = Batch(part, {place: stands.get(place) for place in part})
        writer.write(batch)
        stands |= batch.after()


def exported(engine: object, folder: Path) -> dict[str, bytes]:
    """The ledger's content, file by file."""
    export(engine, folder)  # type: ignore[arg-type]
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def life_of_incident(name: str, versions: int) -> list[Record]:
    """An incident in all its versions: graded up and down, closed and reopened, as its record then tells."""
    records: list[Record] = []
    history: list[GradeChange] = []
    events: list[IncidentEvent] = []
    for version in range(1, versions + 1):
        at = builders.later(hours=version)
        grade = list(Grade)[(version * 7 + len(name)) % 4]
        if not history or history[-1].grade is not grade:
            history.append(GradeChange(at=at, grade=grade, score=40 + version % 50, reason=f"第{version}版定级"))
        if version % 5 == 0:
            action = IncidentAction.CLOSED if (version // 5) % 2 else IncidentAction.REOPENED
            events.append(IncidentEvent(at=at, action=action, reason="测试", cause=f"c-{version}"))
        fields = {"grade": grade, "history": tuple(history), "events": tuple(events), "last_at": at}
        records.append((t.INCIDENTS, builders.incident(id=name, version=version, title=f"事件{name}", **fields)))
    return records


def briefs(name: str) -> list[Record]:
    """Briefs on a matter that grows: returned, renewed, approved, and renewed again, as the last then tells."""
    grade, found = Grade.II, builders.incident(id=name, grade=Grade.II)
    writer, records = BriefWriter(builders.small_policy()), []
    decisions: tuple[BriefDecision, ...] = ()
    states = (BriefStatus.FOR_APPROVAL, BriefStatus.RETURNED, BriefStatus.FOR_APPROVAL, BriefStatus.APPROVED)
    for version, status in enumerate((*states, BriefStatus.FOR_APPROVAL), 1):
        if status is not BriefStatus.FOR_APPROVAL:
            at = builders.later(hours=10 - version)  # dated back
            said = {"version": version - 1, "by_role": "reviewer", "reason": "看过", "cause": f"c-{version}"}
            decisions = (*decisions, BriefDecision.model_validate({"status": status, "at": at, **said}))
        written = writer.write(found.model_copy(update={"grade": grade, "version": version}), [])
        assert written is not None
        records.append((t.BRIEFS, written.model_copy(update={"status": status, "decisions": decisions})))
    return records


def handled(seed: int) -> list[Record]:
    """Reports and what the response stage makes of them and of what persons do: every version of every task."""
    records: list[Record] = []
    desk = ResponseDesk(builders.small_policy(), DictStore())
    now = builders.T0
    of: dict[type, Topic] = {ResponseTask: t.TASKS, PublicResponse: t.RESPONSES, SupervisionNotice: t.SUPERVISION}

    def keep(outputs: Sequence[WireModel]) -> None:
        records.extend((of[type(output)], output) for output in outputs if type(output) in of)

    for phase in Steps(seed).build(3, 12):
        if phase.tick is not None:
            now = phase.tick
            keep(desk.tick(now))
        for step in phase.records:
            try:
                if isinstance(step, Escalation):
                    records.append((t.ESCALATIONS, step))
                    keep(desk.escalation(step, max(now, step.status_at)))
                else:
                    keep(desk.command(step, max(now, step.at)))
            except Rejected:
                continue
    return records


def letters() -> list[Record]:
    """A dead letter that is replayed, fails again and is discarded; and one that stays."""
    first = DeadLetter(
        id="d-1",
        stage="collection",
        kind="not_json",
        reason="不是 JSON",
        topic="mentions.inbound",
        partition=0,
        offset=7,
        at=builders.T0,
        size=12,
        original_sealed="c2VhbGVk",
    )
    states = (DeadLetterState.REPLAYED, DeadLetterState.PARKED, DeadLetterState.DISCARDED)
    later = [
        first.model_copy(
            update={
                "version": version,
                "state": state,
                "original_sealed": "",
                "role": "" if state is DeadLetterState.PARKED else "operator",
                "changed_at": None if state is DeadLetterState.PARKED else builders.later(hours=version),
            }
        )
        for version, state in enumerate(states, 2)
    ]
    other = first.model_copy(update={"id": "d-2", "offset": 8})
    again = first.model_copy(update={"offset": 9})
    return [(t.DEAD_LETTERS, letter) for letter in (first, other, *later, again, later[0])]


def eventful(seed: int = 1, mentions: int = 40) -> list[Record]:
    """Records of every topic of the ledger, those of one topic in the order in which it would hold them."""
    records: list[Record] = []
    for number in range(mentions):
        said = builders.mention(source_id=f"{number}", published_at=builders.later(minutes=number), voice="v-secret")
        records += [(t.COLLECTED, said), (t.ASSESSED, builders.assessed(mention=said, sensitivity=number % 100))]
    for number in range(5):
        records += life_of_incident(f"i-{seed}x{number}", 12)
        records += briefs(f"i-{seed}x{number}")
    records += [*handled(seed), *letters(), (t.RECEIPTS, builders.receipt(role="王五", note="我是张三"))]
    return records
