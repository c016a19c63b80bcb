"""What receipts bring about: instructions that are passed on, returns that go elsewhere; matters other bodies refer."""

from __future__ import annotations

from typing import Any

import pytest

from builders import T0, incident, later, receipt, small_policy, unit_ref
from domain.reporting.test_reporting_growth import answer, outcome, policy
from opinion_stream.domain.orders import GradeOrder
from opinion_stream.domain.reporting import ReportingDesk
from opinion_stream.domain.state import DictStore
from opinion_stream.errors import Rejected
from opinion_stream.models.base import Grade
from opinion_stream.models.escalation import Escalation, EscalationKind, EscalationStatus, ReceiptKind
from opinion_stream.models.sharing import OutcomeKind, Referral, ReferralKind, ReferralReply, ReplyStatus

INSTRUCTION, RETURNED = ReceiptKind.INSTRUCTION, ReceiptKind.RETURNED


@pytest.fixture
def desk() -> ReportingDesk:
    return ReportingDesk(small_policy(), DictStore())


def referral(**kw: Any) -> Referral:
    defaults: dict[str, Any] = {
        "id": "2026-17",
        "from_body": "北原省人民政府办公厅",
        "kind": ReferralKind.HANDED_DOWN,
        "title": "关于柳树镇供水问题的交办件",
        "text": "请调查核实并公开回应。",
        "at": T0,
        "due_at": later(days=3),
        "region": "990101",
        "category": "城乡建设",
    }
    return Referral(**{**defaults, **kw})


class TestInstructions:
    def test_an_instruction_is_passed_on_to_the_lead_unit_with_all_it_asks(self, desk: ReportingDesk) -> None:
        _, office = desk.incident(incident(), T0)
        given = receipt(
            escalation_id=office.id,
            kind=INSTRUCTION,
            role="first_responsible",
            note="立即抢修，当天公布原因",
            due_at=later(hours=8),
            publications=("website",),
        )
        changed, passed = desk.receipt(given, later(minutes=11))
        assert changed.status is EscalationStatus.INSTRUCTED
        assert (passed.kind, passed.recipient.unit.code, passed.recipient.level) == (
            EscalationKind.INSTRUCTION,
            "housing",
            "lead",
        )
        assert passed.instruction is not None
        assert (passed.instruction.by_role, passed.instruction.by_unit.code, passed.instruction.by_level) == (
            "first_responsible",
            "office",
            "own",
        )
        assert (passed.instruction.due_at, passed.instruction.publications) == (later(hours=8), ("website",))
        assert passed.because[0] == "安平市人民政府办公室批示：立即抢修，当天公布原因"
        assert desk.receipt(given, later(minutes=12)) == []

    def test_it_has_a_chain_of_its_own(self, desk: ReportingDesk) -> None:
        lead, office = desk.incident(incident(), T0)
        desk.receipt(receipt(id="l", escalation_id=lead.id), later(minutes=10))
        desk.receipt(receipt(id="i", escalation_id=office.id, kind=INSTRUCTION), later(minutes=11))
        lapsed, passed_on = desk.tick(later(minutes=131))
        assert (lapsed.kind, passed_on.recipient.role) == (EscalationKind.INSTRUCTION, "direct_responsible")
        assert passed_on.instruction == lapsed.instruction

    def test_one_that_opens_a_task_makes_an_answer_necessary_from_then_on(self, desk: ReportingDesk) -> None:
        _, office = desk.incident(incident(response_required=False), T0)
        given = receipt(escalation_id=office.id, kind=INSTRUCTION, open_task=True)
        _, passed = desk.receipt(given, later(minutes=11))
        assert passed.response_required
        issued = desk.incident(incident(version=2, grade=Grade.II, response_required=False), later(hours=1))
        assert all(e.response_required for e in issued)
        quiet = incident(version=3, grade=Grade.II, response_required=False, status="closed")
        assert desk.incident(quiet, later(hours=2)) == [], "it is not over before it is answered"

    def test_a_graver_grade_is_ordered_of_the_incidents_stage(self, desk: ReportingDesk) -> None:
        _, office = desk.incident(incident(), T0)
        given = receipt(escalation_id=office.id, kind=INSTRUCTION, grade=Grade.II, note="按重大舆情处置")
        *_, order = desk.receipt(given, later(minutes=11))
        assert isinstance(order, GradeOrder)
        assert (order.shard, order.command.incident_id, order.command.grade) == ("990101", "inc-1", Grade.II)
        assert (order.command.action, order.command.reason) == ("override_grade", "按重大舆情处置")

    @pytest.mark.parametrize(
        ("asked", "words"),
        [
            ({"grade": Grade.III}, "只能提高等级"),
            ({"due_at": later(minutes=5)}, "已经过去"),
            ({"publications": ("leaflet",)}, "publications"),
        ],
    )
    def test_what_cannot_be_ordered_is_refused_for_good(
        self, desk: ReportingDesk, asked: dict[str, Any], words: str
    ) -> None:
        _, office = desk.incident(incident(), T0)
        given = receipt(escalation_id=office.id, kind=INSTRUCTION, **asked)
        for _ in range(2):
            with pytest.raises(Rejected, match=words):
                desk.receipt(given, later(minutes=11))
        desk.incident(incident(version=2, grade=Grade.IV), later(minutes=12))
        with pytest.raises(Rejected, match=words):
            desk.receipt(given, later(minutes=13))

    def test_a_role_that_may_not_instruct_is_told_who_may(self) -> None:
        roles = dict(small_policy().routes.roles)
        roles["duty_officer"] = roles["duty_officer"].model_copy(update={"instructs": False})
        desk = ReportingDesk(policy(roles=roles), DictStore())
        lead, _ = desk.incident(incident(), T0)
        with pytest.raises(Rejected, match="值班员只能签收或退回，不能批示；可以批示的角色：分管领导"):
            desk.receipt(receipt(escalation_id=lead.id, kind=INSTRUCTION), later(minutes=11))


