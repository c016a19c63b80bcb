"""The one registry of topics: what each is named, keyed by, holds, and how the broker keeps it.

Provisioning, `topics list`, access rights and documentation are all derived from this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from opinion_stream.models.assessment import AssessedMention
from opinion_stream.models.base import WireModel
from opinion_stream.models.brief import Brief
from opinion_stream.models.command import IncidentCommand
from opinion_stream.models.control import ClockTick, DeadLetter
from opinion_stream.models.effect import ResponseEffect
from opinion_stream.models.escalation import Escalation, Receipt
from opinion_stream.models.incident import Incident
from opinion_stream.models.mention import Mention, RawMention
from opinion_stream.models.sharing import Referral, ReferralReply, TaskOutcome
from opinion_stream.models.source import SourceHealth
from opinion_stream.models.task import PublicResponse, ResponseTask, SupervisionNotice, TaskCommand
from opinion_stream.models.warning import EarlyWarning

DAY_MS = 24 * 3600 * 1000
MIB = 1024 * 1024


class Stage(StrEnum):
    """The stages of the road, in order; each is a worker of its own."""

    COLLECTION = "collection"
    ASSESSMENT = "assessment"
    INCIDENTS = "incidents"
    REPORTING = "reporting"
    RESPONSE = "response"

    @property
    def label(self) -> str:
        """The Chinese name."""
        return {
            "collection": "监测收集",
            "assessment": "分析研判",
            "incidents": "事件归并",
            "reporting": "归口报送",
            "response": "回应督办",
        }[self.value]


@dataclass(frozen=True)
class Topic:
    """One topic.

    `name` is given without the prefix (`opinion.`). `writers` and `readers` are stages; an empty tuple
    means that outside bodies or operators write or read it. `retention_days` None keeps records for ever
    (compacted topics keep the latest record of each key).
    """

    name: str
    label: str
    model: type[WireModel] | type[RawMention]
    key: str
    writers: tuple[Stage, ...]
    readers: tuple[Stage, ...]
    compacted: bool = False
    retention_days: int | None = 30
    partitioned: bool = True
    """False: always one partition. True: the installation's number of partitions."""
    max_message_bytes: int = MIB
    broker_time: bool = True
    """The broker stamps each record on arrival, whatever time the clock of its writer claims."""
    desks_write: bool = False
    """Persons at their desks write it as well as the stages that `writers` names; nobody outside reads it."""

    def config(self) -> dict[str, str]:
        """The broker's settings of this topic."""
        retention = -1 if self.retention_days is None else self.retention_days * DAY_MS
        return {
            "cleanup.policy": "compact" if self.compacted else "delete",
            "retention.ms": str(retention),
            "max.message.bytes": str(self.max_message_bytes),
            "message.timestamp.type": "LogAppendTime" if self.broker_time else "CreateTime",
        }


