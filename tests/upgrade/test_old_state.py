"""An upgrade: what an older version left in the changelogs is opened, and work goes on from there.

`state-0.1` holds the compacted changelogs of one partition per stage, as the version before epochs, key rotation and
watch rules wrote them while it played the shipped scenario.
"""

from __future__ import annotations

import base64
import json
import lzma
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fake_broker import FakeBroker
from opinion_stream.adapters.changelog import MemoryJournal
from opinion_stream.adapters.replica import Entry, Replica
from opinion_stream.adapters.seal import Sealer
from opinion_stream.agents.metrics import StageMetrics
from opinion_stream.agents.runner import Runner
from opinion_stream.agents.stage import Record, StageSpec, Tools
from opinion_stream.bootstrap import desk_of
from opinion_stream.domain.assessment.pipeline import Assessor
from opinion_stream.domain.collection.pipeline import Collector, Received
from opinion_stream.domain.reporting.reports import Sent
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.models.escalation import Escalation, EscalationStatus, Receipt, ReceiptKind
from opinion_stream.models.mention import Mention
from opinion_stream.models.task import CommandKind, ResponseTask, TaskCommand, TaskState
from opinion_stream.policy import Policy, load_policy
from opinion_stream.topics import ASSESSED, INBOUND, RECEIPTS, STATEFUL, TASK_COMMANDS, Stage, Topic

HERE = Path(__file__).parent
REPO = HERE.parents[1]
SECRET = b"a key of sixteen and more bytes"
LATER = datetime(2026, 11, 12, 4, tzinfo=UTC)
NEW_OFFSET = 10**6


