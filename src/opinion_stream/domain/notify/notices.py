"""What is worth telling: an escalation, a supervision notice, a source that fails, each for one channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from opinion_stream.models.base import Grade
from opinion_stream.models.escalation import Escalation, EscalationStatus
from opinion_stream.models.source import SourceHealth, SourceState
from opinion_stream.models.task import SupervisionNotice
from opinion_stream.policy import Policy


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell. `text` names matters, units and roles, never persons: it comes from masked records."""

    id: str
    """Id of the record it is made from: the same record is told once."""
    channel: str
    grade: Grade | None
    """None: about no incident; it waits for the digest."""
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


def from_source_health(health: SourceHealth, policy: Policy) -> Notice | None:
    """The notice that a source has become a blind spot, or is one no longer; None for any other change, and where
    `notify.yaml` names no channel for it. Its id derives from source, state and time, not from the version."""
    channel = policy.notify.source_faults
    if channel is None or not (health.state.is_fault or health.previous.is_fault):
        return None
    at = f"{health.since:%Y%m%dT%H%M%S%z}"
    if health.state.is_fault:
        heading, since = "监测盲区", _local(health.since, policy)
        text = f"来源“{health.title}”{health.state.label}（{since}发现）：{health.reason}"
    else:
        heading = "来源恢复" if health.state is SourceState.OK else "来源停用"
        before = health.previous_since
        was = f"，此前自{_local(before, policy)}起{health.previous.label}" if before else ""
        done = f"{_local(health.since, policy)}{'恢复正常' if health.state is SourceState.OK else '停用'}"
        text = f"来源“{health.title}”{done}{was}：{health.reason}"
    text += f"｜编号 {health.id}"
    return Notice(f"source:{health.id}:{health.state}:{at}", channel, None, heading, text)


def _local(at: datetime, policy: Policy) -> str:
    return f"{at.astimezone(ZoneInfo(policy.jurisdiction.timezone)):%m月%d日%H:%M}"
