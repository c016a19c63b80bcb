"""What is told: to whom, about what, by when; nothing once it is settled."""

from __future__ import annotations

import pytest

import builders
from opinion_stream.domain.notify.notices import from_escalation, from_supervision
from opinion_stream.models.escalation import EscalationStatus
from opinion_stream.models.task import SupervisionNotice


def test_an_issued_escalation_names_matter_recipient_and_time() -> None:
    escalation = builders.escalation(title="某小区停暖")
    notice = from_escalation(escalation, builders.small_policy())
    assert notice is not None
    assert notice.channel == "duty-desk"
    assert escalation.grade is notice.grade
    assert "某小区停暖" in notice.text
    assert "前签收" in notice.text
    assert escalation.recipient.unit.name in notice.text


@pytest.mark.parametrize("status", [s for s in EscalationStatus if s is not EscalationStatus.ISSUED])
def test_a_settled_escalation_is_not_told_again(status: EscalationStatus) -> None:
    assert from_escalation(builders.escalation(status=status), builders.small_policy()) is None


def test_the_next_in_the_chain_learns_why() -> None:
    notice = from_escalation(builders.escalation(chain_step=1), builders.small_policy())
    assert notice is not None
    assert "前1级逾时未签收" in notice.text


def supervision(**kw: object) -> SupervisionNotice:
    escalation = builders.escalation()
    fields = {
        "id": "t-1/answer48/missed",
        "task_id": "t-1",
        "incident_id": escalation.incident_id,
        "unit": escalation.unit,
        "grade": escalation.grade,
        "clock": "answer48",
        "level": "missed",
        "due_at": escalation.receipt_due_at,
        "at": escalation.receipt_due_at,
        "to_role": "office_supervisor",
        "text": "【督办通知】已逾期",
    }
    return SupervisionNotice.model_validate({**fields, **kw})


def test_a_supervision_notice_goes_to_the_channel_of_its_role() -> None:
    notice = from_supervision(supervision(), builders.small_policy())
    assert notice is not None
    assert (notice.channel, notice.id) == ("office-desk", "t-1/answer48/missed")


def test_a_role_that_the_policy_no_longer_knows_gets_none() -> None:
    assert from_supervision(supervision(to_role="nobody"), builders.small_policy()) is None
