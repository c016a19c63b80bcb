"""Makes the reports of a matter: to those the routes name, to everyone at the end, to the lead unit, up the chain."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from opinion_stream.domain.reporting.case import Case
from opinion_stream.domain.reporting.reports import Matter, Sent, first_step, passed_on, with_status
from opinion_stream.domain.reporting.routes import Router
from opinion_stream.models.base import Grade
from opinion_stream.models.escalation import (
    Escalation,
    EscalationKind,
    EscalationStatus,
    Instruction,
    Recipient,
    ReferralRef,
)
from opinion_stream.models.incident import IncidentStatus
from opinion_stream.policy import Policy


class Issuer:
    """Adds escalations to a case. One report has one number and one occasion, whoever it goes to."""

    def __init__(self, policy: Policy, router: Router) -> None:
        self._reminders = policy.routes.reminders
        self._router = router

    def report(
        self,
        case: Case,
        matter: Matter,
        because: Sequence[str],
        now: datetime,
        occasion: str,
        *,
        firsts_only: bool = False,
        but: str = "",
    ) -> list[str]:
        """Report to those whom the routes name: a first report to the new ones, a follow-up to the others.

        The others hear only of what there is a cause for, and nothing with `firsts_only`; those of the level `but`
        do not hear of it either. Ids of what was added.
        """
        number = case.reports.count + 1
        graver = case.reports.grade is not None
        added: list[Sent] = []
        for route, recipient in self._router.recipients(matter, now):
            known = case.reports.known(recipient)
            if known and (firsts_only or not because or recipient.level == but):
                continue
            kind = EscalationKind.FOLLOW_UP if known else EscalationKind.FIRST
            why = ("首次报送该单位", *because) if graver and not known else tuple(because)
            window = timedelta(minutes=route.receipt_minutes)
            escalation = first_step(case.id, matter, kind, occasion, recipient, route.id, now, window, why)
            added.append(Sent(report=number, escalation=escalation, occasion=occasion))
        if not added:
            return []
        case.put(*added)
        case.update(count=number)
        if because:
            case.update(
                grade=_graver(matter.grade, case.reports.grade),
                voices=matter.counts.voices,
                reported_at=now,
                reported_version=matter.version,
            )
        return [sent.escalation.id for sent in added]

    def final(
        self, case: Case, matter: Matter, now: datetime, occasion: str, among: Collection[str] | None = None
    ) -> None:
        """The final report to everyone whose first report is `among` these (None: to everyone).

        A unit that was in charge and returned the matter is not told the end of it.
        """
        number = case.reports.count + 1
        merged = matter.status == IncidentStatus.MERGED
        why = "该事件已并入其他事件，后续情况见并入的事件" if merged else "事件已平息，不再续报"
        finals: list[Sent] = []
        for first in case.firsts():
            before = first.escalation
            if among is not None and before.id not in among:
                continue
            if before.recipient.level == "lead" and before.recipient.unit.code in case.reports.declined:
                continue
            escalation = first_step(
                case.id,
                matter,
                EscalationKind.FINAL,
                occasion,
                self._now_on(before.recipient, now),
                before.route,
                now,
                before.receipt_due_at - before.issued_at,
                (why,),
            )
            finals.append(Sent(report=number, escalation=escalation, occasion=occasion))
        if finals:
            case.put(*finals)
            case.update(count=number)

    def to_lead(
        self,
        case: Case,
        matter: Matter,
        kind: EscalationKind,
        occasion: str,
        now: datetime,
        because: tuple[str, ...],
        *,
        instruction: Instruction | None = None,
        referral: ReferralRef | None = None,
    ) -> None:
        """An instruction or a referral to the duty role of the lead unit, as a report of its own."""
        route = self._router.lead_route(matter)
        recipient = self._router.addressee(matter.unit, route.role, "lead", now)
        window = timedelta(minutes=route.receipt_minutes)
        number = case.reports.count + 1
        escalation = first_step(
            case.id, matter, kind, occasion, recipient, route.id, now, window, because, instruction, referral
        )
        case.put(Sent(report=number, escalation=escalation, occasion=occasion))
        case.update(count=number)

    def lapse(self, case: Case, sent: Sent, now: datetime) -> None:
        """End the wait of an escalation without a receipt, and address who is next, if there is anyone."""
        stopped = self._stopped(case, sent)
        following = None if stopped else self._following(sent, now)
        exhausted = following is None and not stopped
        lapsed = with_status(sent.escalation, EscalationStatus.LAPSED, now, exhausted=exhausted, stopped=stopped)
        case.put(sent.model_copy(update={"escalation": lapsed}))
        if following is not None:
            case.put(following)

    def _following(self, sent: Sent, now: datetime) -> Sent | None:
        before = sent.escalation
        route = self._router.route(before.route)
        if route is None:
            return None
        if before.chain_step < len(route.chain):
            to = before.recipient
            recipient = self._router.addressee(to.unit, route.chain[before.chain_step], to.level, now)
            waited = (before.receipt_due_at - before.issued_at) // timedelta(minutes=1)
            why = f"{waited}分钟内没有签收，转报上一级责任人"
            return passed_on(sent, recipient, now, timedelta(minutes=route.receipt_minutes), why)
        if before.reminder < self._reminders.times:
            number = before.reminder + 1
            why = f"至今无人签收，第{number}次催签（共{self._reminders.times}次）"
            window = timedelta(minutes=self._reminders.every_minutes)
            return passed_on(sent, self._now_on(before.recipient, now), now, window, why, reminder=number)
        return None

    def _stopped(self, case: Case, sent: Sent) -> str:
        before = sent.escalation
        if case.receipted(sent):
            return "receipted"
        if case.reports.closed and before.kind in (EscalationKind.FIRST, EscalationKind.FOLLOW_UP):
            return "over"
        if before.recipient.level == "lead" and before.recipient.unit.code in case.reports.declined:
            return "returned"
        return ""

    def _now_on(self, recipient: Recipient, now: datetime) -> Recipient:
        return self._router.addressee(recipient.unit, recipient.role, recipient.level, now)


def _graver(grade: Grade, other: Grade | None) -> Grade:
    return grade if other is None or grade.rank < other.rank else other


def rerouted(sent: Sent, recipient: Recipient, now: datetime, window: timedelta, changes: dict[str, object]) -> Sent:
    """A returned report to the recipient it goes on to, with these changes of its fields."""
    before: Escalation = sent.escalation
    fresh = before.model_copy(
        update={
            "version": 1,
            "recipient": recipient,
            "chain_step": 0,
            "reminder": 0,
            "issued_at": now,
            "receipt_due_at": now + window,
            "status": EscalationStatus.ISSUED,
            "status_at": now,
            "exhausted": False,
            **changes,
        }
    )
    return sent.model_copy(update={"escalation": fresh})
