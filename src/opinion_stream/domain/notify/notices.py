"""What is worth telling: a notice made from an escalation or a supervision notice, for one channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from opinion_stream.models.base import Grade
from opinion_stream.models.escalation import Escalation, EscalationStatus
from opinion_stream.models.task import SupervisionNotice
from opinion_stream.policy import Policy


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell. `text` names matters, units and roles, never persons: it comes from masked records."""

    id: str
    """Id of the record it is made from: the same record is told once."""
    channel: str
    grade: Grade
    heading: str
    text: str


def from_escalation(escalation: Escalation, policy: Policy) -> Notice | None:
    """The notice for who must give a receipt; None once it is receipted, returned or lapsed."""
    if escalation.status is not EscalationStatus.ISSUED:
        return None
    recipient = escalation.recipient
    role = policy.routes.roles.get(recipient.role)
    due = _local(escalation.receipt_due_at, policy)
    again = f"（前{escalation.chain_step}级逾时未签收）" if escalation.chain_step else ""
    text = (
        f"{escalation.kind.label}{again}｜{escalation.grade.label}｜{escalation.region.name}｜{escalation.title}"
        f"｜收件：{recipient.unit.name} {role.name if role else recipient.role}｜请于{due}前签收｜编号 {escalation.id}"
    )
    return Notice(escalation.id, recipient.channel, escalation.grade, f"报送{escalation.kind.label}", text)


def from_supervision(notice: SupervisionNotice, policy: Policy) -> Notice | None:
    """The notice for the role that a reminder or supervision order goes to; None if `routes.yaml` has no such role."""
    role = policy.routes.roles.get(notice.to_role)
    if role is None:
        return None
    text = f"{notice.text}｜收件：{notice.unit.name} {role.name}｜编号 {notice.id}"
    return Notice(notice.id, role.channel, notice.grade, "督办提醒", text)


def _local(at: datetime, policy: Policy) -> str:
    return f"{at.astimezone(ZoneInfo(policy.jurisdiction.timezone)):%m月%d日%H:%M}"
