"""The reporting agent: every record it reads has its effect, on the right topic under the right key, and is masked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from agents.test_desks import desk, of, record
from builders import T0, incident, later, receipt
from domain.reporting.test_receipts import referral
from domain.reporting.test_reporting_growth import answer, outcome
from opinion_stream.agents.stage import Output, Record
from opinion_stream.domain.reporting.referring import incident_of
from opinion_stream.domain.state import DictStore
from opinion_stream.models.base import Grade, WireModel
from opinion_stream.models.command import IncidentCommand
from opinion_stream.models.control import ClockTick, DeadLetter
from opinion_stream.models.escalation import Escalation, EscalationStatus, ReceiptKind
from opinion_stream.models.sharing import OutcomeKind, ReferralReply
from opinion_stream.topics import (
    CLOCK,
    DEAD_LETTERS,
    ESCALATIONS,
    INCIDENT_COMMANDS,
    INCIDENTS,
    RECEIPTS,
    REFERRAL_REPLIES,
    REFERRALS,
    RESPONSES,
    TASK_OUTCOMES,
    Stage,
    Topic,
)

PHONE = "13812345678"


def under(key: str, found: Record) -> Record:
    return replace(found, key=key.encode())


def told(outputs: list[Output]) -> list[Escalation]:
    return [Escalation.model_validate_json(value) for value in of(outputs, ESCALATIONS)]


def test_an_instruction_is_masked_and_passed_on_and_its_grade_goes_to_the_shard_of_the_incident() -> None:
    one = desk(Stage.REPORTING)
    _, office = told(one.handle([record(INCIDENTS, incident().to_bytes())]))
    given = receipt(
        escalation_id=office.id,
        kind=ReceiptKind.INSTRUCTION,
        grade=Grade.II,
        note=f"请与来电人{PHONE}联系",
        due_at=later(days=1),
    )

    outputs = one.handle([record(RECEIPTS, given.to_bytes(), 1)])

    assert not any(PHONE.encode() in output.value for output in outputs)
    assert told(outputs)[1].instruction is not None
    (order,) = [output for output in outputs if output.topic == INCIDENT_COMMANDS]
    assert order.key == b"990101"
    assert IncidentCommand.model_validate_json(order.value).grade is Grade.II


def test_a_referral_is_masked_and_answered_to_the_body_under_its_own_number() -> None:
    one = desk(Stage.REPORTING)
    sent = referral(title=f"关于{PHONE}来电的交办件", text=f"来电人{PHONE}")
    name = incident_of(sent)
    handed = one.handle([under(name, record(REFERRALS, sent.to_bytes()))])
    later_on: list[tuple[Topic, WireModel]] = [
        (RECEIPTS, receipt(escalation_id=told(handed)[0].id, incident_id=name)),
        (RESPONSES, answer(incident_id=name)),
        (TASK_OUTCOMES, outcome(OutcomeKind.CLOSED).model_copy(update={"incident_id": name})),
    ]

    outputs = one.handle([record(topic, value.to_bytes(), n) for n, (topic, value) in enumerate(later_on)])

    assert not any(PHONE.encode() in output.value for output in [*handed, *outputs])
    replies = [output for output in outputs if output.topic == REFERRAL_REPLIES]
    assert [ReferralReply.model_validate_json(reply.value).status for reply in replies] == [
        "received",
        "answered",
        "closed",
    ]
    assert {reply.key for reply in replies} == {b"2026-17"}
    assert {output.key for output in handed} == {name.encode()}


def test_a_referral_under_another_key_would_be_lost_to_its_receipts_and_is_refused_with_the_right_one() -> None:
    sent = referral()
    outputs = desk(Stage.REPORTING).handle([under("2026-17", record(REFERRALS, sent.to_bytes()))])

    (letter,) = [DeadLetter.model_validate_json(value) for value in of(outputs, DEAD_LETTERS)]
    assert letter.kind == "wrong_key"
    assert incident_of(sent) in letter.reason


@pytest.mark.parametrize("clock", ["wall", "topic"])
def test_a_worker_that_was_down_across_the_deadline_calls_the_next_level_once(clock: str) -> None:
    store = DictStore()
    first = desk(Stage.REPORTING, store)
    first.handle([record(CLOCK, ClockTick(now=T0).to_bytes())] if clock == "topic" else [])
    first.handle([record(INCIDENTS, incident().to_bytes(), 1)])

    again = desk(Stage.REPORTING, store)
    late = T0 + timedelta(days=2)
    tick = ClockTick(now=late).to_bytes()
    outputs = again.handle([record(CLOCK, tick, 2)]) if clock == "topic" else again.tick(late)

    issued = [e for e in told(outputs) if e.status is EscalationStatus.ISSUED]
    assert [(e.chain_step, e.recipient.role, e.issued_at) for e in issued] == [(1, "direct_responsible", late)]
    more = again.handle([record(CLOCK, tick, 3)]) if clock == "topic" else again.tick(late)
    assert more == []
    assert desk(Stage.REPORTING, store).tick(late) == []


def test_what_cannot_be_done_becomes_a_dead_letter_that_says_what_can() -> None:
    one = desk(Stage.REPORTING)
    _, office = told(one.handle([record(INCIDENTS, incident().to_bytes())]))
    back = receipt(escalation_id=office.id, kind=ReceiptKind.RETURNED)

    outputs = one.handle([record(RECEIPTS, back.to_bytes(), 1)])

    (letter,) = [DeadLetter.model_validate_json(value) for value in of(outputs, DEAD_LETTERS)]
    assert (letter.kind, letter.reason) == ("illegal_receipt", "牵头单位负责协调，不能退回；请签收或批示")
