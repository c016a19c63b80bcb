"""The first ledger: tables of the road, the audit with its guard, and the ledger's own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from opinion_stream.adapters.ledger.types import Instant

revision = "0001"
down_revision = None

_REFUSALS = {
    "sqlite": (
        "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit "
        "BEGIN SELECT RAISE(ABORT, 'audit is append-only: UPDATE refused'); END",
        "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit "
        "BEGIN SELECT RAISE(ABORT, 'audit is append-only: DELETE refused'); END",
        # INSERT OR REPLACE would delete without asking the trigger above.
        "CREATE TRIGGER audit_in_order BEFORE INSERT ON audit "
        "WHEN new.seq <> 1 + coalesce((SELECT max(seq) FROM audit WHERE subject = new.subject), 0) "
        "BEGIN SELECT RAISE(ABORT, 'audit is append-only: a row goes to the end of its chain'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'audit is append-only: % refused', tg_op; END $$",
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
        "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
    ),
}


def upgrade() -> None:
    """Make the tables and the guard."""
    op.create_table(
        "assessments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("published_at", Instant(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("category2", sa.Text(), nullable=True),
        sa.Column("category3", sa.Text(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("category_source", sa.Text(), nullable=False),
        sa.Column("category_guess", sa.Text(), nullable=True),
        sa.Column("region_code", sa.Text(), nullable=False),
        sa.Column("region_name", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("unit_name", sa.Text(), nullable=False),
        sa.Column("co_units", sa.Text(), nullable=False),
        sa.Column("nature", sa.Text(), nullable=False),
        sa.Column("sensitivity", sa.Double(), nullable=False),
        sa.Column("floor", sa.Text(), nullable=True),
        sa.Column("response_required", sa.Boolean(), nullable=False),
        sa.Column("response_score", sa.Double(), nullable=False),
        sa.Column("response_rule", sa.Text(), nullable=False),
        sa.Column("priority_rule", sa.Text(), nullable=True),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_assessments"),
        comment="研判：每条提及一行，编号同提及；version 为写入时刻（毫秒）",
    )
    op.create_index(
        "ix_assessments_category_region_code_published_at",
        "assessments",
        ["category", "region_code", "published_at"],
        unique=False,
    )
    op.create_index("ix_assessments_published_at", "assessments", ["published_at"], unique=False)
    op.create_table(
        "audit",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("prev", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "seq", name="pk_audit"),
        comment="审计：只增不改；每个对象一条哈希链",
    )
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)
    op.create_index("ix_audit_kind", "audit", ["kind"], unique=False)
    op.create_table(
        "briefs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("incident_version", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("grade_rank", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("region_code", sa.Text(), nullable=False),
        sa.Column("region_name", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("unit_name", sa.Text(), nullable=False),
        sa.Column("first_at", Instant(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.Column("nature_text", sa.Text(), nullable=False),
        sa.Column("trend_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_briefs"),
        comment="研判专报：最新版本的要点",
    )
    op.create_index("ix_briefs_incident_id", "briefs", ["incident_id"], unique=False)
    op.create_table(
        "clock_kinds",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("accept", sa.Boolean(), nullable=False),
        sa.Column("answer", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_clock_kinds"),
        comment="deadlines.yaml 的时限：算受理、算答复，或都不算",
    )
    op.create_table(
        "dead_letter_changes",
        sa.Column("letter_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("letter_id", "version", name="pk_dead_letter_changes"),
        comment="死信的处置：重放、成功、搁置、作废",
    )
    op.create_table(
        "dead_letter_places",
        sa.Column("letter_id", sa.Text(), nullable=False),
        sa.Column("from_topic", sa.Text(), nullable=False),
        sa.Column("from_partition", sa.BigInteger(), nullable=False),
        sa.Column("from_offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "letter_id", "from_topic", "from_partition", "from_offset", name="pk_dead_letter_places"
        ),
        comment="同一份原文失败过的各处位置",
    )
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("from_topic", sa.Text(), nullable=False),
        sa.Column("from_partition", sa.BigInteger(), nullable=False),
        sa.Column("from_offset", sa.BigInteger(), nullable=False),
        sa.Column("first_at", Instant(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("has_original", sa.Boolean(), nullable=False),
        sa.Column("occurrences", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dead_letters"),
        comment="死信：现状（不含封存的原文）",
    )
    op.create_index("ix_dead_letters_at", "dead_letters", ["at"], unique=False)
    op.create_index("ix_dead_letters_state_stage", "dead_letters", ["state", "stage"], unique=False)
    op.create_table(
        "effects",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("response_id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("unit_name", sa.Text(), nullable=False),
        sa.Column("hours", sa.Double(), nullable=False),
        sa.Column("published_at", Instant(), nullable=False),
        sa.Column("measured_at", Instant(), nullable=False),
        sa.Column("before", sa.BigInteger(), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("critical_before", sa.Double(), nullable=True),
        sa.Column("critical_after", sa.Double(), nullable=True),
        sa.Column("enough", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_effects"),
        comment="回应效果：发布前后同样时长的声量和诉求占比",
    )
    op.create_index("ix_effects_published_at", "effects", ["published_at"], unique=False)
    op.create_table(
        "escalation_statuses",
        sa.Column("escalation_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_at", Instant(), nullable=False),
        sa.Column("exhausted", sa.Boolean(), nullable=False),
        sa.Column("stopped", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("escalation_id", "version", name="pk_escalation_statuses"),
        comment="报送的每次状态变化",
    )
    op.create_table(
        "escalations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("incident_version", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("grade_rank", sa.BigInteger(), nullable=False),
        sa.Column("region_code", sa.Text(), nullable=False),
        sa.Column("region_name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("nature", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("response_required", sa.Boolean(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("unit_name", sa.Text(), nullable=False),
        sa.Column("to_unit_code", sa.Text(), nullable=False),
        sa.Column("to_unit_name", sa.Text(), nullable=False),
        sa.Column("to_role", sa.Text(), nullable=False),
        sa.Column("to_level", sa.Text(), nullable=False),
        sa.Column("to_post", sa.Text(), nullable=False),
        sa.Column("to_seat", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("chain_step", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", Instant(), nullable=False),
        sa.Column("receipt_due_at", Instant(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_at", Instant(), nullable=False),
        sa.Column("reminder", sa.BigInteger(), nullable=False),
        sa.Column("exhausted", sa.Boolean(), nullable=False),
        sa.Column("stopped", sa.Text(), nullable=False),
        sa.Column("hop", sa.BigInteger(), nullable=False),
        sa.Column("returned_by", sa.Text(), nullable=True),
        sa.Column("decided", sa.Boolean(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("instruction", sa.Text(), nullable=True),
        sa.Column("instruction_by", sa.Text(), nullable=True),
        sa.Column("instruction_due_at", Instant(), nullable=True),
        sa.Column("referral_id", sa.Text(), nullable=True),
        sa.Column("referral_from", sa.Text(), nullable=True),
        sa.Column("referral_due_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_escalations"),
        comment="报送：最新版本",
    )
    op.create_index("ix_escalations_incident_id", "escalations", ["incident_id"], unique=False)
    op.create_index("ix_escalations_issued_at", "escalations", ["issued_at"], unique=False)
    op.create_index("ix_escalations_status_receipt_due_at", "escalations", ["status", "receipt_due_at"], unique=False)
    op.create_table(
        "incident_events",
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("of_incident", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("by_role", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", "n", name="pk_incident_events"),
        comment="事件的关闭、重开、合并、拆分、人工定级",
    )
    op.create_index("ix_incident_events_at", "incident_events", ["at"], unique=False)
    op.create_table(
        "incident_grades",
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("of_incident", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("grade_rank", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("by_role", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", "n", name="pk_incident_grades"),
        comment="定级变动及理由；of_incident 为原属事件（并入的事件带来的变动）",
    )
    op.create_index("ix_incident_grades_at", "incident_grades", ["at"], unique=False)
    op.create_table(
        "incident_mentions",
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("mention_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", "n", name="pk_incident_mentions"),
        comment="事件保留的提及：首条和最近若干条",
    )
    op.create_index("ix_incident_mentions_mention_id", "incident_mentions", ["mention_id"], unique=False)
    op.create_table(
        "incidents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("region_code", sa.Text(), nullable=False),
        sa.Column("region_name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("keywords", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("nature", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("unit_name", sa.Text(), nullable=False),
        sa.Column("co_units", sa.Text(), nullable=False),
        sa.Column("response_required", sa.Boolean(), nullable=False),
        sa.Column("priority_rule", sa.Text(), nullable=True),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("grade_rank", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("content_score", sa.Double(), nullable=False),
        sa.Column("reaction_score", sa.Double(), nullable=False),
        sa.Column("media_score", sa.Double(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("recent", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.BigInteger(), nullable=False),
        sa.Column("window_hours", sa.Double(), nullable=False),
        sa.Column("doubling_hours", sa.Double(), nullable=True),
        sa.Column("expected_6h", sa.Double(), nullable=True),
        sa.Column("expected_24h", sa.Double(), nullable=True),
        sa.Column("mentions", sa.BigInteger(), nullable=False),
        sa.Column("copies", sa.BigInteger(), nullable=False),
        sa.Column("voices", sa.BigInteger(), nullable=False),
        sa.Column("interactions", sa.BigInteger(), nullable=False),
        sa.Column("reads", sa.BigInteger(), nullable=False),
        sa.Column("media", sa.BigInteger(), nullable=False),
        sa.Column("natures", sa.Text(), nullable=False),
        sa.Column("first_at", Instant(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.Column("rule_grade", sa.Text(), nullable=True),
        sa.Column("override_grade", sa.Text(), nullable=True),
        sa.Column("override_by", sa.Text(), nullable=True),
        sa.Column("override_reason", sa.Text(), nullable=True),
        sa.Column("override_until", Instant(), nullable=True),
        sa.Column("merged_into", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
        comment="舆情事件：最新版本",
    )
    op.create_index("ix_incidents_category_region_code", "incidents", ["category", "region_code"], unique=False)
    op.create_index("ix_incidents_last_at", "incidents", ["last_at"], unique=False)
    op.create_index("ix_incidents_status_grade_rank", "incidents", ["status", "grade_rank"], unique=False)
    op.create_table(
        "labels",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sort", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "code", name="pk_labels"),
        comment="代码的中文名称：等级、状态、性质、单位、地区等",
    )
    op.create_table(
        "ledger_clock",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("now", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_clock"),
        comment="模拟时钟（OPINION_CLOCK=topic）；没有这一行时用数据库的时间，见 v_now",
    )
    op.create_table(
        "ledger_offsets",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.BigInteger(), nullable=False),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", name="pk_ledger_offsets"),
        comment="每个主题分区下一条要读的位置，与内容同一事务写入",
    )
    op.create_table(
        "mentions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("published_at", Instant(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("media_name", sa.Text(), nullable=True),
        sa.Column("media_kind", sa.Text(), nullable=False),
        sa.Column("media_tier", sa.Text(), nullable=False),
        sa.Column("region_hint", sa.Text(), nullable=True),
        sa.Column("lang", sa.Text(), nullable=True),
        sa.Column("likes", sa.BigInteger(), nullable=False),
        sa.Column("dislikes", sa.BigInteger(), nullable=False),
        sa.Column("reposts", sa.BigInteger(), nullable=False),
        sa.Column("comments", sa.BigInteger(), nullable=False),
        sa.Column("reads", sa.BigInteger(), nullable=False),
        sa.Column("duplicate_of", sa.Text(), nullable=True),
        sa.Column("masked", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mentions"),
        comment="提及（已脱敏；不含作者，也不含化名）",
    )
    op.create_index("ix_mentions_published_at", "mentions", ["published_at"], unique=False)
    op.create_table(
        "receipts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("escalation_id", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("to_unit", sa.Text(), nullable=True),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("open_task", sa.Boolean(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=True),
        sa.Column("note_length", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_receipts"),
        comment="签收、批示、退回（外部写入、未经脱敏，故不存原文；批示内容见 escalations.instruction）",
    )
    op.create_index("ix_receipts_at", "receipts", ["at"], unique=False)
    op.create_index("ix_receipts_escalation_id", "receipts", ["escalation_id"], unique=False)
    op.create_table(
        "referral_replies",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("referral_id", sa.Text(), nullable=False),
        sa.Column("from_body", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("unit_name", sa.Text(), nullable=False),
        sa.Column("in_time", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("publication", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("legal_ground", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_referral_replies"),
        comment="交办反馈",
    )
    op.create_index("ix_referral_replies_at", "referral_replies", ["at"], unique=False)
    op.create_index("ix_referral_replies_incident_id", "referral_replies", ["incident_id"], unique=False)
    op.create_table(
        "responses",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("unit_name", sa.Text(), nullable=False),
        sa.Column("nature", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("publication", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("published_at", Instant(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_responses"),
        comment="公开回应",
    )
    op.create_index("ix_responses_incident_id", "responses", ["incident_id"], unique=False)
    op.create_index("ix_responses_published_at", "responses", ["published_at"], unique=False)
    op.create_table(
        "supervision_notices",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("unit_name", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("grade_rank", sa.BigInteger(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("to_role", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_supervision_notices"),
        comment="提醒与督办",
    )
    op.create_index("ix_supervision_notices_at", "supervision_notices", ["at"], unique=False)
    op.create_index("ix_supervision_notices_task_id", "supervision_notices", ["task_id"], unique=False)
    op.create_table(
        "task_clock_changes",
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("life", sa.BigInteger(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("due_before", Instant(), nullable=False),
        sa.Column("due_after", Instant(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("approver", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "life", "clock", "n", name="pk_task_clock_changes"),
        comment="时限的延长、暂停、恢复、免除、重新起算",
    )
    op.create_table(
        "task_clocks",
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("life", sa.BigInteger(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("start_event", sa.Text(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("met_at", Instant(), nullable=True),
        sa.Column("paused_at", Instant(), nullable=True),
        sa.Column("fired", sa.Text(), nullable=False),
        sa.Column("own_accept", sa.Boolean(), nullable=True),
        sa.Column("own_answer", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("task_id", "life", "clock", name="pk_task_clocks"),
        comment="时限；own_* 仅批示、交办所定的时限有值，其余看 clock_kinds",
    )
    op.create_index("ix_task_clocks_state_due_at", "task_clocks", ["state", "due_at"], unique=False)
    op.create_table(
        "task_events",
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("life", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("approver", sa.Text(), nullable=True),
        sa.Column("ground", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("task_id", "life", "n", name="pk_task_events"),
        comment="任务的每次流转",
    )
    op.create_index("ix_task_events_at", "task_events", ["at"], unique=False)
    op.create_table(
        "task_outcomes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("unit_name", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("legal_ground", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_task_outcomes"),
        comment="办结情况",
    )
    op.create_index("ix_task_outcomes_at", "task_outcomes", ["at"], unique=False)
    op.create_table(
        "tasks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("life", sa.BigInteger(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("region_code", sa.Text(), nullable=False),
        sa.Column("region_name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("nature", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("grade_rank", sa.BigInteger(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("unit_name", sa.Text(), nullable=False),
        sa.Column("co_units", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("hops", sa.BigInteger(), nullable=False),
        sa.Column("responses", sa.BigInteger(), nullable=False),
        sa.Column("closed_ground", sa.Text(), nullable=True),
        sa.Column("eased_from", sa.Text(), nullable=True),
        sa.Column("pauses", sa.BigInteger(), nullable=False),
        sa.Column("paused_until", Instant(), nullable=True),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_tasks"),
        comment="回应任务：最新版本；life 为归档后重新交办的次序（时限的起始轮次）",
    )
    op.create_index("ix_tasks_incident_id", "tasks", ["incident_id"], unique=False)
    op.create_index("ix_tasks_state_grade_rank", "tasks", ["state", "grade_rank"], unique=False)
    op.create_index("ix_tasks_unit_code_opened_at", "tasks", ["unit_code", "opened_at"], unique=False)
    op.create_table(
        "unreadable",
        sa.Column("from_topic", sa.Text(), nullable=False),
        sa.Column("from_partition", sa.BigInteger(), nullable=False),
        sa.Column("from_offset", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("from_topic", "from_partition", "from_offset", name="pk_unreadable"),
        comment="读不懂的记录：只记位置和原因",
    )
    op.create_table(
        "warnings",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("region_code", sa.Text(), nullable=False),
        sa.Column("region_name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("window_hours", sa.Double(), nullable=False),
        sa.Column("observed", sa.BigInteger(), nullable=False),
        sa.Column("usual", sa.Double(), nullable=True),
        sa.Column("factor", sa.Double(), nullable=True),
        sa.Column("p_value", sa.Double(), nullable=True),
        sa.Column("grade", sa.Text(), nullable=True),
        sa.Column("incident_id", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_warnings"),
        comment="预警：最新版本；incident_id 为其中提及最多的事件",
    )
    op.create_index("ix_warnings_status_at", "warnings", ["status", "at"], unique=False)
    # ### end Alembic commands ###
    for statement in _REFUSALS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """There is nothing before the first: drop the schema or the file instead."""
    raise NotImplementedError("drop the ledger's schema or file instead, and build it anew with `ledger rebuild`")
