"""First reports, follow-ups, final reports, receipts and the chain."""

from __future__ import annotations

import pytest

from builders import T0, counts, incident, later, receipt, small_policy
from opinion_stream.domain.reporting import ReportingDesk
from opinion_stream.domain.state import DictStore
from opinion_stream.errors import Rejected
from opinion_stream.models.base import Grade
from opinion_stream.models.escalation import Escalation, EscalationKind, EscalationStatus, ReceiptKind

FIRST, FOLLOW_UP, FINAL = EscalationKind.FIRST, EscalationKind.FOLLOW_UP, EscalationKind.FINAL


@pytest.fixture
def desk() -> ReportingDesk:
    return ReportingDesk(small_policy(), DictStore())


def seen(escalations: list[Escalation]) -> list[tuple[EscalationKind, str, str, int]]:
    return [(e.kind, e.recipient.unit.code, e.recipient.role, e.chain_step) for e in escalations]


class TestReports:
    def test_the_first_report_says_what_the_recipient_must_know(self, desk: ReportingDesk) -> None:
        lead, office = desk.incident(incident(grade=Grade.III), T0)
        assert (lead.kind, lead.version, lead.status) == (FIRST, 1, EscalationStatus.ISSUED)
        assert (lead.issued_at, lead.receipt_due_at) == (T0, later(minutes=120))
        assert lead.reasons == ("涉及群众切身利益",)
        assert (lead.incident_id, lead.route, lead.recipient.level) == ("inc-1", "iii-lead", "lead")
        assert lead.id != office.id

    def test_a_repeated_or_stale_snapshot_changes_nothing(self, desk: ReportingDesk) -> None:
        assert desk.incident(incident(version=5), T0)
        assert desk.incident(incident(version=5), later(hours=1)) == []
        assert desk.incident(incident(version=4, grade=Grade.I), later(hours=1)) == []

    def test_nothing_new_is_not_reported_again(self, desk: ReportingDesk) -> None:
        desk.incident(incident(version=1), T0)
        assert desk.incident(incident(version=2), later(hours=1)) == []

    def test_a_matter_that_comes_to_need_an_answer_is_reported_then(self, desk: ReportingDesk) -> None:
        assert desk.incident(incident(grade=Grade.IV, response_required=False), T0) == []
        issued = desk.incident(incident(version=2, grade=Grade.IV), later(hours=1))
        assert seen(issued) == [(FIRST, "housing", "duty_officer", 0)]

    def test_a_graver_grade_is_a_follow_up_to_those_who_know_and_a_first_report_to_the_others(
        self, desk: ReportingDesk
    ) -> None:
        desk.incident(incident(grade=Grade.III), T0)
        issued = desk.incident(incident(version=2, grade=Grade.II), later(hours=1))
        assert seen(issued) == [
            (FOLLOW_UP, "housing", "duty_officer", 0),
            (FOLLOW_UP, "office", "duty_officer", 0),
            (FIRST, "prov-office", "duty_officer", 0),
        ]
        assert {e.grade for e in issued} == {Grade.II}

    def test_a_grade_that_falls_and_rises_back_is_not_reported_again(self, desk: ReportingDesk) -> None:
        for version, grade in enumerate([Grade.II, Grade.IV], start=1):
            desk.incident(incident(version=version, grade=grade), T0)
        assert desk.incident(incident(version=3, grade=Grade.II), later(hours=1)) == []

    def test_a_follow_up_when_the_voices_have_doubled_since_the_last_one(self, desk: ReportingDesk) -> None:
        desk.incident(incident(counts=counts(voices=10)), T0)
        assert desk.incident(incident(version=2, counts=counts(voices=19)), T0) == []
        assert {e.kind for e in desk.incident(incident(version=3, counts=counts(voices=20)), T0)} == {FOLLOW_UP}
        assert desk.incident(incident(version=4, counts=counts(voices=39)), T0) == []
        assert {e.kind for e in desk.incident(incident(version=5, counts=counts(voices=40)), T0)} == {FOLLOW_UP}

    def test_everyone_who_was_told_is_told_the_end_once(self, desk: ReportingDesk) -> None:
        quiet = {"response_required": False, "status": "closed"}
        desk.incident(incident(grade=Grade.II), T0)
        desk.incident(incident(version=2, grade=Grade.IV), T0)
        issued = desk.incident(incident(version=3, grade=Grade.IV, **quiet), later(hours=1))
        assert seen(issued) == [
            (FINAL, "housing", "duty_officer", 0),
            (FINAL, "office", "duty_officer", 0),
            (FINAL, "prov-office", "duty_officer", 0),
        ]
        assert desk.incident(incident(version=4, grade=Grade.IV, **quiet), later(hours=2)) == []

    def test_an_incident_first_seen_when_it_has_closed_is_still_reported(self, desk: ReportingDesk) -> None:
        issued = desk.incident(incident(version=9, status="closed", response_required=False), T0)
        assert [kind for kind, *_ in seen(issued)] == [FIRST, FIRST, FINAL, FINAL]
        assert len({e.id for e in issued}) == 4

    def test_a_closed_incident_nobody_had_to_know_of_has_no_final_report(self, desk: ReportingDesk) -> None:
        assert desk.incident(incident(grade=Grade.IV, response_required=False, status="closed"), T0) == []

    def test_the_ids_depend_on_the_matter_alone(self) -> None:
        def ids(hour: int) -> list[str]:
            return [e.id for e in ReportingDesk(small_policy(), DictStore()).incident(incident(), later(hours=hour))]

        assert ids(0) == ids(7)