class TestReturns:
    def test_a_matter_that_is_not_theirs_goes_to_the_unit_they_name_which_is_then_in_charge(
        self, desk: ReportingDesk
    ) -> None:
        lead, _ = desk.incident(incident(), T0)
        given = receipt(escalation_id=lead.id, kind=RETURNED, to_unit="transport", note="属公路管养")
        returned, onward = desk.receipt(given, later(minutes=11))
        assert returned.status is EscalationStatus.RETURNED
        assert (onward.recipient.unit.code, onward.unit.code, onward.hop) == ("transport", "transport", 1)
        assert (onward.returned_by, onward.reassigns, onward.decided) == (unit_ref("housing"), True, False)
        assert onward.because == ("安平市住房和城乡建设局退回：属公路管养",)
        issued = desk.incident(incident(version=2, grade=Grade.II), later(hours=1))
        assert [(e.kind, e.recipient.unit.code) for e in issued if e.recipient.level == "lead"] == [
            (EscalationKind.FOLLOW_UP, "transport")
        ]
        assert "housing" not in {e.recipient.unit.code for e in issued}

    def test_without_a_name_the_office_decides_and_its_choice_is_final(self, desk: ReportingDesk) -> None:
        lead, _ = desk.incident(incident(), T0)
        _, to_office = desk.receipt(receipt(id="a", escalation_id=lead.id, kind=RETURNED), later(minutes=11))
        assert (to_office.recipient.unit.code, to_office.because[-1]) == ("office", "请牵头单位确定承办单位")
        with pytest.raises(Rejected, match="必须指定承办单位"):
            desk.receipt(receipt(id="b", escalation_id=to_office.id, kind=RETURNED), later(minutes=12))
        named = receipt(id="c", escalation_id=to_office.id, kind=RETURNED, to_unit="housing")
        _, decided = desk.receipt(named, later(minutes=13))
        assert (decided.recipient.unit.code, decided.decided, decided.reassigns) == ("housing", True, True)
        with pytest.raises(Rejected, match="不能再退回"):
            desk.receipt(receipt(id="d", escalation_id=decided.id, kind=RETURNED), later(minutes=14))
        assert desk.receipt(receipt(id="e", escalation_id=decided.id), later(minutes=15))

    def test_after_so_many_returns_the_office_decides_whoever_is_named(self) -> None:
        desk = ReportingDesk(policy(max_returns=1), DictStore())
        lead, _ = desk.incident(incident(), T0)
        first = receipt(id="a", escalation_id=lead.id, kind=RETURNED, to_unit="transport")
        _, onward = desk.receipt(first, later(minutes=11))
        second = receipt(id="b", escalation_id=onward.id, kind=RETURNED, to_unit="health")
        assert desk.receipt(second, later(minutes=12))[1].recipient.unit.code == "office"

    def test_what_a_body_above_returns_goes_to_the_office(self, desk: ReportingDesk) -> None:
        *_, above = desk.incident(incident(grade=Grade.II), T0)
        assert above.recipient.level == "above"
        _, again = desk.receipt(receipt(escalation_id=above.id, kind=RETURNED, note="请补充"), later(minutes=11))
        assert (again.recipient.unit.code, again.recipient.level, again.reassigns) == ("office", "own", False)

    @pytest.mark.parametrize(
        ("to_unit", "words"), [("nobody", "units.yaml"), ("housing", "就是退回的单位")], ids=["unknown", "itself"]
    )
    def test_a_return_to_nowhere_is_refused(self, desk: ReportingDesk, to_unit: str, words: str) -> None:
        lead, _ = desk.incident(incident(), T0)
        with pytest.raises(Rejected, match=words):
            desk.receipt(receipt(escalation_id=lead.id, kind=RETURNED, to_unit=to_unit), later(minutes=11))

    def test_the_office_cannot_return_what_it_must_know(self, desk: ReportingDesk) -> None:
        _, office = desk.incident(incident(), T0)
        with pytest.raises(Rejected, match="牵头单位负责协调，不能退回"):
            desk.receipt(receipt(escalation_id=office.id, kind=RETURNED), later(minutes=11))

    def test_the_unit_that_returned_it_is_not_called_any_more(self, desk: ReportingDesk) -> None:
        lead, _ = desk.incident(incident(), T0)
        desk.incident(incident(version=2, grade=Grade.II), later(minutes=5))
        desk.receipt(receipt(escalation_id=lead.id, kind=RETURNED, to_unit="transport"), later(minutes=11))
        ticked = desk.tick(later(minutes=35))
        assert [e.status for e in ticked if e.recipient.unit.code == "housing"] == [EscalationStatus.LAPSED]