class OldJournal(MemoryJournal):
    """The changelog as the old version left it."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        packed = (HERE / "state-0.1" / f"{stage.value}.jsonl.xz").read_bytes()
        rows = [json.loads(line) for line in lzma.decompress(packed).splitlines()]
        self.partition: int = rows[0][0]
        self.entries = [
            Entry(offset, base64.b64decode(key), None if value is None else base64.b64decode(value))
            for _, offset, key, value in rows
        ]

    async def open(self, partition: int, wanted: Callable[[], bool]) -> Replica:
        replica = await super().open(partition, wanted)
        replica.apply(self.entries, self.entries[-1].offset + 1)
        return replica


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(REPO / "config")


async def upgraded(stage: Stage, policy: Policy) -> tuple[Runner, FakeBroker, int]:
    """The stage as it comes up with this version on the old state."""
    journal = OldJournal(stage)
    broker = FakeBroker(ends={"changelog": journal.entries[-1].offset + 1})
    runner = Runner(
        spec=StageSpec(stage, desk_of(stage)),
        tools=Tools(policy, Sealer(SECRET), SECRET),
        sender=broker,
        journal=journal,
        topic_name=lambda topic: topic.name,
        changelog="changelog",
        metrics=StageMetrics(stage),
    )
    await runner.open([journal.partition])
    return runner, broker, journal.partition


def values(runner: Runner, partition: int, prefix: str) -> list[bytes]:
    state = runner.slots[partition].state
    assert state is not None
    return [value for _, value in state.items(prefix)]


def record(topic: Topic, partition: int, value: bytes) -> Record:
    return Record(topic, partition, NEW_OFFSET, None, value, LATER)


@pytest.mark.parametrize("stage", STATEFUL)
async def test_all_that_was_remembered_is_there(stage: Stage, policy: Policy) -> None:
    runner, _, partition = await upgraded(stage, policy)
    kept = [entry for entry in OldJournal(stage).entries if entry.key[:1] != b"\x00" and entry.value]
    # A value's head: batch, its length (-1: deleted), the length of the one it replaced.
    old = {entry.key for entry in kept if struct.unpack_from(">QiI", entry.value or b"")[1] >= 0}
    state = runner.slots[partition].state
    assert state is not None
    assert {key for key, _ in state.items("")} == {key.decode() for key in old}


def scenario() -> list[bytes]:
    return (REPO / "examples" / "qingyang-three-days" / "mentions.jsonl").read_bytes().splitlines()


async def test_collection_still_knows_what_was_handed_in(policy: Policy) -> None:
    runner, broker, partition = await upgraded(Stage.COLLECTION, policy)
    state = runner.slots[partition].state
    assert state is not None
    known = {key.removeprefix("id/") for key, _ in state.items("id/")}
    results = zip(scenario(), Collector(policy, SECRET).collect([Received(r, LATER) for r in scenario()]), strict=True)
    raw = next(raw for raw, result in results if isinstance(result, Mention) and result.id in known)

    await runner.process([record(INBOUND, partition, raw)])

    assert broker.to("mentions.collected") == []
    assert broker.to("dead-letters") == []


async def test_incidents_still_know_their_mentions_and_take_new_ones(policy: Policy) -> None:
    runner, broker, partition = await upgraded(Stage.INCIDENTS, policy)
    state = runner.slots[partition].state
    assert state is not None
    known = {key.removeprefix("seen/") for key, _ in state.items("seen/")}
    collected = Collector(policy, SECRET).collect([Received(raw, LATER) for raw in scenario()])
    old = next(one for one in collected if isinstance(one, Mention) and one.id in known and one.set_aside is None)
    new = old.model_copy(update={"id": "test:new", "voice": "2026q4-0123456789abcdef"})
    items = [
        AssessedMention(mention=mention, assessment=assessment)
        for mention, assessment in zip([old, new], Assessor(policy).assess([old, new]), strict=True)
    ]

    await runner.process([record(ASSESSED, partition, items[0].to_bytes())])
    assert broker.to("incidents") == []
    later = Record(ASSESSED, partition, NEW_OFFSET + 1, None, items[1].to_bytes(), LATER)
    await runner.process([later])

    (incident,) = broker.to("incidents")
    assert json.loads(incident)["version"] > 1, "the copy joins the matter that the old version knew"


async def test_an_instruction_on_a_report_of_the_old_version_is_taken(policy: Policy) -> None:
    runner, broker, partition = await upgraded(Stage.REPORTING, policy)
    sent = [Sent.model_validate_json(raw).escalation for raw in values(runner, partition, "reported/")]
    waiting = next(
        one for one in sent if one.status is EscalationStatus.ACKNOWLEDGED and one.recipient.level == "above"
    )
    receipt = Receipt(
        id="r-after-the-upgrade",
        escalation_id=waiting.id,
        incident_id=waiting.incident_id,
        kind=ReceiptKind.INSTRUCTION,
        note="请核实后按时公开回应。",
        role="direct_responsible",
        at=LATER,
    )

    await runner.process([record(RECEIPTS, partition, receipt.to_bytes())])

    assert broker.to("dead-letters") == []
    (after,) = [one for one in map(Escalation.model_validate_json, broker.to("escalations")) if one.id == waiting.id]
    assert after.status is EscalationStatus.INSTRUCTED
    assert after.version == waiting.version + 1


async def test_a_task_of_the_old_version_goes_on(policy: Policy) -> None:
    runner, broker, partition = await upgraded(Stage.RESPONSE, policy)
    tasks = [ResponseTask.model_validate_json(raw) for raw in values(runner, partition, "task/")]
    task = next(task for task in tasks if task.state is TaskState.ACCEPTED)
    command = TaskCommand(
        id="c-1",
        task_id=task.id,
        kind=CommandKind.RECORD,
        role="handler",
        unit=task.unit.code,
        at=LATER,
        text="已派人到现场。",
    )

    await runner.process([record(TASK_COMMANDS, partition, command.to_bytes())])

    assert broker.to("dead-letters") == []
    (after,) = map(ResponseTask.model_validate_json, broker.to("tasks"))
    assert (after.id, after.version) == (task.id, task.version + 1)