INBOUND = Topic(
    "mentions.inbound",
    "原始提及",
    RawMention,
    "content key (hash of the text), so that repeats meet in one partition",
    (),
    (Stage.COLLECTION,),
    retention_days=7,
    max_message_bytes=12 * MIB,
)
COLLECTED = Topic(
    "mentions.collected", "提及", Mention, "mention id", (Stage.COLLECTION,), (Stage.ASSESSMENT,), retention_days=30
)
ASSESSED = Topic(
    "mentions.assessed",
    "已研判提及",
    AssessedMention,
    "region code at `shard_level` of incidents.yaml",
    (Stage.ASSESSMENT,),
    (Stage.INCIDENTS,),
    retention_days=90,
)
INCIDENTS = Topic(
    "incidents",
    "舆情事件",
    Incident,
    "incident id",
    (Stage.INCIDENTS,),
    (Stage.REPORTING, Stage.RESPONSE),
    compacted=True,
    retention_days=None,
)
INCIDENT_COMMANDS = Topic(
    "incident-commands",
    "事件操作",
    IncidentCommand,
    "region code at `shard_level` of incidents.yaml",
    (Stage.REPORTING,),
    (Stage.INCIDENTS,),
    retention_days=365,
    desks_write=True,
)
BRIEFS = Topic(
    "briefs",
    "研判专报",
    Brief,
    "incident id",
    (Stage.INCIDENTS,),
    (),
    compacted=True,
    retention_days=None,
)
WARNINGS = Topic("warnings", "预警", EarlyWarning, "region code", (Stage.INCIDENTS,), (), retention_days=365)
ESCALATIONS = Topic(
    "escalations", "报送", Escalation, "incident id", (Stage.REPORTING,), (Stage.RESPONSE,), retention_days=365
)
RECEIPTS = Topic("escalations.receipts", "签收批示", Receipt, "incident id", (), (Stage.REPORTING,), retention_days=365)
REFERRALS = Topic(
    "referrals",
    "交办转办",
    Referral,
    "id of the matter: the incident it names, or one derived from body and referral id",
    (),
    (Stage.REPORTING,),
    retention_days=7,
)
"""As `mentions.inbound`, what outside bodies write as they wrote it: kept no longer than processing may take."""
REFERRAL_REPLIES = Topic(
    "referral-replies", "交办反馈", ReferralReply, "referral id", (Stage.REPORTING,), (), retention_days=365
)
TASK_COMMANDS = Topic(
    "task-commands", "任务操作", TaskCommand, "incident id of the task", (), (Stage.RESPONSE,), retention_days=365
)
TASKS = Topic(
    "tasks",
    "回应任务",
    ResponseTask,
    "task id",
    (Stage.RESPONSE,),
    (),
    compacted=True,
    retention_days=None,
)
RESPONSES = Topic(
    "responses",
    "公开回应",
    PublicResponse,
    "incident id",
    (Stage.RESPONSE,),
    (Stage.REPORTING,),
    retention_days=None,
)
TASK_OUTCOMES = Topic(
    "task-outcomes",
    "办结情况",
    TaskOutcome,
    "incident id",
    (Stage.RESPONSE,),
    (Stage.REPORTING,),
    retention_days=365,
)
EFFECTS = Topic("effects", "回应效果", ResponseEffect, "incident id", (Stage.RESPONSE,), (), retention_days=None)
SUPERVISION = Topic("supervision", "督办", SupervisionNotice, "incident id", (Stage.RESPONSE,), (), retention_days=365)
DEAD_LETTERS = Topic(
    "dead-letters",
    "死信",
    DeadLetter,
    "dead letter id",
    tuple(Stage),
    (),
    retention_days=30,
    max_message_bytes=18 * MIB,
)
SOURCE_HEALTH = Topic(
    "source-health",
    "来源健康",
    SourceHealth,
    "source name",
    (),
    (),
    compacted=True,
    retention_days=None,
)
"""Written by the connectors when the state of a source changes."""
CLOCK = Topic(
    "clock",
    "模拟时钟",
    ClockTick,
    "none; one tick per partition",
    (),
    (Stage.REPORTING, Stage.RESPONSE),
    retention_days=1,
)

TOPICS: tuple[Topic, ...] = (
    INBOUND,
    COLLECTED,
    ASSESSED,
    INCIDENTS,
    INCIDENT_COMMANDS,
    BRIEFS,
    WARNINGS,
    ESCALATIONS,
    RECEIPTS,
    REFERRALS,
    REFERRAL_REPLIES,
    TASK_COMMANDS,
    TASKS,
    TASK_OUTCOMES,
    RESPONSES,
    EFFECTS,
    SUPERVISION,
    DEAD_LETTERS,
    SOURCE_HEALTH,
    CLOCK,
)

BY_NAME: dict[str, Topic] = {topic.name: topic for topic in TOPICS}

STATEFUL: tuple[Stage, ...] = (Stage.COLLECTION, Stage.INCIDENTS, Stage.REPORTING, Stage.RESPONSE)
"""Stages that remember something, and so have a changelog topic."""


def inputs_of(stage: Stage) -> tuple[Topic, ...]:
    """The topics a stage reads. All have the same number of partitions, so that keys meet."""
    return tuple(topic for topic in TOPICS if stage in topic.readers)


def full_name(prefix: str, topic: Topic) -> str:
    """The topic's name on the broker, e.g. `opinion.mentions.inbound`."""
    return f"{prefix}.{topic.name}"


def group_id(prefix: str, stage: Stage) -> str:
    """The consumer group of a stage; also the id of its Faust app."""
    return f"{prefix}-{stage.value}"


def changelog_name(prefix: str, stage: Stage) -> str:
    """The changelog topic of a stateful stage (named by Faust from app id and table name)."""
    return f"{group_id(prefix, stage)}-state-changelog"