class TestReferrals:
    def test_a_referred_matter_goes_to_the_unit_in_charge_with_the_deadline_of_the_body(
        self, desk: ReportingDesk
    ) -> None:
        (handed,) = desk.referral(referral(), later(minutes=1))
        assert (handed.kind, handed.recipient.unit.code, handed.response_required) == (
            EscalationKind.REFERRAL,
            "housing",
            True,
        )
        assert handed.referral is not None
        assert (handed.referral.id, handed.referral.due_at) == ("2026-17", later(days=3))
        assert handed.because[0] == "北原省人民政府办公厅上级交办，要求2026-03-05 09:00前办理并反馈"
        assert desk.referral(referral(), later(minutes=2)) == []

    def test_the_same_id_of_another_body_is_another_matter(self, desk: ReportingDesk) -> None:
        (one,) = desk.referral(referral(), T0)
        (other,) = desk.referral(referral(from_body="西河县人民政府", kind=ReferralKind.ACROSS), T0)
        assert one.incident_id != other.incident_id

    def test_the_body_hears_of_receipt_answer_and_closing_once_each(self, desk: ReportingDesk) -> None:
        (handed,) = desk.referral(referral(), T0)
        name = handed.incident_id
        signed, received = desk.receipt(receipt(escalation_id=handed.id, incident_id=name), later(minutes=11))
        assert isinstance(signed, Escalation)
        (answered,) = desk.response(answer(incident_id=name), later(hours=3))
        late = outcome(OutcomeKind.CLOSED).model_copy(update={"incident_id": name, "at": later(days=4)})
        (closed,) = desk.outcome(late, later(days=4))
        replies = [received, answered, closed]
        assert all(isinstance(reply, ReferralReply) and reply.referral_id == "2026-17" for reply in replies)
        assert [reply.status for reply in replies] == [ReplyStatus.RECEIVED, ReplyStatus.ANSWERED, ReplyStatus.CLOSED]
        assert [reply.in_time for reply in replies] == [True, True, False]
        assert answered.url == "https://www.example/1"
        assert len({reply.id for reply in replies}) == 3
        assert desk.response(answer(incident_id=name), later(hours=9)) == []
        assert desk.outcome(late, later(days=5)) == []

    def test_one_about_a_known_incident_joins_it_and_an_answer_given_before_is_told_at_once(
        self, desk: ReportingDesk
    ) -> None:
        desk.incident(incident(response_required=False), T0)
        desk.response(answer(), later(hours=3))
        handed, before = desk.referral(referral(incident_id="inc-1"), later(hours=4))
        assert (handed.incident_id, handed.grade, handed.response_required) == ("inc-1", Grade.III, True)
        assert (before.status, before.publication, before.text) == (ReplyStatus.ANSWERED, "website", "")

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"region": "0"}, "regions.yaml"),
            ({"category": "无"}, "categories.yaml"),
            ({"unit": "nobody"}, "units.yaml"),
            ({"due_at": T0}, "due_at"),
            ({"incident_id": "i-unknown"}, "incident_id"),
        ],
    )
    def test_one_that_cannot_be_placed_is_refused(self, desk: ReportingDesk, wrong: dict[str, Any], words: str) -> None:
        with pytest.raises(Rejected, match=words) as caught:
            desk.referral(referral(**wrong), T0)
        assert caught.value.kind == "invalid_referral"

    def test_what_is_left_out_is_what_the_policy_falls_back_to(self, desk: ReportingDesk) -> None:
        (handed,) = desk.referral(referral(region=None, category=None), T0)
        assert (handed.region.code, handed.recipient.unit.code) == ("990100", "office")

    def test_it_can_be_returned_and_ends_forgotten_when_it_is_settled(self) -> None:
        store = DictStore()
        desk = ReportingDesk(policy(keep_settled_days=10), store)
        (handed,) = desk.referral(referral(), T0)
        name = handed.incident_id
        back = receipt(id="a", escalation_id=handed.id, incident_id=name, kind=RETURNED, to_unit="transport")
        _, onward = desk.receipt(back, later(minutes=11))
        assert (onward.kind, onward.unit.code, onward.referral) == (
            EscalationKind.REFERRAL,
            "transport",
            handed.referral,
        )
        desk.receipt(receipt(id="b", escalation_id=onward.id, incident_id=name), later(minutes=12))
        desk.response(answer(incident_id=name), later(hours=1))
        desk.tick(later(days=11))
        assert store.entries == {}