class TestReceipts:
    @pytest.mark.parametrize(
        ("kind", "status"),
        [
            (ReceiptKind.ACKNOWLEDGED, EscalationStatus.ACKNOWLEDGED),
            (ReceiptKind.INSTRUCTION, EscalationStatus.INSTRUCTED),
            (ReceiptKind.RETURNED, EscalationStatus.RETURNED),
        ],
    )
    def test_a_receipt_sets_the_status_and_ends_the_wait(
        self, desk: ReportingDesk, kind: ReceiptKind, status: EscalationStatus
    ) -> None:
        lead, office = desk.incident(incident(), T0)
        changed, *more = desk.receipt(receipt(escalation_id=lead.id, kind=kind), later(minutes=11))
        assert (changed.id, changed.version, changed.status, changed.status_at) == (
            lead.id,
            2,
            status,
            later(minutes=10),
        )
        assert {e.id for e in desk.tick(later(minutes=120))} == {office.id}
        assert lead.id not in {e.id for e in more}

    def test_the_same_receipt_acts_once(self, desk: ReportingDesk) -> None:
        lead, _ = desk.incident(incident(), T0)
        given = receipt(escalation_id=lead.id, kind=ReceiptKind.INSTRUCTION)
        assert desk.receipt(given, later(minutes=11))
        assert desk.receipt(given, later(minutes=12)) == []

    def test_signing_twice_adds_nothing_and_an_instruction_may_follow(self, desk: ReportingDesk) -> None:
        lead, _ = desk.incident(incident(), T0)
        desk.receipt(receipt(id="a", escalation_id=lead.id), later(minutes=11))
        assert desk.receipt(receipt(id="b", escalation_id=lead.id), later(minutes=12)) == []
        changed, _ = desk.receipt(
            receipt(id="c", escalation_id=lead.id, kind=ReceiptKind.INSTRUCTION, role="first_responsible"),
            later(minutes=13),
        )
        assert (changed.version, changed.status) == (3, EscalationStatus.INSTRUCTED)

    def test_instruction_and_signature_may_arrive_in_either_order(self, desk: ReportingDesk) -> None:
        lead, _ = desk.incident(incident(), T0)
        desk.receipt(receipt(id="c", escalation_id=lead.id, kind=ReceiptKind.INSTRUCTION), later(minutes=13))
        assert desk.receipt(receipt(id="a", escalation_id=lead.id), later(minutes=14)) == []

    @pytest.mark.parametrize("field", ["escalation_id", "incident_id"])
    def test_a_receipt_for_nothing_we_sent_is_rejected(self, desk: ReportingDesk, field: str) -> None:
        lead, _ = desk.incident(incident(), T0)
        with pytest.raises(Rejected) as caught:
            desk.receipt(receipt(**{"escalation_id": lead.id, field: "e-nothing"}), later(minutes=11))
        assert caught.value.kind == "unknown_escalation"

    def test_what_was_returned_cannot_be_signed(self, desk: ReportingDesk) -> None:
        lead, _ = desk.incident(incident(), T0)
        desk.receipt(receipt(id="a", escalation_id=lead.id, kind=ReceiptKind.RETURNED), later(minutes=11))
        with pytest.raises(Rejected, match="已退回") as caught:
            desk.receipt(receipt(id="b", escalation_id=lead.id), later(minutes=12))
        assert caught.value.kind == "illegal_receipt"

    def test_what_was_instructed_cannot_be_returned(self, desk: ReportingDesk) -> None:
        lead, _ = desk.incident(incident(), T0)
        desk.receipt(receipt(id="a", escalation_id=lead.id, kind=ReceiptKind.INSTRUCTION), later(minutes=11))
        with pytest.raises(Rejected, match="已有批示"):
            desk.receipt(receipt(id="b", escalation_id=lead.id, kind=ReceiptKind.RETURNED), later(minutes=12))

    def test_an_id_used_for_another_escalation_is_rejected(self, desk: ReportingDesk) -> None:
        lead, office = desk.incident(incident(), T0)
        desk.receipt(receipt(escalation_id=lead.id), later(minutes=11))
        with pytest.raises(Rejected, match="编号"):
            desk.receipt(receipt(escalation_id=office.id), later(minutes=12))

    def test_a_role_the_policy_does_not_know_is_rejected(self, desk: ReportingDesk) -> None:
        lead, _ = desk.incident(incident(), T0)
        with pytest.raises(Rejected, match=r"routes\.yaml"):
            desk.receipt(receipt(escalation_id=lead.id, role="passer_by"), later(minutes=11))

    def test_the_time_of_a_receipt_lies_between_issue_and_now(self, desk: ReportingDesk) -> None:
        lead, office = desk.incident(incident(), T0)
        (early,) = desk.receipt(receipt(id="a", escalation_id=lead.id, at=later(days=-9)), later(minutes=5))
        (ahead,) = desk.receipt(receipt(id="b", escalation_id=office.id, at=later(days=9)), later(minutes=5))
        assert (early.status_at, ahead.status_at) == (T0, later(minutes=5))


