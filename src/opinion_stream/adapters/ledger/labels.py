"""Chinese names of the codes in the ledger: of the code's own words, and of what the policy names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

import sqlalchemy as sa

from opinion_stream.adapters.ledger import schema as s
from opinion_stream.adapters.ledger.rows import Row, meets
from opinion_stream.domain.places import Places
from opinion_stream.domain.roles import role_names
from opinion_stream.models.base import Grade, Nature
from opinion_stream.models.brief import BriefStatus
from opinion_stream.models.control import DeadLetterState
from opinion_stream.models.escalation import EscalationKind, EscalationStatus, ReceiptKind
from opinion_stream.models.incident import Direction, IncidentAction, IncidentStatus
from opinion_stream.models.sharing import OutcomeKind, ReplyStatus
from opinion_stream.models.task import ClockState, CommandKind, TaskState
from opinion_stream.models.warning import WarningKind, WarningStatus
from opinion_stream.policy import Policy
from opinion_stream.topics import TOPICS, Stage


class _Labelled(Protocol):
    @property
    def value(self) -> str: ...
    @property
    def label(self) -> str: ...


_LABELLED: dict[str, Iterable[_Labelled]] = {
    "grade": Grade,
    "nature": Nature,
    "incident_status": IncidentStatus,
    "incident_action": IncidentAction,
    "direction": Direction,
    "brief_status": BriefStatus,
    "warning_kind": WarningKind,
    "warning_status": WarningStatus,
    "escalation_kind": EscalationKind,
    "escalation_status": EscalationStatus,
    "task_state": TaskState,
    "task_action": CommandKind,
    "reply_status": ReplyStatus,
    "dead_letter_state": DeadLetterState,
    "stage": Stage,
}

_NAMED: dict[str, dict[str, str]] = {
    "clock_state": {
        ClockState.RUNNING: "计时中",
        ClockState.PAUSED: "暂停计时",
        ClockState.MET: "按时完成",
        ClockState.MISSED: "已超时",
        ClockState.WAIVED: "不再要求",
    },
    "clock_change": {
        "extended": "延期",
        "paused": "暂停",
        "resumed": "恢复",
        "waived": "免除",
        "restarted": "重新起算",
        "ordered": "批示设定",
    },
    "receipt_kind": {
        ReceiptKind.ACKNOWLEDGED: "签收",
        ReceiptKind.INSTRUCTION: "批示",
        ReceiptKind.RETURNED: "退回",
    },
    "outcome_kind": {OutcomeKind.CLOSED: "办结", OutcomeKind.REOPENED: "重新办理"},
    "category_source": {"lexicon": "词典", "model": "模型", "both": "词典与模型一致", "unsure": "拿不准，待人工"},
    "task_action": {
        "open": "立项交办",
        "raise": "升级",
        "order": "批示、交办要求",
        "reassign": "改派",
        "auto_resume": "自动恢复计时",
        "auto_archive": "自动归档",
    },
}


_LEVELS = {"reminder": "提醒", "missed": "督办", "second": "再次督办"}


def labels(policy: Policy) -> Iterator[Row]:
    """Every code's Chinese name as a row of `labels`."""
    rows: dict[tuple[str, str], Row] = {}
    for kind, names in _names(policy):
        for sort, (code, name) in enumerate(names.items(), 1):
            rows.setdefault((kind, code), {"kind": kind, "code": code, "name": name, "sort": sort})
    yield from rows.values()


def _names(policy: Policy) -> Iterator[tuple[str, Mapping[str, str]]]:
    for kind, members in _LABELLED.items():
        yield kind, {member.value: member.label for member in members}
    yield from _NAMED.items()
    yield "region", {region.code: region.name for region in policy.regions.regions}
    places = Places(policy)
    # For each region the one it is counted under in the metrics: what a choice of that one takes in.
    yield "region_area", {region.code: places.shard(region.code) for region in policy.regions.regions}
    yield "unit", {unit.code: unit.name for unit in policy.units.units}
    yield "media_tier", {code: tier.name for code, tier in policy.media.tiers.items()} | {"unknown": "未列入"}
    yield "role", role_names(policy)
    yield "publication", {code: way.name for code, way in policy.response.publications.items()}
    yield "legal_ground", {code: ground.text for code, ground in policy.response.legal_grounds.items()}
    yield "clock", {code: clock.name for code, clock in policy.deadlines.clocks.items()}
    yield "topic", {topic.name: topic.label for topic in TOPICS}
    yield "notice_level", {level.id: level.id for level in policy.deadlines.notices} | _LEVELS
    # Not names but what the figures need of the policy: see v_unit_figures.
    further = [code for code, ground in policy.response.reopen_grounds.items() if not ground.restarts]
    yield "reopen_further", {code: policy.response.reopen_grounds[code].name for code in further}
    yield "report_hours", {f"{policy.supervision.effects.report_hours:g}": "回应效果所取的小时数"}
    yield "category", {c.name: c.name for c in policy.categories.categories}


def clock_kinds(policy: Policy) -> Iterator[Row]:
    """Every deadline of the policy: whether it is one of accepting, one of answering, both or neither."""
    for code, clock in policy.deadlines.clocks.items():
        accept, answer = meets(clock.met_by)
        yield {"kind": code, "name": clock.name, "accept": accept, "answer": answer}


def write_labels(engine: sa.Engine, policy: Policy) -> None:
    """Put the names of this policy in place of those that stand there."""
    with engine.begin() as db:
        for table, rows in ((s.LABELS, [*labels(policy)]), (s.CLOCK_KINDS, [*clock_kinds(policy)])):
            db.execute(sa.delete(table))
            db.execute(sa.insert(table), rows)
