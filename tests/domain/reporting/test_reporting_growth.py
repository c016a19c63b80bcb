"""Follow-ups by new facts, by interval and by the answer; the end of the chain; what is settled is forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from builders import T0, counts, incident, later, reason, receipt, small_policy, unit_ref
from opinion_stream.domain.reporting import ReportingDesk
from opinion_stream.domain.reporting.reports import Reports, Sent
from opinion_stream.domain.state import DictStore
from opinion_stream.models.base import Grade, Nature
from opinion_stream.models.escalation import Escalation, EscalationKind, EscalationStatus
from opinion_stream.models.incident import Factor, GradeFactors, Incident
from opinion_stream.models.sharing import OutcomeKind, TaskOutcome
from opinion_stream.models.task import PublicResponse
from opinion_stream.policy import Policy
from opinion_stream.policy.handling import FollowUp, Reminders

FIRST, FOLLOW_UP, FINAL = EscalationKind.FIRST, EscalationKind.FOLLOW_UP, EscalationKind.FINAL
QUIET: dict[str, Any] = {"status": "closed", "response_required": False}


def policy(**kw: object) -> Policy:
    small = small_policy()
    return small.model_copy(update={"routes": small.routes.model_copy(update=kw)})


def growing(**kw: Any) -> Policy:
    return policy(follow_up=FollowUp(**kw))


def with_facts(*rules: str, tier: str = "", **kw: Any) -> Incident:
    content = Factor(score=50, reasons=tuple(reason(f"内容涉及{rule}", rule) for rule in rules))
    media = Factor(score=20, reasons=(reason(f"传播层级最高为{tier}", "media.tier"),) if tier else ())
    return incident(factors=GradeFactors(content=content, reaction=Factor(score=0), media=media), **kw)


def answer(**kw: Any) -> PublicResponse:
    defaults: dict[str, Any] = {
        "id": "p-1",
        "task_id": "t-1",
        "incident_id": "inc-1",
        "unit": unit_ref("housing"),
        "nature": Nature.DIFFICULTY,
        "title": "关于停水的回应",
        "text": "已恢复供水。",
        "publication": "website",
        "url": "https://www.example/1",
        "published_at": later(hours=3),
    }
    return PublicResponse(**{**defaults, **kw})


def outcome(kind: OutcomeKind, version: int = 9) -> TaskOutcome:
    name = f"o-t-1-{version}"
    return TaskOutcome(
        id=name, task_id="t-1", incident_id="inc-1", kind=kind, unit=unit_ref("housing"), at=later(hours=4)
    )


def kinds(outputs: list[Any]) -> list[EscalationKind]:
    return [e.kind for e in outputs if isinstance(e, Escalation)]


class TestNewFacts:
    def test_a_new_finding_or_a_further_tier_of_media_is_a_follow_up_that_says_so(self) -> None:
        desk = ReportingDesk(growing(new_facts=[Grade.III]), DictStore())
        desk.incident(with_facts("停水", tier="县级媒体"), T0)
        assert desk.incident(with_facts("停水", tier="县级媒体", version=2), later(hours=1)) == []
        found, _ = desk.incident(with_facts("停水", "伤亡", tier="县级媒体", version=3), later(hours=2))
        assert (found.kind, found.because) == (FOLLOW_UP, ("新情况：内容涉及伤亡",))
        tier, _ = desk.incident(with_facts("停水", "伤亡", tier="中央媒体", version=4), later(hours=3))
        assert tier.because == ("新情况：传播层级最高为中央媒体",)

    def test_a_finding_is_told_once_even_if_it_comes_and_goes(self) -> None:
        desk = ReportingDesk(growing(new_facts=[Grade.III]), DictStore())
        for version, facts in enumerate([("a",), ("b",)], start=1):
            assert desk.incident(with_facts(*facts, version=version), T0)
        assert desk.incident(with_facts("a", version=3), T0) == []
        assert desk.incident(with_facts("a", "b", version=4), T0) == []

    def test_at_other_grades_new_facts_alone_are_no_cause(self) -> None:
        desk = ReportingDesk(growing(new_facts=[Grade.I]), DictStore())
        desk.incident(with_facts("a"), T0)
        assert desk.incident(with_facts("a", "b", version=2), later(hours=1)) == []


class TestInterval:
    @pytest.fixture
    def desk(self) -> ReportingDesk:
        return ReportingDesk(growing(every_minutes={Grade.II: 60}), DictStore())

    def test_news_is_reported_when_the_interval_ends_and_no_news_is_not(self, desk: ReportingDesk) -> None:
        for e in desk.incident(incident(grade=Grade.II), T0):
            desk.receipt(receipt(id=e.id, escalation_id=e.id, at=T0), T0)
        assert desk.tick(later(minutes=90)) == [], "nothing new, nothing to say"
        issued = desk.incident(incident(grade=Grade.II, version=2), later(minutes=91))
        assert set(kinds(issued)) == {FOLLOW_UP}
        assert issued[0].because == ("Ⅱ级（重大·橙）每60分钟续报最新情况",)
        assert desk.incident(incident(grade=Grade.II, version=3), later(minutes=100)) == []
        for e in issued:
            desk.receipt(receipt(id=e.id, escalation_id=e.id, at=later(minutes=100)), later(minutes=100))
        assert desk.tick(later(minutes=150)) == []
        due = desk.tick(later(minutes=151))
        assert {(e.kind, e.incident_version) for e in due} == {(FOLLOW_UP, 3)}
        assert desk.tick(later(minutes=151)) == []

    def test_it_survives_a_restart_and_ends_with_the_matter(self) -> None:
        store, rules = DictStore(), growing(every_minutes={Grade.II: 60})
        desk = ReportingDesk(rules, store)
        desk.incident(incident(grade=Grade.II), T0)
        desk.incident(incident(grade=Grade.II, version=2), later(minutes=1))
        ticked = ReportingDesk(rules, store).tick(later(minutes=60))
        assert {e.kind for e in ticked if e.status is EscalationStatus.ISSUED and e.chain_step == 0} == {FOLLOW_UP}
        over = ReportingDesk(rules, store)
        over.incident(incident(grade=Grade.II, version=3, **QUIET), later(minutes=70))
        assert FOLLOW_UP not in {e.kind for e in over.tick(later(minutes=600)) if e.chain_step == 0 and e.version == 1}


class TestTheEnd:
    def test_a_quiet_matter_that_must_be_answered_is_over_with_its_answer(self) -> None:
        desk = ReportingDesk(small_policy(), DictStore())
        desk.incident(incident(), T0)
        assert desk.incident(incident(version=2, status="closed"), later(hours=1)) == []
        assert kinds(desk.response(answer(), later(hours=3))) == [FINAL, FINAL]
        assert desk.response(answer(), later(hours=3)) == []
        assert desk.response(answer(id="p-2"), later(hours=4)) == [], "a second answer is no second end"

    def test_or_with_its_lawful_closing_and_not_before_it_is_quiet(self) -> None:
        desk = ReportingDesk(small_policy(), DictStore())
        desk.incident(incident(), T0)
        assert desk.outcome(outcome(OutcomeKind.CLOSED), later(hours=1)) == []
        assert kinds(desk.incident(incident(version=2, status="closed"), later(hours=2))) == [FINAL, FINAL]

    def test_a_task_that_is_opened_again_opens_the_matter_again(self) -> None:
        desk = ReportingDesk(small_policy(), DictStore())
        desk.incident(incident(), T0)
        desk.incident(incident(version=2, status="closed"), later(hours=1))
        first = desk.response(answer(), later(hours=2))
        assert desk.outcome(outcome(OutcomeKind.REOPENED), later(hours=4)) == []
        second = desk.response(answer(id="p-2"), later(hours=5))
        assert kinds(first) == kinds(second) == [FINAL, FINAL]
        assert not {e.id for e in first} & {e.id for e in second}

    def test_the_first_answer_is_a_follow_up_to_all_but_who_gave_it(self) -> None:
        desk = ReportingDesk(growing(on_answer=[Grade.III]), DictStore())
        desk.incident(incident(), T0)
        (told,) = desk.response(answer(), later(hours=3))
        assert (told.kind, told.recipient.unit.code) == (FOLLOW_UP, "office")
        assert told.because == ("安平市住房和城乡建设局已通过政府网站公开回应",)
        assert desk.response(answer(id="p-2"), later(hours=4)) == []

    def test_a_matter_merged_into_another_is_over_as_it_is(self) -> None:
        desk = ReportingDesk(small_policy(), DictStore())
        desk.incident(incident(), T0)
        assert kinds(desk.incident(incident(version=2, status="merged"), later(hours=1))) == [FINAL, FINAL]

    def test_nobody_is_told_of_a_merged_matter_for_the_first_time(self) -> None:
        desk = ReportingDesk(small_policy(), DictStore())
        assert desk.incident(incident(status="merged"), T0) == []
        desk.incident(incident(id="inc-2"), T0)
        last = desk.incident(incident(id="inc-2", version=2, grade=Grade.I, status="merged"), later(hours=1))
        assert kinds(last) == [FINAL, FINAL]

    def test_a_matter_that_goes_on_after_its_end_is_followed_up_and_ends_again(self) -> None:
        desk = ReportingDesk(small_policy(), DictStore())
        desk.incident(incident(), T0)
        assert kinds(desk.incident(incident(version=2, **QUIET), later(hours=1))) == [FINAL, FINAL]
        again = desk.incident(incident(version=3, response_required=False), later(hours=2))
        assert kinds(again) == [FOLLOW_UP, FOLLOW_UP]
        assert again[0].because == ("终报以后又有新的情况，恢复报送",)
        assert kinds(desk.incident(incident(version=4, **QUIET), later(hours=3))) == [FINAL, FINAL]

    def test_once_the_matter_is_over_nobody_is_called_for_its_earlier_reports(self) -> None:
        desk = ReportingDesk(small_policy(), DictStore())
        desk.incident(incident(), T0)
        desk.incident(incident(version=2, **QUIET), later(hours=1))
        ticked = desk.tick(later(hours=2))
        assert {(e.kind, e.status, e.exhausted) for e in ticked} == {(FIRST, EscalationStatus.LAPSED, False)}


class TestTheEndOfTheChain:
    def test_the_last_of_the_chain_is_reminded_a_number_of_times_and_then_it_is_on_record(self) -> None:
        desk = ReportingDesk(policy(reminders=Reminders(every_minutes=30, times=2)), DictStore())
        lead, _ = desk.incident(incident(), T0)
        steps = []
        for minutes in (120, 240, 360, 390, 420, 9999):
            steps += [e for e in desk.tick(later(minutes=minutes)) if e.recipient.unit == lead.recipient.unit]
        issued = [(e.recipient.role, e.chain_step, e.reminder) for e in steps if e.status is EscalationStatus.ISSUED]
        assert issued == [
            ("direct_responsible", 1, 0),
            ("first_responsible", 2, 0),
            ("first_responsible", 2, 1),
            ("first_responsible", 2, 2),
        ]
        assert [e.reminder for e in steps if e.exhausted] == [2]
        assert len({e.id for e in steps}) == 5

    def test_each_level_goes_to_who_is_on_duty_then(self) -> None:
        desk = ReportingDesk(policy(reminders=Reminders(every_minutes=660, times=1)), DictStore())
        _, office = desk.incident(incident(), T0)
        (reminder,) = [e for e in desk.tick(later(hours=11, minutes=59)) if e.reminder]
        assert (office.recipient.seat, reminder.recipient.seat) == ("day", "night")
        assert reminder.recipient.contact == "wecom:duty-night"


class TestRetention:
    def test_what_is_over_and_receipted_is_forgotten_after_its_time(self) -> None:
        store = DictStore()
        desk = ReportingDesk(policy(keep_settled_days=10), store)
        desk.incident(incident(), T0)
        finals = desk.incident(incident(version=2, **QUIET), later(hours=1))
        assert len(finals) == 2
        for hour in range(2, 12):
            desk.tick(later(hours=hour))
        assert store.entries
        assert ReportingDesk(policy(keep_settled_days=10), store).tick(later(days=12)) == []
        assert store.entries == {}

    def test_what_nobody_had_to_know_of_is_forgotten_too(self) -> None:
        store = DictStore()
        desk = ReportingDesk(policy(keep_settled_days=10), store)
        desk.incident(incident(grade=Grade.IV, response_required=False), T0)
        desk.tick(later(days=99))
        assert store.entries, "an open matter is kept"
        desk.incident(incident(version=2, grade=Grade.IV, **QUIET), later(days=100))
        desk.tick(later(days=110))
        assert store.entries == {}

    def test_an_old_snapshot_of_a_forgotten_matter_is_not_reported_anew(self) -> None:
        desk = ReportingDesk(policy(keep_settled_days=10), DictStore())
        assert desk.incident(incident(version=2, **QUIET), later(days=11)) == []

    def test_what_comes_up_again_after_that_has_reports_with_ids_of_their_own(self) -> None:
        rules = policy(keep_settled_days=10)
        desk = ReportingDesk(rules, DictStore())
        before = desk.incident(incident(), T0)
        after = ReportingDesk(rules, DictStore()).incident(incident(version=7), later(days=50))
        assert [e.kind for e in after] == [FIRST, FIRST]
        assert not {e.id for e in before} & {e.id for e in after}


def test_what_an_older_version_stored_is_taken_over() -> None:
    """Then every escalation stood inside the one value of its incident, without what has been added since."""
    store = DictStore()
    desk = ReportingDesk(small_policy(), store)
    lead, office = desk.incident(incident(counts=counts(voices=3)), T0)
    old = Reports(incident_id="inc-1", version=1, count=1, grade=Grade.III, voices=3).model_copy(
        update={"sent": {e.id: Sent(report=1, escalation=e) for e in (lead, office)}}
    )
    kept = {"incident_id", "version", "count", "grade", "voices", "closed", "sent", "receipts"}
    stored = old.model_dump_json(include=kept)
    store = DictStore()
    store.put("reporting/inc-1", stored.encode())

    again = ReportingDesk(small_policy(), store)

    assert again.incident(incident(version=2, counts=counts(voices=3)), later(minutes=1)) == []
    (signed,) = again.receipt(receipt(escalation_id=office.id), later(minutes=11))
    assert (signed.version, signed.status) == (2, EscalationStatus.ACKNOWLEDGED)
    lapsed, passed_on = ReportingDesk(small_policy(), store).tick(later(minutes=120))
    assert (lapsed.id, passed_on.recipient.role) == (lead.id, "direct_responsible")
