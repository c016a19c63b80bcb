"""ResponseTask (回应任务), TaskCommand (操作), PublicResponse (公开回应), SupervisionNotice (督办)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from opinion_stream.models.base import Grade, Instant, Nature, RegionRef, UnitRef, WireModel


class TaskState(StrEnum):
    """Where a task stands."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    HANDLING = "handling"
    DRAFTED = "drafted"
    CONSULTING = "consulting"
    UNDER_REVIEW = "under_review"
    APPROVED = "approved"
    PUBLISHED = "published"
    CLOSED = "closed"

    @property
    def label(self) -> str:
        """The Chinese name."""
        return {
            "pending": "待受理",
            "accepted": "已受理",
            "handling": "办理中",
            "drafted": "已拟稿",
            "consulting": "会商中",
            "under_review": "审核中",
            "approved": "已批准",
            "published": "已发布",
            "closed": "已办结",
        }[self.value]


class CommandKind(StrEnum):
    """What a person can do to a task."""

    ACCEPT = "accept"
    RECORD = "record"
    TRANSFER = "transfer"
    DRAFT = "draft"
    CONSULT = "consult"
    CONFIRM = "confirm"
    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    PUBLISH = "publish"
    CLOSE = "close"
    REOPEN = "reopen"


class TaskCommand(WireModel):
    """What a person does to a task, named by role. `id` is the idempotency key: the same id acts once."""

    schema_version: int = 1
    id: str = Field(min_length=1, max_length=200)
    task_id: str = Field(min_length=1, max_length=200)
    kind: CommandKind
    role: str = Field(min_length=1, max_length=100)
    unit: str = Field(default="", max_length=100)
    """Code of the unit on whose behalf the role acts."""
    at: Instant
    text: str = Field(default="", max_length=20_000)
    """The draft, the record of what was done, or the reason, as the kind demands."""
    to_unit: str | None = Field(default=None, max_length=100)
    consult_units: tuple[str, ...] = ()
    publication: str | None = Field(default=None, max_length=100)
    """Key of `publications` in `config/response.yaml`: website | weibo | wechat | press_conference | …"""
    url: str | None = Field(default=None, max_length=2000)
    legal_ground: str | None = Field(default=None, max_length=100)
    """Key of `legal_grounds` in `config/response.yaml`; needed to close without publishing."""


class ClockState(StrEnum):
    """What has become of a deadline."""

    RUNNING = "running"
    MET = "met"
    MISSED = "missed"


class TaskClock(WireModel):
    """One deadline of a task. `missed` stays missed; `met_at` then says when it was met late, if ever."""

    kind: str
    """Key of `clocks` in `config/deadlines.yaml`."""
    name: str
    source: str
    """The rule it comes from: document and clause."""
    started_at: Instant
    start_event: str
    due_at: Instant
    state: ClockState
    met_at: Instant | None = None
    fired: tuple[str, ...] = ()
    """Notice levels already sent for this clock."""


class TaskEvent(WireModel):
    """One transition of a task: what happened, when, by which role, caused by which record."""

    at: Instant
    action: str
    from_state: TaskState | None
    to_state: TaskState
    role: str
    cause: str
    """Id of the command, escalation or receipt that caused it."""
    note: str = ""


class ResponseTask(WireModel):
    """One unit's duty to handle and answer an incident. `id` derives from the incident."""

    schema_version: int = 1
    id: str
    version: int = Field(ge=1)
    incident_id: str
    title: str
    region: RegionRef
    category: str
    nature: Nature
    grade: Grade
    unit: UnitRef
    co_units: tuple[UnitRef, ...] = ()
    state: TaskState
    opened_at: Instant
    updated_at: Instant
    hops: int = 0
    draft: str | None = None
    drafted_by: str | None = None
    """Role that wrote the draft: another role must approve it (专人采编、领导审核)."""
    consult_units: tuple[UnitRef, ...] = ()
    confirmed_units: tuple[str, ...] = ()
    response_ids: tuple[str, ...] = ()
    closed_ground: str | None = None
    clocks: tuple[TaskClock, ...] = ()
    history: tuple[TaskEvent, ...] = ()


class PublicResponse(WireModel):
    """What was published, where, by which unit. `id` derives from the publishing command."""

    schema_version: int = 1
    id: str
    task_id: str
    incident_id: str
    unit: UnitRef
    nature: Nature
    title: str
    text: str
    publication: str
    url: str | None
    published_at: Instant
    grade: Grade | None = None
    """Of the matter when it was answered: grades I and II are released first. None in records of before."""


class SupervisionNotice(WireModel):
    """督办: a reminder before a deadline or a supervision order after it.

    `id` = task, clock and level, so that each is sent once.
    """

    schema_version: int = 1
    id: str
    task_id: str
    incident_id: str
    unit: UnitRef
    grade: Grade
    clock: str
    level: str
    """Key of `notices` in `config/deadlines.yaml`: reminder | missed | …"""
    due_at: Instant
    at: Instant
    to_role: str
    text: str
