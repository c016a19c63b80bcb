"""What a receipt (签收、批示、退回) may do to a report, and where a returned report goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from opinion_stream.models.base import Grade
from opinion_stream.models.escalation import Escalation, EscalationStatus, Receipt, ReceiptKind
from opinion_stream.policy import Policy

_ANSWERS = {
    ReceiptKind.ACKNOWLEDGED: EscalationStatus.ACKNOWLEDGED,
    ReceiptKind.INSTRUCTION: EscalationStatus.INSTRUCTED,
    ReceiptKind.RETURNED: EscalationStatus.RETURNED,
}

AFTER_RECEIPT: dict[tuple[EscalationStatus, ReceiptKind], EscalationStatus | None] = {
    **{(EscalationStatus.ISSUED, kind): status for kind, status in _ANSWERS.items()},
    # A person who signs late has still signed; the lapse stays visible as the version before.
    **{(EscalationStatus.LAPSED, kind): status for kind, status in _ANSWERS.items()},
    (EscalationStatus.ACKNOWLEDGED, ReceiptKind.ACKNOWLEDGED): None,
    (EscalationStatus.ACKNOWLEDGED, ReceiptKind.INSTRUCTION): EscalationStatus.INSTRUCTED,
    (EscalationStatus.ACKNOWLEDGED, ReceiptKind.RETURNED): EscalationStatus.RETURNED,
    # An instruction implies that it was received, so an acknowledgement that arrives after it adds nothing.
    (EscalationStatus.INSTRUCTED, ReceiptKind.ACKNOWLEDGED): None,
    (EscalationStatus.INSTRUCTED, ReceiptKind.INSTRUCTION): EscalationStatus.INSTRUCTED,
    (EscalationStatus.RETURNED, ReceiptKind.RETURNED): None,
}
"""Status after a receipt. None: legal, changes nothing. A pair that is not listed is illegal."""

LABELS = {
    ReceiptKind.ACKNOWLEDGED: "签收（ack）",
    ReceiptKind.INSTRUCTION: "批示（instruct）",
    ReceiptKind.RETURNED: "退回（return）",
}


@dataclass(frozen=True)
class Onward:
    """Where a returned report goes: the unit's code, and whether that is the office's decision."""

    unit: str
    decided: bool = False


def allowed(escalation: Escalation) -> tuple[ReceiptKind, ...]:
    """The kinds of receipt that an escalation takes as it stands, those that would change nothing left out."""
    return tuple(kind for kind in ReceiptKind if AFTER_RECEIPT.get((escalation.status, kind)) is not None)


def refusal(receipt: Receipt, escalation: Escalation, grade: Grade, policy: Policy, now: datetime) -> str | None:
    """Why `receipt` cannot be taken for `escalation`, and what can be done instead; None: it can.

    `grade` is the matter's as it stands. A receipt that is legal but changes nothing is not refused.
    """
    return next(_refusals(receipt, escalation, grade, policy, now), None)


def _refusals(receipt: Receipt, escalation: Escalation, grade: Grade, policy: Policy, now: datetime) -> Iterator[str]:
    roles = policy.routes.roles
    if receipt.role not in roles:
        yield "回执的角色（role）不在 routes.yaml 的 roles 之中"
        return
    if (escalation.status, receipt.kind) not in AFTER_RECEIPT:
        yield _wrong_status(escalation)
    match receipt.kind:
        case ReceiptKind.INSTRUCTION:
            if not roles[receipt.role].instructs:
                able = "、".join(f"{role.name}（{code}）" for code, role in roles.items() if role.instructs)
                yield f"{roles[receipt.role].name}只能签收或退回，不能批示；可以批示的角色：{able}"
            if receipt.due_at is not None and receipt.due_at <= now:
                yield "批示要求的完成时间（due_at）已经过去，请改为以后的时间"
            for code in receipt.publications:
                if code not in policy.response.publications:
                    known = "、".join(policy.response.publications)
                    yield f"批示要求的发布方式不在 response.yaml 的 publications 之中；可用：{known}"
            if receipt.grade is not None and receipt.grade.rank >= grade.rank:
                yield f"批示只能提高等级，该事件已是{grade.label}；降低等级请用事件操作"
        case ReceiptKind.RETURNED:
            yield from _return_refusals(receipt, escalation, policy)
        case ReceiptKind.ACKNOWLEDGED:
            pass


def _return_refusals(receipt: Receipt, escalation: Escalation, policy: Policy) -> Iterator[str]:
    units = {unit.code for unit in policy.units.units}
    here = escalation.recipient
    if receipt.to_unit is not None and receipt.to_unit not in units:
        yield "退回时指明的单位（to_unit）不在 units.yaml 之中"
    if receipt.to_unit == here.unit.code:
        yield "退回时指明的单位（to_unit）就是退回的单位"
    if here.level == "above":
        return
    if escalation.decided:
        yield "承办单位已由牵头单位指定，不能再退回；请签收，有异议的线下报牵头单位"
    if here.unit.code == policy.jurisdiction.office:
        if here.level == "own":
            yield "牵头单位负责协调，不能退回；请签收或批示"
        elif receipt.to_unit is None:
            yield "牵头单位退回时必须指定承办单位（to_unit）"


def _wrong_status(escalation: Escalation) -> str:
    can = "、".join(LABELS[kind] for kind in allowed(escalation)) or "不能再作任何回执"
    if escalation.status is EscalationStatus.RETURNED:
        return "该件报送已退回，只能重新报送，不能再签收或批示"
    return f"该件报送已有批示，不能再退回；现在可以：{can}"


def onward(receipt: Receipt, escalation: Escalation, policy: Policy) -> Onward:
    """Where the report goes that `receipt` returns.

    To the unit it names, but no more than `max_returns` times in one line, and then to the office, which decides
    by naming one; that one cannot return it. What a body above returns goes to the office.
    """
    office = policy.jurisdiction.office
    here = escalation.recipient
    if here.level == "above" or receipt.to_unit is None:
        return Onward(office)
    if here.unit.code == office:
        return Onward(receipt.to_unit, decided=True)
    if escalation.hop >= policy.routes.max_returns:
        return Onward(office)
    return Onward(receipt.to_unit)
