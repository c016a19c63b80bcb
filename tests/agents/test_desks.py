"""One contract for all desks: bad payloads are explained, a replay after a crash gives the same, nothing leaks."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from builders import T0, assessed, command, counts, escalation, incident, mention, raw_mention, receipt, small_policy
from opinion_stream.adapters.seal import Sealer
from opinion_stream.agents.stage import Desk, Output, Record, Tools
from opinion_stream.bootstrap import desk_of
from opinion_stream.domain.state import DictStore
from opinion_stream.models.command import IncidentCommand
from opinion_stream.models.control import ClockTick, DeadLetter
from opinion_stream.models.effect import ResponseEffect
from opinion_stream.models.escalation import Escalation
from opinion_stream.models.incident import Incident
from opinion_stream.models.sharing import OutcomeKind, TaskOutcome
from opinion_stream.models.task import CommandKind, ResponseTask, TaskState
from opinion_stream.topics import (
    ASSESSED,
    BY_NAME,
    CLOCK,
    COLLECTED,
    DEAD_LETTERS,
    EFFECTS,
    ESCALATIONS,
    INBOUND,
    INCIDENT_COMMANDS,
    INCIDENTS,
    RECEIPTS,
    RESPONSES,
    SUPERVISION,
    TASK_COMMANDS,
    TASK_OUTCOMES,
    TASKS,
    Stage,
    Topic,
)

SECRET = b"a key of sixteen and more bytes"
TOOLS = Tools(small_policy(), Sealer(SECRET), SECRET)

GOOD: dict[Stage, tuple[Topic, Callable[[], bytes]]] = {
    Stage.COLLECTION: (INBOUND, lambda: json.dumps(raw_mention()).encode()),
    Stage.ASSESSMENT: (COLLECTED, lambda: mention().to_bytes()),
    Stage.INCIDENTS: (ASSESSED, lambda: assessed().to_bytes()),
    Stage.REPORTING: (INCIDENTS, lambda: incident().to_bytes()),
    Stage.RESPONSE: (ESCALATIONS, lambda: escalation().to_bytes()),
}


def desk(stage: Stage, store: DictStore | None = None) -> Desk:
    return desk_of(stage)(TOOLS, store or DictStore())


def record(topic: Topic, value: bytes, offset: int = 0) -> Record:
    return Record(topic, 0, offset, None, value, T0)


def of(outputs: list[Output], topic: Topic) -> list[bytes]:
    return [output.value for output in outputs if output.topic == topic]


@pytest.mark.parametrize("stage", list(Stage))
def test_a_bad_payload_becomes_a_dead_letter_and_the_good_ones_pass(stage: Stage) -> None:
    topic, good = GOOD[stage]
    bad = [b"", b"no json", b"\xff\xfe", b"[]", b'{"id": 1}', '{"text": "电话13812345678"}'.encode()]

    outputs = desk(stage).handle(
        [*(record(topic, value, n) for n, value in enumerate(bad)), record(topic, good(), len(bad))]
    )

    letters = [DeadLetter.model_validate_json(value) for value in of(outputs, DEAD_LETTERS)]
    assert sorted(letter.offset for letter in letters) == list(range(len(bad)))
    assert all(letter.stage == stage.value and letter.reason for letter in letters)
    assert [Sealer(SECRET).open(letter.original_sealed) for letter in sorted(letters, key=lambda x: x.offset)] == bad
    assert not any(b"13812345678" in value for value in of(outputs, DEAD_LETTERS))
    assert len(outputs) > len(letters), "the good record must bring something"


@pytest.mark.parametrize("stage", list(Stage))
def test_the_same_records_give_the_same_outputs(stage: Stage) -> None:
    topic, good = GOOD[stage]
    records = [record(topic, good())]

    assert desk(stage).handle(records) == desk(stage).handle(records)


@pytest.mark.parametrize("stage", [Stage.COLLECTION, Stage.INCIDENTS, Stage.REPORTING, Stage.RESPONSE])
def test_a_record_that_comes_twice_brings_nothing_new(stage: Stage) -> None:
    topic, good = GOOD[stage]
    one = desk(stage)
    one.handle([record(topic, good())])

    assert one.handle([record(topic, good(), 1)]) == []


@pytest.mark.parametrize("stage", list(Stage))
def test_every_topic_a_stage_reads_has_a_handler(stage: Stage) -> None:
    for topic in (t for t in BY_NAME.values() if stage in t.readers):
        if stage is Stage.RESPONSE and topic == INCIDENTS:
            continue  # it reads those with a task alone, see the test of effects
        outputs = desk(stage).handle([record(topic, b"no json")])
        assert len(of(outputs, DEAD_LETTERS)) == 1


def test_the_effect_of_an_answer_is_measured_as_its_windows_pass_over_a_restart() -> None:
    store = DictStore()
    one = desk(Stage.RESPONSE, store)

    def snapshot(mentions: int, hours: float) -> Record:
        found = incident(
            id="inc-1",
            version=mentions,
            counts=counts(mentions=mentions),
            natures={"difficulty": mentions},
            last_at=T0 + timedelta(hours=hours),
        )
        return Record(INCIDENTS, 0, mentions, b"inc-1", found.to_bytes(), T0)

    def tick(hours: float) -> Record:
        return record(CLOCK, ClockTick(now=T0 + timedelta(hours=hours)).to_bytes())

    assert one.handle([tick(0), snapshot(1, 0)]) == []
    opened = one.handle([record(ESCALATIONS, escalation().to_bytes())])
    name = ResponseTask.model_validate_json(of(opened, TASKS)[-1]).id
    steps = [
        {"kind": CommandKind.ACCEPT},
        {"kind": CommandKind.DRAFT, "text": "管道已经修复，今晚恢复供水。"},
        {"kind": CommandKind.SUBMIT},
        {"kind": CommandKind.APPROVE, "role": "direct_responsible"},
        {"kind": CommandKind.PUBLISH, "publication": "website"},
    ]
    commands = [command(task_id=name, at=T0 + timedelta(hours=3), **step).to_bytes() for step in steps]
    before = [snapshot(2, 0.1), tick(2), snapshot(40, 2), tick(3)]
    answered = one.handle([*before, *(record(TASK_COMMANDS, value, n) for n, value in enumerate(commands))])
    assert len(of(answered, RESPONSES)) == 1
    one.handle([snapshot(44, 5)])

    (effect,) = [ResponseEffect.model_validate_json(v) for v in of(desk_after(store).handle([tick(9.5)]), EFFECTS)]

    assert (effect.hours, effect.before, effect.after) == (6, 38, 4)
    assert of(desk_after(store).handle([tick(9.6)]), EFFECTS) == []


def desk_after(store: DictStore) -> Desk:
    """The response desk as it is made anew from what was stored."""
    return desk(Stage.RESPONSE, store)


def test_simulated_time_comes_from_the_clock_topic_and_survives_a_restart() -> None:
    store = DictStore()
    first = desk(Stage.RESPONSE, store)
    first.handle([record(CLOCK, ClockTick(now=T0).to_bytes()), record(ESCALATIONS, escalation().to_bytes(), 1)])

    again = desk(Stage.RESPONSE, store)
    late = record(CLOCK, ClockTick(now=T0 + timedelta(days=30)).to_bytes(), 2)

    assert again.tick(T0 + timedelta(days=300)) == [], "the machine's clock has no say in a simulation"
    assert of(again.handle([late]), SUPERVISION)


def test_notes_of_work_are_masked_and_drafts_are_left_as_they_are() -> None:
    one = desk(Stage.RESPONSE)
    opened = one.handle([record(ESCALATIONS, escalation().to_bytes())])
    task_id = ResponseTask.model_validate_json(of(opened, TASKS)[-1]).id

    def send(number: int, kind: CommandKind, text: str) -> ResponseTask:
        sent = command(id=f"c{number}", task_id=task_id, kind=kind, text=text, role="handler")
        return ResponseTask.model_validate_json(of(one.handle([record(TASK_COMMANDS, sent.to_bytes())]), TASKS)[-1])

    send(1, CommandKind.ACCEPT, "")
    handled = send(2, CommandKind.RECORD, "已电话联系来信人，手机13812345678，约定上门")
    drafted = send(3, CommandKind.DRAFT, "如需帮助请拨打13812345678")

    assert handled.state is TaskState.HANDLING
    assert "13812345678" not in handled.model_dump_json()
    assert drafted.draft == "如需帮助请拨打13812345678"


def test_a_receipt_for_nothing_is_refused_with_its_reason() -> None:
    outputs = desk(Stage.REPORTING).handle([record(RECEIPTS, receipt().to_bytes())])

    (letter,) = [DeadLetter.model_validate_json(value) for value in of(outputs, DEAD_LETTERS)]
    assert letter.kind == "unknown_escalation"


def incident_command(incident_id: str, action: str, **kw: object) -> IncidentCommand:
    basics = {"id": f"k-{action}", "incident_id": incident_id, "action": action, "at": T0, "by_role": "duty_officer"}
    return IncidentCommand.model_validate({**basics, "reason": "经核实", **kw})


def incidents_in(outputs: list[Output]) -> list[Incident]:
    return [Incident.model_validate_json(value) for value in of(outputs, INCIDENTS)]


def test_mentions_and_commands_of_one_batch_are_taken_in_their_order() -> None:
    one = desk(Stage.INCIDENTS)
    first = assessed(source_id="1").to_bytes()
    (opened,) = incidents_in(desk(Stage.INCIDENTS).handle([record(ASSESSED, first)]))
    later_one = assessed(source_id="2").to_bytes()

    outputs = one.handle(
        [
            record(ASSESSED, first),
            record(INCIDENT_COMMANDS, incident_command(opened.id, "close").to_bytes()),
            record(ASSESSED, later_one, 1),
        ]
    )

    assert [incident.status for incident in incidents_in(outputs)] == ["open", "closed", "open"]


def test_an_illegal_incident_command_is_a_dead_letter_with_its_reason_and_changes_nothing() -> None:
    one = desk(Stage.INCIDENTS)
    (opened,) = incidents_in(one.handle([record(ASSESSED, assessed().to_bytes())]))
    wrong = [
        incident_command("i-nowhere", "close"),
        incident_command(opened.id, "lift_override"),
        incident_command(opened.id, "merge", into="i-elsewhere"),
        incident_command(opened.id, "split", mention_ids=["wenzheng:99"]),
        incident_command(opened.id, "override_grade", reason="", grade="I"),
    ]

    outputs = one.handle([record(INCIDENT_COMMANDS, c.to_bytes(), n) for n, c in enumerate(wrong)])

    letters = [DeadLetter.model_validate_json(value) for value in of(outputs, DEAD_LETTERS)]
    assert len(outputs) == len(letters) == len(wrong)
    kinds = ["unknown_incident", "illegal_command", "illegal_command", "illegal_command", "invalid_command"]
    assert [letter.kind for letter in letters] == kinds
    assert all(any("\u4e00" <= c <= "\u9fff" for c in letter.reason) for letter in letters)
    assert "wenzheng:99" in letters[3].reason


def test_personal_data_in_the_reason_of_a_command_is_masked() -> None:
    one = desk(Stage.INCIDENTS)
    (opened,) = incidents_in(one.handle([record(ASSESSED, assessed().to_bytes())]))
    command_ = incident_command(opened.id, "override_grade", grade="I", reason="来电人13812345678反映有人受伤")

    outputs = one.handle([record(INCIDENT_COMMANDS, command_.to_bytes())])

    assert incidents_in(outputs)[0].grade == "I"
    assert not any(b"13812345678" in output.value for output in outputs)


def test_reporting_follows_a_matter_through_reopening_and_merging() -> None:
    one = desk(Stage.REPORTING)

    def kinds(number: int, **kw: object) -> set[str]:
        snapshot = incident(version=number, response_required=False, **kw)
        outputs = one.handle([record(INCIDENTS, snapshot.to_bytes(), number)])
        return {Escalation.model_validate_json(value).kind.value for value in of(outputs, ESCALATIONS)}

    assert kinds(1) == {"first"}
    assert kinds(2, status="closed") == {"final"}
    assert kinds(3, status="open") == {"follow_up"}
    assert kinds(4, status="open") == set()
    assert kinds(5, status="merged", merged_into="i-2") == {"final"}
    assert kinds(6, id="i-never-reported", status="merged", merged_into="i-2") == set()


def test_the_reporting_stage_is_told_of_a_closing_once() -> None:
    one = desk(Stage.RESPONSE)
    opened = one.handle([record(ESCALATIONS, escalation().to_bytes())])
    name = ResponseTask.model_validate_json(of(opened, TASKS)[-1]).id
    lawful = {"legal_ground": "privacy", "text": "涉及他人病历", "role": "leader"}
    closing = record(TASK_COMMANDS, command(task_id=name, kind=CommandKind.CLOSE, **lawful).to_bytes())

    (told,) = [TaskOutcome.model_validate_json(value) for value in of(one.handle([closing]), TASK_OUTCOMES)]

    assert (told.task_id, told.kind, told.legal_ground) == (name, OutcomeKind.CLOSED, "privacy")
    assert one.handle([closing]) == []
