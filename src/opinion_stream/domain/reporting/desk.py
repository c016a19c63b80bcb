"""The reporting desk: first reports, follow-ups, final reports, receipts, and the chain when no receipt comes."""

from __future__ import annotations

from datetime import datetime, timedelta

from opinion_stream.domain.due import DueIndex
from opinion_stream.domain.reporting.reports import (
    AFTER_RECEIPT,
    Reports,
    Sent,
    first_step,
    next_step,
    with_status,
)
from opinion_stream.domain.reporting.routes import addressee, recipients
from opinion_stream.domain.state import Store
from opinion_stream.errors import Rejected
from opinion_stream.models.base import Grade
from opinion_stream.models.escalation import Escalation, EscalationKind, EscalationStatus, Receipt
from opinion_stream.models.incident import Incident, IncidentStatus
from opinion_stream.policy import Policy

PREFIX = "reporting/"


class ReportingDesk:
    """Turns incidents and receipts into escalations (归口报送, seed 二（三）).

    Everything durable is in `store`, one value per incident; the due times in memory are rebuilt from it.
    `now` is what time it is, with its zone. The outputs of a call must be written before the store's
    changes become durable: a call that is repeated on the older state gives the same ids and versions. If they
    could not be written, drop the desk with the changes and build a new one from the store.
    """

    def __init__(self, policy: Policy, store: Store) -> None:
        self._policy = policy
        self._store = store
        self._routes = {route.id: route for route in policy.routes.routes}
        self._due: DueIndex[tuple[str, str]] = DueIndex()
        for _, raw in store.items(PREFIX):
            reports = Reports.model_validate_json(raw)
            for sent in reports.sent.values():
                self._watch(sent.escalation)

    def incident(self, incident: Incident, now: datetime) -> list[Escalation]:
        """Take in a snapshot of an incident; return what it makes necessary to report.

        - First report (首报) to each recipient of the routes that never had one.
        - Follow-up (续报) to the others when the grade is more serious than any reported before, or the voices
          have grown by `follow_up_growth` since the last report.
        - Final report (终报) to everyone who had a first report, once the incident has closed or was merged into
          another, which its reasons name; nobody is told of a merged one for the first time.
        - An incident that was opened again after its final report is followed up with those who had it.

        A version not above the last one seen changes nothing.
        """
        reports = self._load(incident.id)
        if incident.version <= reports.version:
            return []
        merged = incident.status == IncidentStatus.MERGED
        closed = merged or incident.status == IncidentStatus.CLOSED
        ended = closed and not reports.closed
        reopened = reports.closed and not closed
        grown = reopened or self._grown(incident, reports)
        number = reports.count + 1
        issued: list[Escalation] = []
        addressed = reports.addressed()
        for route, recipient in recipients(incident, self._policy):
            known = (recipient.unit.code, recipient.role) in addressed
            if (known and (ended or not grown)) or (merged and not known):
                continue
            kind = EscalationKind.FOLLOW_UP if known else EscalationKind.FIRST
            window = timedelta(minutes=route.receipt_minutes)
            issued.append(first_step(incident, kind, number, recipient, route.id, now, window))
        reports = _with_all(reports, number, issued)
        if closed:
            told = [first for first in reports.addressed().values() if ended or first in issued]
            finals = [
                first_step(incident, EscalationKind.FINAL, number, first.recipient, first.route, now, _window(first))
                for first in told
            ]
            reports = _with_all(reports, number, finals)
            issued += finals
        update: dict[str, object] = {"version": incident.version, "closed": closed}
        if issued:
            update["count"] = number
        if issued and grown:
            update |= {"grade": _graver(incident.grade, reports.grade), "voices": incident.counts.voices}
        self._save(reports.model_copy(update=update), issued)
        return issued

    def receipt(self, receipt: Receipt, now: datetime) -> list[Escalation]:
        """Take in a receipt; return the escalation in its new status, or nothing if the receipt adds nothing.

        A receipt id acts once. A receipt after the lapse counts, but does not call back who was addressed since.
        Raises Rejected for an escalation that was never issued, a role that `routes.yaml` does not know, an id
        that was used for another escalation, and a receipt that the status does not allow.
        """
        reports = self._load(receipt.incident_id)
        sent = reports.sent.get(receipt.escalation_id)
        if sent is None:
            raise Rejected("unknown_escalation", "没有这一编号的报送，请核对 escalation_id 和 incident_id")
        used_for = reports.receipts.get(receipt.id)
        if used_for == receipt.escalation_id:
            return []
        if used_for is not None:
            raise Rejected("illegal_receipt", "这一回执编号已用于同一事件的另一件报送，请换用新的编号")
        if receipt.role not in self._policy.routes.roles:
            raise Rejected("illegal_receipt", "回执的角色（role）不在 routes.yaml 的 roles 之中")
        before = sent.escalation
        if (before.status, receipt.kind) not in AFTER_RECEIPT:
            raise Rejected("illegal_receipt", _refusal(before.status))
        status = AFTER_RECEIPT[before.status, receipt.kind]
        changed: list[Escalation] = []
        if status is not None:
            at = max(before.issued_at, min(receipt.at, now))
            changed = [with_status(before, status, at)]
        reports = reports.model_copy(update={"receipts": {**reports.receipts, receipt.id: receipt.escalation_id}})
        self._save(_with_all(reports, sent.report, changed), changed)
        return changed

    def tick(self, now: datetime) -> list[Escalation]:
        """Lapse what was not receipted by `now` and address the next in each chain; return both, oldest first.

        The next one always has the full time from `now`, however late the tick comes. At the end of the chain,
        or once anyone in it has given a receipt, nobody further is addressed. Costs what is due, not what exists.
        """
        changed: list[Escalation] = []
        for incident_id, name in self._due.pop(now):
            reports = self._load(incident_id)
            sent = reports.sent[name]
            step = [with_status(sent.escalation, EscalationStatus.LAPSED, now), *self._passed_on(reports, sent, now)]
            self._save(_with_all(reports, sent.report, step), step)
            changed += step
        return changed

    def _passed_on(self, reports: Reports, sent: Sent, now: datetime) -> list[Escalation]:
        lapsed = sent.escalation
        route = self._routes.get(lapsed.route)
        if route is None or lapsed.chain_step >= len(route.chain) or reports.receipted(sent):
            return []
        role = route.chain[lapsed.chain_step]
        recipient = addressee(self._policy, lapsed.recipient.unit, role, lapsed.recipient.level)
        return [next_step(sent, recipient, now, timedelta(minutes=route.receipt_minutes))]

    def _grown(self, incident: Incident, reports: Reports) -> bool:
        if reports.grade is None or incident.grade.rank < reports.grade.rank:
            return True
        return incident.counts.voices >= max(1, reports.voices) * self._policy.routes.follow_up_growth

    def _load(self, incident_id: str) -> Reports:
        raw = self._store.get(PREFIX + incident_id)
        return Reports(incident_id=incident_id) if raw is None else Reports.model_validate_json(raw)

    def _save(self, reports: Reports, changed: list[Escalation]) -> None:
        self._store.put(PREFIX + reports.incident_id, reports.to_bytes())
        for escalation in changed:
            self._watch(escalation)

    def _watch(self, escalation: Escalation) -> None:
        waiting = escalation.status is EscalationStatus.ISSUED
        self._due.set((escalation.incident_id, escalation.id), escalation.receipt_due_at if waiting else None)


def _with_all(reports: Reports, number: int, escalations: list[Escalation]) -> Reports:
    for escalation in escalations:
        reports = reports.with_sent(number, escalation)
    return reports


def _window(escalation: Escalation) -> timedelta:
    return escalation.receipt_due_at - escalation.issued_at


def _graver(grade: Grade, other: Grade | None) -> Grade:
    return grade if other is None or grade.rank < other.rank else other


def _refusal(status: EscalationStatus) -> str:
    if status is EscalationStatus.RETURNED:
        return "该件报送已退回，只能重新报送，不能再签收或批示"
    return "该件报送已有批示，不能再退回"