class TestChain:
    def test_without_a_receipt_the_next_in_the_chain_is_addressed_and_at_its_end_nobody(
        self, desk: ReportingDesk
    ) -> None:
        lead, office = desk.incident(incident(), T0)
        assert desk.tick(later(minutes=119)) == []
        lapsed = desk.tick(later(minutes=120))
        assert [(e.status, e.version, e.recipient.role, e.chain_step) for e in lapsed if e.route == "iii-lead"] == [
            (EscalationStatus.LAPSED, 2, "duty_officer", 0),
            (EscalationStatus.ISSUED, 1, "direct_responsible", 1),
        ]
        # The office's route has no chain: it lapses, and that is all.
        assert [(e.id, e.status) for e in lapsed if e.route == "iii-office"] == [(office.id, EscalationStatus.LAPSED)]
        second = desk.tick(later(minutes=240))
        assert [(e.status, e.recipient.role) for e in second] == [
            (EscalationStatus.LAPSED, "direct_responsible"),
            (EscalationStatus.ISSUED, "first_responsible"),
        ]
        assert second[1].receipt_due_at == later(minutes=360)
        assert [(e.status, e.recipient.role) for e in desk.tick(later(minutes=360))] == [
            (EscalationStatus.LAPSED, "first_responsible")
        ]
        assert desk.tick(later(days=900)) == []
        assert lead.id not in {e.id for e in second}

    def test_the_next_one_has_the_full_time_however_late_the_tick(self, desk: ReportingDesk) -> None:
        desk.incident(incident(), T0)
        issued = [e for e in desk.tick(later(days=3)) if e.status is EscalationStatus.ISSUED]
        assert [(e.issued_at, e.receipt_due_at) for e in issued] == [(later(days=3), later(days=3, minutes=120))]

    def test_the_next_one_gets_the_same_report(self, desk: ReportingDesk) -> None:
        lead, _ = desk.incident(incident(), T0)
        (passed_on,) = [e for e in desk.tick(later(hours=2)) if e.status is EscalationStatus.ISSUED]
        same = {"kind", "grade", "title", "reasons", "counts", "incident_version", "route", "unit"}
        assert passed_on.model_dump(include=same) == lead.model_dump(include=same)

    def test_a_late_receipt_counts_and_stops_the_chain(self, desk: ReportingDesk) -> None:
        lead, _ = desk.incident(incident(), T0)
        desk.tick(later(minutes=120))
        (late,) = desk.receipt(receipt(escalation_id=lead.id, at=later(minutes=130)), later(minutes=131))
        assert (late.version, late.status) == (3, EscalationStatus.ACKNOWLEDGED)
        assert [(e.status, e.recipient.role) for e in desk.tick(later(minutes=240))] == [
            (EscalationStatus.LAPSED, "direct_responsible")
        ]

    def test_the_next_in_the_chain_can_give_the_receipt(self, desk: ReportingDesk) -> None:
        desk.incident(incident(), T0)
        (passed_on,) = [e for e in desk.tick(later(hours=2)) if e.status is EscalationStatus.ISSUED]
        given = receipt(escalation_id=passed_on.id, role="direct_responsible", at=later(hours=3))
        assert desk.receipt(given, later(hours=3))[0].status is EscalationStatus.ACKNOWLEDGED
        assert desk.tick(later(days=9)) == []

    def test_a_restart_across_the_deadline_loses_no_timer(self) -> None:
        store = DictStore()
        ReportingDesk(small_policy(), store).incident(incident(), T0)
        assert len(ReportingDesk(small_policy(), store).tick(later(days=2))) == 3
        assert ReportingDesk(small_policy(), store).tick(later(days=2)) == []
