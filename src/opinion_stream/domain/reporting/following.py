"""What follows from a receipt: an instruction is passed on and may order a grade, a returned report goes elsewhere."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from opinion_stream.domain.reporting.case import Case
from opinion_stream.domain.reporting.issuing import Issuer, rerouted
from opinion_stream.domain.reporting.receipting import onward
from opinion_stream.domain.reporting.reports import Matter, Sent, escalation_id
from opinion_stream.domain.reporting.routes import Router
from opinion_stream.models.command import IncidentCommand, IncidentCommandKind
from opinion_stream.models.escalation import Escalation, EscalationKind, Instruction, Receipt
from opinion_stream.policy import Policy


def instruct(
    case: Case, matter: Matter, escalation: Escalation, receipt: Receipt, now: datetime, issuer: Issuer, zone: ZoneInfo
) -> IncidentCommand | None:
    """Pass an instruction on to the lead unit; the command to the incidents stage if it orders a graver grade.

    A referred matter is no incident: it takes the grade at once. What asks for a task, a deadline or a publication
    makes an answer necessary, whatever the rules say.
    """
    instruction = Instruction(
        receipt_id=receipt.id,
        escalation_id=escalation.id,
        by_role=receipt.role,
        by_unit=escalation.recipient.unit,
        by_level=escalation.recipient.level,
        at=receipt.at,
        text=receipt.note,
        due_at=receipt.due_at,
        publications=receipt.publications,
        open_task=receipt.open_task,
        grade=receipt.grade,
    )
    if receipt.open_task or receipt.due_at is not None or receipt.publications:
        matter = matter.model_copy(update={"response_required": True})
        case.update(matter=matter, ordered=True, closed=False)
    if receipt.grade is not None and matter.status == "referred":
        matter = matter.model_copy(update={"grade": receipt.grade})
        case.update(matter=matter)
    because = (f"{escalation.recipient.unit.name}批示：{receipt.note}", *_demands(instruction, zone))
    occasion = f"instruction {receipt.id}"
    issuer.to_lead(case, matter, EscalationKind.INSTRUCTION, occasion, now, because, instruction=instruction)
    if receipt.grade is None or matter.status == "referred":
        return None
    return IncidentCommand(
        id=f"{escalation.id}:{hashlib.sha256(receipt.id.encode()).hexdigest()[:12]}",
        incident_id=case.id,
        action=IncidentCommandKind.OVERRIDE_GRADE,
        by_role=receipt.role,
        reason=receipt.note or "批示提高等级",
        at=receipt.at,
        grade=receipt.grade,
    )


def _demands(instruction: Instruction, zone: ZoneInfo) -> list[str]:
    demands = []
    if instruction.due_at is not None:
        demands.append(f"要求{instruction.due_at.astimezone(zone):%Y-%m-%d %H:%M}前完成")
    if instruction.grade is not None:
        demands.append(f"要求按{instruction.grade.label}处置")
    return demands


def send_back(
    case: Case, matter: Matter, sent: Sent, receipt: Receipt, now: datetime, router: Router, policy: Policy
) -> None:
    """Send a returned report on to whom `receipting.onward` names; with a lead unit's, put that one in charge.

    Source: seed 二（四） (受理、转办、反馈), 一（二） 谁主管、谁负责.
    """
    before = sent.escalation
    target = onward(receipt, before, policy)
    unit = router.unit(target.unit)
    back_from_above = before.recipient.level == "above"
    level = "own" if back_from_above else before.recipient.level
    lead = level == "lead"
    if lead:
        declined = [code for code in case.reports.declined if code != unit.code]
        if before.recipient.unit.code != router.office.code:
            declined.append(before.recipient.unit.code)
        matter = matter.model_copy(update={"unit": unit})
        case.update(lead=unit, matter=matter, declined=tuple(declined))
    route = router.lead_route(matter)
    recipient = router.addressee(unit, route.role, level, now)
    number = case.reports.count + 1
    occasion = f"return {receipt.id}"
    if before.kind is EscalationKind.FIRST and case.reports.known(recipient):
        kind = EscalationKind.FOLLOW_UP
    else:
        kind = before.kind
    because = (
        f"{before.recipient.unit.name}退回：{receipt.note}" if receipt.note else f"{before.recipient.unit.name}退回"
    )
    changes: dict[str, object] = {
        "id": escalation_id(case.id, before.grade, kind, occasion, route.id, recipient, 0),
        "kind": kind,
        "route": route.id,
        "unit": matter.unit,
        "because": (because, *(("请牵头单位确定承办单位",) if unit == router.office and not target.decided else ())),
        "hop": before.hop + 1,
        "returned_by": before.recipient.unit,
        "decided": target.decided,
    }
    again = rerouted(sent, recipient, now, timedelta(minutes=route.receipt_minutes), changes)
    case.put(again.model_copy(update={"report": number, "occasion": occasion}))
    case.update(count=number)
