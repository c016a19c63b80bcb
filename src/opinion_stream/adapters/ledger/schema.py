"""The ledger's tables. A change here needs a migration beside it (a test holds the two against each other)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from opinion_stream.adapters.ledger.types import Instant

METADATA = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _text(name: str, *, null: bool = False, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, primary_key=key, nullable=null and not key)


def _number(name: str, *, null: bool = False, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, primary_key=key, nullable=null and not key, autoincrement=False)


def _real(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Double, nullable=null)


def _flag(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean, nullable=null)


def _at(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Instant, nullable=null)


def _table(name: str, *columns: sa.Column[Any] | sa.Index, comment: str) -> sa.Table:
    return sa.Table(name, METADATA, *columns, comment=comment)


def _unit() -> tuple[sa.Column[Any], sa.Column[Any]]:
    return _text("unit_code"), _text("unit_name")


def _region() -> tuple[sa.Column[Any], sa.Column[Any]]:
    return _text("region_code"), _text("region_name")


def _grade() -> tuple[sa.Column[Any], sa.Column[Any]]:
    """The grade, and 1 (most serious) to 4 to sort by."""
    return _text("grade"), _number("grade_rank")


MENTIONS = _table(
    "mentions",
    _text("id", key=True),
    _text("source"),
    _text("channel", null=True),
    _text("title"),
    _text("text"),
    _at("published_at"),
    _at("received_at"),
    _text("url", null=True),
    _text("media_name", null=True),
    _text("media_kind"),
    _text("media_tier"),
    _text("region_hint", null=True),
    _text("lang", null=True),
    *(_number(name) for name in ("likes", "dislikes", "reposts", "comments", "reads")),
    _text("duplicate_of", null=True),
    _text("masked"),
    sa.Index(None, "published_at"),
    comment="提及（已脱敏；不含作者，也不含化名）",
)
ASSESSMENTS = _table(
    "assessments",
    _text("id", key=True),
    _number("version"),
    _at("published_at"),
    _text("category"),
    _text("category2", null=True),
    _text("category3", null=True),
    _real("confidence"),
    _text("category_source"),
    _text("category_guess", null=True),
    *_region(),
    *_unit(),
    _text("co_units"),
    _text("nature"),
    _real("sensitivity"),
    _text("floor", null=True),
    _flag("response_required"),
    _real("response_score"),
    _text("response_rule"),
    _text("priority_rule", null=True),
    _text("reasons"),
    sa.Index(None, "published_at"),
    sa.Index(None, "category", "region_code", "published_at"),
    comment="研判：每条提及一行，编号同提及；version 为写入时刻（毫秒）",
)
INCIDENTS = _table(
    "incidents",
    _text("id", key=True),
    _number("version"),
    *_region(),
    _text("category"),
    _text("title"),
    _text("keywords"),
    _text("status"),
    _text("nature"),
    *_unit(),
    _text("co_units"),
    _flag("response_required"),
    _text("priority_rule", null=True),
    *_grade(),
    _real("score"),
    _real("content_score"),
    _real("reaction_score"),
    _real("media_score"),
    _text("reasons"),
    _text("direction"),
    _number("recent"),
    _number("before"),
    _real("window_hours"),
    _real("doubling_hours", null=True),
    _real("expected_6h", null=True),
    _real("expected_24h", null=True),
    *(_number(name) for name in ("mentions", "copies", "voices", "interactions", "reads", "media")),
    _text("natures"),
    _at("first_at"),
    _at("last_at"),
    _text("rule_grade", null=True),
    _text("override_grade", null=True),
    _text("override_by", null=True),
    _text("override_reason", null=True),
    _at("override_until", null=True),
    _text("merged_into", null=True),
    sa.Index(None, "status", "grade_rank"),
    sa.Index(None, "last_at"),
    sa.Index(None, "category", "region_code"),
    comment="舆情事件：最新版本",
)
INCIDENT_MENTIONS = _table(
    "incident_mentions",
    _text("incident_id", key=True),
    _number("n", key=True),
    _text("mention_id"),
    sa.Index(None, "mention_id"),
    comment="事件保留的提及：首条和最近若干条",
)
INCIDENT_GRADES = _table(
    "incident_grades",
    _text("incident_id", key=True),
    _number("n", key=True),
    _text("of_incident"),
    _at("at"),
    *_grade(),
    _real("score"),
    _text("by_role"),
    _text("reason"),
    sa.Index(None, "at"),
    comment="定级变动及理由；of_incident 为原属事件（并入的事件带来的变动）",
)
INCIDENT_EVENTS = _table(
    "incident_events",
    _text("incident_id", key=True),
    _number("n", key=True),
    _text("of_incident"),
    _at("at"),
    _text("action"),
    _text("by_role"),
    _text("reason"),
    _text("cause"),
    sa.Index(None, "at"),
    comment="事件的关闭、重开、合并、拆分、人工定级",
)
BRIEFS = _table(
    "briefs",
    _text("id", key=True),
    _number("version"),
    _text("incident_id"),
    _number("incident_version"),
    _text("status"),
    *_grade(),
    _text("title"),
    *_region(),
    *_unit(),
    _at("first_at"),
    _at("last_at"),
    _text("nature_text"),
    _text("trend_text"),
    sa.Index(None, "incident_id"),
    comment="研判专报：最新版本的要点",
)
WARNINGS = _table(
    "warnings",
    _text("id", key=True),
    _number("version"),
    _text("kind"),
    _text("status"),
    *_region(),
    _text("category"),
    _at("opened_at"),
    _at("at"),
    _real("window_hours"),
    _number("observed"),
    _real("usual", null=True),
    _real("factor", null=True),
    _real("p_value", null=True),
    _text("grade", null=True),
    _text("incident_id", null=True),
    _text("title"),
    _text("reason"),
    sa.Index(None, "status", "at"),
    comment="预警：最新版本；incident_id 为其中提及最多的事件",
)
ESCALATIONS = _table(
    "escalations",
    _text("id", key=True),
    _number("version"),
    _text("incident_id"),
    _number("incident_version"),
    _text("kind"),
    *_grade(),
    *_region(),
    _text("category"),
    _text("nature"),
    _text("title"),
    _flag("response_required"),
    *_unit(),
    _text("to_unit_code"),
    _text("to_unit_name"),
    _text("to_role"),
    _text("to_level"),
    _text("to_post"),
    _text("to_seat"),
    _text("channel"),
    _text("route"),
    _number("chain_step"),
    _at("issued_at"),
    _at("receipt_due_at"),
    _text("status"),
    _at("status_at"),
    _number("reminder"),
    _flag("exhausted"),
    _text("stopped"),
    _number("hop"),
    _text("returned_by", null=True),
    _flag("decided"),
    _text("because"),
    _text("instruction", null=True),
    _text("instruction_by", null=True),
    _at("instruction_due_at", null=True),
    _text("referral_id", null=True),
    _text("referral_from", null=True),
    _at("referral_due_at", null=True),
    sa.Index(None, "status", "receipt_due_at"),
    sa.Index(None, "incident_id"),
    sa.Index(None, "issued_at"),
    comment="报送：最新版本",
)
ESCALATION_STATUSES = _table(
    "escalation_statuses",
    _text("escalation_id", key=True),
    _number("version", key=True),
    _text("status"),
    _at("status_at"),
    _flag("exhausted"),
    _text("stopped"),
    comment="报送的每次状态变化",
)
RECEIPTS = _table(
    "receipts",
    _text("id", key=True),
    _text("escalation_id"),
    _text("incident_id"),
    _text("kind"),
    _text("role"),
    _at("at"),
    _text("to_unit", null=True),
    _at("due_at", null=True),
    _flag("open_task"),
    _text("grade", null=True),
    _number("note_length"),
    sa.Index(None, "escalation_id"),
    sa.Index(None, "at"),
    comment="签收、批示、退回（外部写入、未经脱敏，故不存原文；批示内容见 escalations.instruction）",
)
TASKS = _table(
    "tasks",
    _text("id", key=True),
    _number("version"),
    _number("life"),
    _text("incident_id"),
    _text("title"),
    *_region(),
    _text("category"),
    _text("nature"),
    *_grade(),
    *_unit(),
    _text("co_units"),
    _text("state"),
    _at("opened_at"),
    _at("updated_at"),
    _number("hops"),
    _number("responses"),
    _text("closed_ground", null=True),
    _text("eased_from", null=True),
    _number("pauses"),
    _at("paused_until", null=True),
    _at("closed_at", null=True),
    _at("archived_at", null=True),
    sa.Index(None, "state", "grade_rank"),
    sa.Index(None, "unit_code", "opened_at"),
    sa.Index(None, "incident_id"),
    comment="回应任务：最新版本；life 为归档后重新交办的次序（时限的起始轮次）",
)
TASK_EVENTS = _table(
    "task_events",
    _text("task_id", key=True),
    _number("life", key=True),
    _number("n", key=True),
    _at("at"),
    _text("action"),
    _text("from_state", null=True),
    _text("to_state"),
    _text("role"),
    _text("cause"),
    _text("note"),
    _text("unit"),
    _text("approver", null=True),
    _text("ground", null=True),
    sa.Index(None, "at"),
    comment="任务的每次流转",
)
TASK_CLOCKS = _table(
    "task_clocks",
    _text("task_id", key=True),
    _number("life", key=True),
    _text("clock", key=True),
    _text("kind"),
    _number("round"),
    _text("name"),
    _text("source"),
    _at("started_at"),
    _text("start_event"),
    _at("due_at"),
    _text("state"),
    _at("met_at", null=True),
    _at("paused_at", null=True),
    _text("fired"),
    _flag("own_accept", null=True),
    _flag("own_answer", null=True),
    sa.Index(None, "state", "due_at"),
    comment="时限；own_* 仅批示、交办所定的时限有值，其余看 clock_kinds",
)
TASK_CLOCK_CHANGES = _table(
    "task_clock_changes",
    _text("task_id", key=True),
    _number("life", key=True),
    _text("clock", key=True),
    _number("n", key=True),
    _at("at"),
    _text("change"),
    _at("due_before"),
    _at("due_after"),
    _text("role"),
    _text("approver", null=True),
    _text("cause"),
    _text("note"),
    comment="时限的延长、暂停、恢复、免除、重新起算",
)
RESPONSES = _table(
    "responses",
    _text("id", key=True),
    _text("task_id"),
    _text("incident_id"),
    *_unit(),
    _text("nature"),
    _text("title"),
    _text("text"),
    _text("publication"),
    _text("url", null=True),
    _at("published_at"),
    _text("grade", null=True),
    sa.Index(None, "published_at"),
    sa.Index(None, "incident_id"),
    comment="公开回应",
)
SUPERVISION_NOTICES = _table(
    "supervision_notices",
    _text("id", key=True),
    _text("task_id"),
    _text("incident_id"),
    *_unit(),
    *_grade(),
    _text("clock"),
    _text("level"),
    _number("round"),
    _at("due_at"),
    _at("at"),
    _text("to_role"),
    _text("text"),
    sa.Index(None, "at"),
    sa.Index(None, "task_id"),
    comment="提醒与督办",
)
EFFECTS = _table(
    "effects",
    _text("id", key=True),
    _text("response_id"),
    _text("task_id"),
    _text("incident_id"),
    *_unit(),
    _real("hours"),
    _at("published_at"),
    _at("measured_at"),
    _number("before"),
    _number("after"),
    _real("critical_before", null=True),
    _real("critical_after", null=True),
    _flag("enough"),
    _text("text"),
    sa.Index(None, "published_at"),
    comment="回应效果：发布前后同样时长的声量和诉求占比",
)
REFERRAL_REPLIES = _table(
    "referral_replies",
    _text("id", key=True),
    _text("referral_id"),
    _text("from_body"),
    _text("incident_id"),
    _text("status"),
    _at("at"),
    *_unit(),
    _flag("in_time"),
    _text("text"),
    _text("publication", null=True),
    _text("url", null=True),
    _text("legal_ground", null=True),
    sa.Index(None, "incident_id"),
    sa.Index(None, "at"),
    comment="交办反馈",
)
TASK_OUTCOMES = _table(
    "task_outcomes",
    _text("id", key=True),
    _text("task_id"),
    _text("incident_id"),
    _text("kind"),
    *_unit(),
    _at("at"),
    _text("text"),
    _text("legal_ground", null=True),
    sa.Index(None, "at"),
    comment="办结情况",
)
DEAD_LETTERS = _table(
    "dead_letters",
    _text("id", key=True),
    _number("version"),
    _text("state"),
    _text("stage"),
    _text("kind"),
    _text("reason"),
    _text("from_topic"),
    _number("from_partition"),
    _number("from_offset"),
    _at("first_at"),
    _at("at"),
    _at("changed_at", null=True),
    _number("size"),
    _number("attempts"),
    _text("role"),
    _text("note"),
    _flag("has_original"),
    _number("occurrences"),
    sa.Index(None, "state", "stage"),
    sa.Index(None, "at"),
    comment="死信：现状（不含封存的原文）",
)
DEAD_LETTER_CHANGES = _table(
    "dead_letter_changes",
    _text("letter_id", key=True),
    _number("version", key=True),
    _text("state"),
    _at("at"),
    _text("role"),
    _text("note"),
    _number("attempts"),
    comment="死信的处置：重放、成功、搁置、作废",
)
DEAD_LETTER_PLACES = _table(
    "dead_letter_places",
    _text("letter_id", key=True),
    _text("from_topic", key=True),
    _number("from_partition", key=True),
    _number("from_offset", key=True),
    comment="同一份原文失败过的各处位置",
)
AUDIT = _table(
    "audit",
    _text("subject", key=True),
    _number("seq", key=True),
    _at("at"),
    _text("kind"),
    _text("payload"),
    _text("prev"),
    _text("hash"),
    sa.Index(None, "at"),
    sa.Index(None, "kind"),
    comment="审计：只增不改；每个对象一条哈希链",
)
UNREADABLE = _table(
    "unreadable",
    _text("from_topic", key=True),
    _number("from_partition", key=True),
    _number("from_offset", key=True),
    _at("at"),
    _text("fault"),
    comment="读不懂的记录：只记位置和原因",
)
OFFSETS = _table(
    "ledger_offsets",
    _text("topic", key=True),
    _number("partition", key=True),
    _number("next_offset"),
    comment="每个主题分区下一条要读的位置，与内容同一事务写入",
)
CLOCK = _table(
    "ledger_clock",
    _number("id", key=True),
    _at("now"),
    comment="模拟时钟（OPINION_CLOCK=topic）；没有这一行时用数据库的时间，见 v_now",
)
LABELS = _table(
    "labels",
    _text("kind", key=True),
    _text("code", key=True),
    _text("name"),
    _number("sort"),
    comment="代码的中文名称：等级、状态、性质、单位、地区等",
)
CLOCK_KINDS = _table(
    "clock_kinds",
    _text("kind", key=True),
    _text("name"),
    _flag("accept"),
    _flag("answer"),
    comment="deadlines.yaml 的时限：算受理、算答复，或都不算",
)

OWN = frozenset({OFFSETS.name, CLOCK.name, LABELS.name, CLOCK_KINDS.name, UNREADABLE.name})
"""What is the ledger's own, or the policy's: not exported, since it does not come from the topics' content."""

CONTENT = tuple(table for name, table in sorted(METADATA.tables.items()) if name not in OWN)
"""The tables of content, by name; these are exported."""
