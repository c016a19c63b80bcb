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
    PAUSED = "paused"
    DRAFTED = "drafted"
    CONSULTING = "consulting"
    UNDER_REVIEW = "under_review"
    APPROVED = "approved"
    PUBLISHED = "published"
    CLOSED = "closed"
    ARCHIVED = "archived"

    @property
    def label(self) -> str:
        """The Chinese name."""
        return {
            "pending": "待受理",
            "accepted": "已受理",
            "handling": "办理中",
            "paused": "暂停计时",
            "drafted": "已拟稿",
            "consulting": "会商中",
            "under_review": "审核中",
            "approved": "已批准",
            "published": "已发布",
            "closed": "已办结",
            "archived": "已归档",
        }[self.value]


class CommandKind(StrEnum):
    """What a person can do to a task."""

    ACCEPT = "accept"
    RECORD = "record"
    TRANSFER = "transfer"
    RETURN = "return"
    DRAFT = "draft"
    CONSULT = "consult"
    CONFIRM = "confirm"
    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    PUBLISH = "publish"
    CLOSE = "close"
    REOPEN = "reopen"
    EXTEND = "extend"
    PAUSE = "pause"
    RESUME = "resume"
    REGRADE = "regrade"
    ARCHIVE = "archive"

    @property
    def label(self) -> str:
        """The Chinese name."""
        return {
            "accept": "受理",
            "record": "办理记录",
            "transfer": "转办",
            "return": "退回",
            "draft": "拟稿",
            "consult": "会商",
            "confirm": "会商确认",
            "submit": "送审",
            "approve": "批准",
            "reject": "退回修改",
            "publish": "发布",
            "close": "办结",
            "reopen": "重新办理",
            "extend": "延期",
            "pause": "暂停计时",
            "resume": "恢复计时",
            "regrade": "降低等级",
            "archive": "归档",
        }[self.value]


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
    ground: str | None = Field(default=None, max_length=100)
    """pause: key of `pause.grounds`; reopen: key of `reopen_grounds` in `config/response.yaml`."""
    approver: str | None = Field(default=None, max_length=100)
    """Role that approved an extension, a pause, a lower grade or a closing without publishing; None: `role` did."""
    until: Instant | None = None
    """extend: the new due time, if it is to be earlier than the policy allows at the most."""
    to_grade: Grade | None = None
    """regrade: the lower grade that the office decided on."""


class ClockState(StrEnum):
    """What has become of a deadline."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    MISSED = "missed"
    WAIVED = "waived"
    """Not owed any more, since the office lowered the grade."""


class ClockChange(WireModel):
    """One change of a deadline, for the audit: what, why, who asked, who approved, from when to when."""

    at: Instant
    change: str
    """extended | paused | resumed | waived | restarted | ordered."""
    due_before: Instant
    due_after: Instant
    role: str
    approver: str | None = None
    cause: str
    """Id of the command or escalation that caused it; `rule` for a pause that reached its limit."""
    note: str = ""


class TaskClock(WireModel):
    """One deadline of a task. `missed` stays missed; `met_at` then says when it was met late, if ever.

    Kind and round name it within the task; a clock that starts again when the task is reopened is a new round.
    """

    kind: str
    """Key of `clocks` in `config/deadlines.yaml`, or `ordered-…` for a deadline that an instruction set."""
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
    round: int = Field(default=1, ge=1)
    met_by: tuple[str, ...] = ()
    """What meets it, where no clock of the policy says so (an ordered deadline)."""
    paused_at: Instant | None = None
    changes: tuple[ClockChange, ...] = ()

    @property
    def key(self) -> str:
        """Its name within the task: the kind, and from the second round on `kind.round`."""
        return self.kind if self.round == 1 else f"{self.kind}.{self.round}"


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
    unit: str = ""
    """Code of the unit on whose behalf the role acted, if it said so."""
    approver: str | None = None
    ground: str | None = None


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
    passed_by: tuple[UnitRef, ...] = ()
    """Units that have passed the task on, latest last: the last one takes it back when it is returned."""
    keywords: tuple[str, ...] = ()
    """What the matter was about when the task was opened: the points that an answer should speak of."""
    draft: str | None = None
    drafted_by: str | None = None
    """Role that wrote the draft: another role must approve it (专人采编、领导审核)."""
    advice: tuple[str, ...] = ()
    """What the draft does not seem to say (`answers.yaml`); it advises those who write and review, and stops nobody."""
    named_units: tuple[UnitRef, ...] = ()
    """Other bodies that the draft names: each must confirm it (沟通确认)."""
    consult_units: tuple[UnitRef, ...] = ()
    """Bodies that were asked beside them."""
    confirmed_units: tuple[str, ...] = ()
    response_ids: tuple[str, ...] = ()
    closed_ground: str | None = None
    eased_from: Grade | None = None
    """Grade that the office set aside: only a report graver than that raises the task again."""
    pauses: int = 0
    paused_until: Instant | None = None
    """When a pause ends by itself."""
    closed_at: Instant | None = None
    """When the desk took in the closing; None in records of before this was kept."""
    archived_at: Instant | None = None
    first_round: int = 1
    """Round at which its clocks begin: above 1 for a task that came back after it had left the desk."""
    orders_before: tuple[str, ...] = ()
    """Causes of the orders it was given before it had left the desk."""
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
    round: int = 1
    """Round of the clock: 2 after the clock was started again, and so on."""
    due_at: Instant
    at: Instant
    to_role: str
    text: str
