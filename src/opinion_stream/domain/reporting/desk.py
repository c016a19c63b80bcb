"""The reporting desk: what incidents, receipts, referrals, answers and the passing of time make necessary to report."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from opinion_stream.domain.due import DueIndex
from opinion_stream.domain.figures import Figures, Measure
from opinion_stream.domain.orders import GradeOrder
from opinion_stream.domain.reporting import occasions, receipting, referring
from opinion_stream.domain.reporting.case import Case
from opinion_stream.domain.reporting.following import instruct, send_back
from opinion_stream.domain.reporting.issuing import Issuer
from opinion_stream.domain.reporting.memory import Memory
from opinion_stream.domain.reporting.reports import Matter, Referred, Reports, matter_of, with_status
from opinion_stream.domain.reporting.routes import Router
from opinion_stream.domain.state import Store
from opinion_stream.errors import Rejected
from opinion_stream.models.base import Grade
from opinion_stream.models.escalation import Escalation, EscalationKind, Receipt, ReceiptKind, ReferralRef
from opinion_stream.models.incident import Incident, IncidentStatus
from opinion_stream.models.sharing import OutcomeKind, Referral, ReferralReply, ReplyStatus, TaskOutcome
from opinion_stream.models.task import PublicResponse
from opinion_stream.policy import Policy

Output = Escalation | ReferralReply | GradeOrder

FOLLOW_UP = "follow-up"
SETTLED = "settled"
REFUSALS_KEPT = 100
"""Per matter. A record is delivered again soon or never, so the oldest may be forgotten."""


class ReportingDesk:
    """Turns incidents, receipts and referrals into escalations (归口报送, seed 二（三）、二（四）).

    Everything durable is in `store`, one value per matter and one per escalation; the due times in memory are
    rebuilt from it. `now` is what time it is, with its zone. The outputs of a call must be written before the
    store's changes become durable: a call that is repeated on the older state gives the same ids and versions.
    If they could not be written, drop the desk with the changes and build a new one from the store.
    """

    def __init__(self, policy: Policy, store: Store) -> None:
        self._policy = policy
        self._memory = Memory(store)
        self._router = Router(policy)
        self._issuer = Issuer(policy, self._router)
        self._zone = ZoneInfo(policy.jurisdiction.timezone)
        self._keep = timedelta(days=policy.routes.keep_settled_days)
        self._due: DueIndex[tuple[str, str]] = DueIndex()
        self._outstanding: dict[str, Grade] = {}
        for reports in self._memory.every():
            for name in reports.waiting:
                sent = self._memory.sent(reports.incident_id, name)
                if sent is not None:
                    self._due.set((reports.incident_id, name), sent.escalation.receipt_due_at)
                    self._outstanding[name] = sent.escalation.grade
            self._watch(reports)

    def incident(self, incident: Incident, now: datetime) -> list[Output]:
        """Take in a snapshot of an incident; return what it makes necessary to report.

        - First report (首报) to each recipient of the routes that never had one.
        - Follow-up (续报) to the others when `occasions.causes` names a cause.
        - Final report (终报) to everyone who had a first report, once `occasions.is_over` says so. Nobody is told for
          the first time of an incident that was merged into another; its reasons name that one.

        A version not above the last one seen changes nothing, nor does an incident that was over so long ago
        that it has been forgotten.
        """
        case = Case(self._memory, incident.id)
        reports = case.reports
        if incident.version <= reports.version:
            return []
        if reports.version < 0 and incident.status != IncidentStatus.OPEN and incident.last_at + self._keep < now:
            return []
        matter = matter_of(incident, reports.lead, ordered=reports.ordered)
        facts = occasions.facts_of(incident)
        because = occasions.causes(matter, facts, reports, self._policy.routes, now)
        over = occasions.is_over(matter, reports)
        ended = over and not reports.closed
        occasion = f"version {matter.version}"
        case.update(version=incident.version, matter=matter)
        merged = matter.status == IncidentStatus.MERGED
        added = [] if merged else self._issuer.report(case, matter, because, now, occasion, firsts_only=ended)
        if added and because:
            case.update(facts=(*reports.facts, *(key for key in facts if key not in reports.facts)))
        if over:
            self._issuer.final(case, matter, now, occasion, among=None if ended else added)
        case.update(closed=over)
        return self._saved(case, now)

    def receipt(self, receipt: Receipt, now: datetime) -> list[Output]:
        """Take in a receipt; return the escalation in its new status and what follows, or nothing if it adds nothing.

        - 签收 ends the wait of the whole chain; of a referral, the body that referred it hears.
        - 批示 is passed on to the unit in charge (kind `instruction`) and may open a task, set a deadline, demand
          publications, or order a graver grade (an `IncidentCommand` to the incidents stage).
        - 退回 goes on to the unit it names or to the office, see `receipting.onward`; of a lead unit's report, the
          new unit is in charge from then on.

        A receipt id acts once. A receipt after the lapse counts, but does not call back who was addressed since.
        Raises Rejected: `unknown_escalation` for one that was never issued; `illegal_receipt` for an id that was
        used for another escalation and for what `receipting.refusal` names. A refused id stays refused.
        """
        case = Case(self._memory, receipt.incident_id)
        sent = case.sent(receipt.escalation_id)
        matter = case.reports.matter
        if sent is None or matter is None:
            raise Rejected("unknown_escalation", "没有这一编号的报送，请核对 escalation_id 和 incident_id")
        used_for = case.reports.receipts.get(receipt.id)
        if used_for == receipt.escalation_id:
            return []
        if used_for is not None:
            raise Rejected("illegal_receipt", "这一回执编号已用于同一事件的另一件报送，请换用新的编号")
        before = sent.escalation
        self._refuse(case, receipt, before, matter, now)
        case.update(receipts={**case.reports.receipts, receipt.id: receipt.escalation_id})
        status = receipting.AFTER_RECEIPT[before.status, receipt.kind]
        if status is None:
            return self._saved(case, now)
        at = max(before.issued_at, min(receipt.at, now))
        case.put(sent.model_copy(update={"escalation": with_status(before, status, at)}))
        more: list[Output] = []
        if receipt.kind is ReceiptKind.INSTRUCTION:
            command = instruct(case, matter, before, receipt, now, self._issuer, self._zone)
            more += [GradeOrder(self._router.shard(matter.region.code), command)] if command else []
        elif receipt.kind is ReceiptKind.RETURNED:
            send_back(case, matter, sent, receipt, now, self._router, self._policy)
        elif before.referral is not None:
            more += referring.received(case, referring.key_of(before.referral), before.recipient.unit, at)
        return [*self._saved(case, now), *more]

    def _refuse(self, case: Case, receipt: Receipt, before: Escalation, matter: Matter, now: datetime) -> None:
        known = case.reports.refused.get(receipt.id)
        reason = known or receipting.refusal(receipt, before, matter.grade, self._policy, now)
        if reason is None:
            return
        # Who was told no must not find it done when the record comes again after a crash.
        kept = [*case.reports.refused.items(), (receipt.id, reason)][-REFUSALS_KEPT:]
        case.update(refused=dict(kept))
        case.save()
        raise Rejected("illegal_receipt", reason)

    def referral(self, referral: Referral, now: datetime) -> list[Output]:
        """Take in a matter that another body refers to us; return its escalation to the unit in charge.

        It asks for an answer, whatever the grade; a body that refers what was answered already hears so at once.
        The same body and id act once. Raises Rejected
        (`invalid_referral`) for what the policy does not know, for a deadline that lies before the referral, and
        for an incident that was never reported.
        """
        case = Case(self._memory, referring.incident_of(referral))
        key = referring.key_of(referral)
        reports = case.reports
        if key in reports.referrals:
            return []
        if referral.due_at <= referral.at:
            raise Rejected("invalid_referral", "交办件的反馈时限（due_at）不晚于交办时间（at）")
        if referral.incident_id is not None and reports.matter is None:
            raise Rejected("invalid_referral", "没有报送过这一编号的事件；不知道编号时不填 incident_id，另立一件")
        own = referring.referred_matter(referral, self._policy)
        matter = (reports.matter or own).model_copy(update={"response_required": True})
        referred = Referred(id=referral.id, body=referral.from_body, due_at=referral.due_at)
        case.update(
            matter=matter,
            ordered=True,
            closed=False,
            grade=reports.grade or matter.grade,
            referrals={**reports.referrals, key: referred},
        )
        ref = ReferralRef(id=referral.id, kind=referral.kind, from_body=referral.from_body, due_at=referral.due_at)
        because = referring.wanted(referral, self._zone)
        self._issuer.to_lead(case, matter, EscalationKind.REFERRAL, f"referral {key}", now, because, referral=ref)
        latest = case.reports.latest_answer
        before = referring.answered(case.reports, latest, only=key) if latest is not None else []
        return [*self._saved(case, now), *before]

    def response(self, response: PublicResponse, now: datetime) -> list[Output]:
        """Take in that the matter was answered in public: reports to those told, replies to those who referred it.

        The first answer is a follow-up at the grades of `follow_up.on_answer`, and brings the final report of a
        matter that is quiet already. Of a matter that was never reported nothing follows.
        """
        case = Case(self._memory, response.incident_id)
        matter = case.reports.matter
        if matter is None or response.id in case.reports.answers:
            return []
        first = not case.reports.answered
        latest = response.model_copy(update={"text": ""})
        case.update(answers=(*case.reports.answers, response.id), answered=True, latest_answer=latest)
        occasion = f"answer {response.id}"
        if first and not case.reports.closed and matter.grade in self._policy.routes.follow_up.on_answer:
            way = self._policy.response.publications.get(response.publication)
            because = f"{response.unit.name}已通过{way.name if way else response.publication}公开回应"
            self._issuer.report(case, matter, [because], now, occasion, but="lead")
        return [*self._ended(case, matter, now, occasion), *referring.answered(case.reports, response)]

    def outcome(self, outcome: TaskOutcome, now: datetime) -> list[Output]:
        """Take in that the task was closed or opened again: replies, and the final report if the matter is over."""
        case = Case(self._memory, outcome.incident_id)
        matter = case.reports.matter
        if matter is None or outcome.id in case.reports.outcomes:
            return []
        closed = outcome.kind is OutcomeKind.CLOSED
        case.update(task_closed=closed, outcomes=(*case.reports.outcomes, outcome.id))
        if not closed:
            case.update(answered=False, latest_answer=None, closed=False)
        replied = referring.replies(
            case.reports,
            ReplyStatus.CLOSED if closed else ReplyStatus.REOPENED,
            outcome.id,
            outcome.unit,
            outcome.at,
            text=outcome.text,
            legal_ground=outcome.legal_ground,
        )
        return [*self._ended(case, matter, now, f"outcome {outcome.id}"), *replied]

    def tick(self, now: datetime) -> list[Output]:
        """What has become due by `now`, oldest first. Costs what is due, not what exists.

        - An escalation without a receipt lapses and goes up one level: to who is on duty there now, with the full
          time from `now`, however late the tick comes. The last of the chain is reminded (`reminders` of
          routes.yaml); after that the lapse says `exhausted`. Once anyone in the chain has given a receipt, the
          matter is over, or its unit has returned it, nobody further is addressed.
        - A follow-up of the interval, if there is news since the last report.
        - A matter that has been settled for `keep_settled_days` is forgotten.
        """
        outputs: list[Output] = []
        for incident_id, name in self._due.pop(now):
            case = Case(self._memory, incident_id)
            if name == SETTLED:
                self._memory.forget(case.reports)
                continue
            sent, matter = case.sent(name), case.reports.matter
            if name == FOLLOW_UP and matter is not None:
                because = occasions.causes(matter, {}, case.reports, self._policy.routes, now)
                if not self._issuer.report(case, matter, because, now, f"version {matter.version}"):
                    case.update(reported_at=now)
            elif sent is not None:
                self._issuer.lapse(case, sent, now)
            outputs += self._saved(case, now)
        return outputs

    def figures(self) -> Figures:
        """Reports that wait for their receipt, by grade."""
        counted = Counter(self._outstanding.values())
        return {(Measure.RECEIPTS_OUTSTANDING, (grade.value,)): number for grade, number in counted.items()}

    def _ended(self, case: Case, matter: Matter, now: datetime, occasion: str) -> list[Output]:
        over = occasions.is_over(matter, case.reports)
        if over and not case.reports.closed:
            self._issuer.final(case, matter, now, occasion)
            case.update(closed=True)
        return self._saved(case, now)

    def _saved(self, case: Case, now: datetime) -> list[Output]:
        settled = case.reports.closed and not case.reports.waiting
        case.update(settled_at=(case.reports.settled_at or now) if settled else None)
        changed = case.save()
        waiting = set(case.reports.waiting)
        for escalation in changed:
            due = escalation.receipt_due_at if escalation.id in waiting else None
            self._due.set((escalation.incident_id, escalation.id), due)
            if due is None:
                self._outstanding.pop(escalation.id, None)
            else:
                self._outstanding[escalation.id] = escalation.grade
        self._watch(case.reports)
        return list(changed)

    def _watch(self, reports: Reports) -> None:
        settled = None if reports.settled_at is None else reports.settled_at + self._keep
        if reports.closed and reports.matter is None:
            # As an older version stored a matter that nobody had to know of: nothing of it is of use any more.
            settled = datetime.min.replace(tzinfo=UTC)
        self._due.set((reports.incident_id, SETTLED), settled)
        self._due.set((reports.incident_id, FOLLOW_UP), occasions.next_interval(reports, self._policy.routes))
