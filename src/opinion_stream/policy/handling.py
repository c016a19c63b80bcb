"""Reporting (报送) and response (回应): routes, receipt deadlines, task clocks, publications, legal grounds."""

from __future__ import annotations

from string import Formatter
from typing import Literal

from pydantic import Field, field_validator, model_validator

from opinion_stream.models.base import Grade, Nature
from opinion_stream.models.task import CommandKind
from opinion_stream.policy.base import Code, PolicyModel, Word


class Role(PolicyModel):
    """A duty role, e.g. duty officer. `channel` says how it is reached; never a person, never a number."""

    name: Word
    channel: Code
    """Where the duty roster has no post for the role."""
    instructs: bool = True
    """Whether the role may write an instruction (批示) on a report."""


class FollowUp(PolicyModel):
    """When a follow-up report (续报) is due beside a graver grade and the growth in voices."""

    every_minutes: dict[Grade, int] = Field(default_factory=dict)
    """At these grades, at the latest so long after the last report, if there is any news since."""
    new_facts: tuple[Grade, ...] = ()
    """At these grades, when a new finding of the content or a further-reaching tier of media comes in."""
    on_answer: tuple[Grade, ...] = ()
    """At these grades, when the matter is first answered in public."""

    @field_validator("every_minutes")
    @classmethod
    def _positive(cls, value: dict[Grade, int]) -> dict[Grade, int]:
        for grade, minutes in value.items():
            if minutes <= 0:
                raise ValueError(f"every_minutes.{grade} must be above 0")
        return value


class Reminders(PolicyModel):
    """At the end of the chain: the last one in it is reminded so often, at this interval, and then no more."""

    every_minutes: int = Field(default=60, gt=0)
    times: int = Field(default=0, ge=0, le=20)


class Route(PolicyModel):
    """Who must know of an incident of these grades.

    `to`: `lead` (the lead unit), `co` (each co-handling unit), or the code of a unit. `role` is the first
    addressee; nobody acknowledging within `receipt_minutes` passes it on along `chain`. Grades, categories,
    natures and regions must all fit; one that is left out always fits.
    """

    id: Code
    grades: tuple[Grade, ...] = Field(min_length=1)
    categories: tuple[str, ...] = ()
    natures: tuple[Nature, ...] = ()
    regions: tuple[str, ...] = ()
    """Codes in `regions.yaml`; a matter anywhere within one of them fits."""
    only_if_response_required: bool = False
    to: str
    joint: tuple[str, ...] = ()
    """Codes of units that handle such a matter together with `to` and get the same report."""
    role: Code
    receipt_minutes: int = Field(gt=0)
    chain: tuple[Code, ...] = ()
    """Roles to pass it on to, in order, when no receipt comes; each has `receipt_minutes` again."""
    source: str


class Routes(PolicyModel):
    """`routes.yaml`. `follow_up_growth`: a follow-up report when voices grew by this factor at one grade."""

    roles: dict[Code, Role]
    follow_up_growth: float = Field(gt=1)
    follow_up: FollowUp = FollowUp()
    reminders: Reminders = Reminders()
    max_returns: int = Field(default=1, ge=0, le=10)
    """How often a matter may be returned as not theirs (退回) before the office decides who is in charge."""
    keep_settled_days: int = Field(default=365, gt=0)
    """How long a matter that is over and receipted stays in the stage's memory."""
    routes: tuple[Route, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _roles_exist(self) -> Routes:
        for route in self.routes:
            for role in (route.role, *route.chain):
                if role not in self.roles:
                    raise ValueError(f"route {route.id}: role {role!r} is not defined under `roles`")
        ids = [r.id for r in self.routes]
        if len(set(ids)) != len(ids):
            raise ValueError("route ids must differ from one another")
        return self


class Extension(PolicyModel):
    """By how much a deadline may be extended, once: `hours` or `working_days`, as its clock counts."""

    hours: float | None = Field(default=None, gt=0)
    working_days: int | None = Field(default=None, gt=0)
    source: str


class Clock(PolicyModel):
    """A deadline: `hours` elapsed, or `working_days` (ends with the last minute of that day).

    Applies to tasks of these grades and natures (empty = all). `met_by`: the task actions that meet it, or
    `publish:KIND` for one kind of publication.
    """

    name: Word
    source: str
    grades: tuple[Grade, ...] = ()
    natures: tuple[Nature, ...] = ()
    hours: float | None = Field(default=None, gt=0)
    working_days: int | None = Field(default=None, gt=0)
    starts_at: str = Field(default="opened", pattern="^(opened|graded)$")
    """`opened`: when the task was opened; `graded`: when the incident reached a grade of this clock."""
    met_by: tuple[str, ...] = Field(min_length=1)
    extension: Extension | None = None
    """None: it cannot be extended."""
    pausable: bool = False
    """Whether it stands still while the task is paused."""
    on_reopen: Literal["keep", "restart"] = "keep"
    """`restart`: a new round begins when the task is reopened because the matter is not solved."""

    @field_validator("met_by")
    @classmethod
    def _known_actions(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for action in value:
            if action not in set(CommandKind) and not action.startswith("publish:"):
                raise ValueError(f"unknown action {action!r}; use {', '.join(CommandKind)} or publish:KIND")
        return value

    @model_validator(mode="after")
    def _one_measure(self) -> Clock:
        if (self.hours is None) == (self.working_days is None):
            raise ValueError("give exactly one of hours and working_days")
        if self.extension and (
            (self.extension.hours is None) != (self.hours is None)
            or (self.extension.working_days is None) != (self.working_days is None)
        ):
            raise ValueError("extension: count it as the clock counts, in hours or in working_days")
        return self


class NoticeLevel(PolicyModel):
    """A notice at a fraction of the allowed time: 0.8 = at 80 %, 1 = when missed, 1.5 = half as long again."""

    id: Code
    at_fraction: float = Field(gt=0)
    to_role: Code
    text: str
    """May use {task}, {title}, {clock}, {due}, {unit}, {grade}."""

    @field_validator("text")
    @classmethod
    def _known_fields(cls, value: str) -> str:
        known = ("task", "title", "clock", "due", "unit", "grade")
        for _, name, spec, conversion in Formatter().parse(value):
            if name is not None and (name not in known or spec or conversion):
                field = name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
                raise ValueError(f"unknown field {{{field}}}; use {', '.join(f'{{{k}}}' for k in known)}")
        return value


class Deadlines(PolicyModel):
    """`deadlines.yaml`."""

    clocks: dict[Code, Clock]
    notices: tuple[NoticeLevel, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _levels_differ(self) -> Deadlines:
        ids = [level.id for level in self.notices]
        if len(set(ids)) != len(ids):
            raise ValueError("notice ids must differ from one another")
        return self


class Publication(PolicyModel):
    """A way to publish an answer."""

    name: Word


class LegalGround(PolicyModel):
    """A lawful reason not to publish."""

    text: str
    source: str


class PauseGround(PolicyModel):
    """A lawful reason for which deadlines that allow it stand still."""

    text: str
    source: str


class Pause(PolicyModel):
    """How often and how long a task may be paused. It goes on by itself after `max_working_days`."""

    max_times: int = Field(default=0, ge=0)
    max_working_days: int = Field(default=1, gt=0)
    grounds: dict[Code, PauseGround] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _grounds_given(self) -> Pause:
        if self.max_times and not self.grounds:
            raise ValueError("grounds: say on which grounds a task may be paused, or set max_times to 0")
        return self


class ReopenGround(PolicyModel):
    """Why a task is taken up again. `restarts`: deadlines that say so start again (the matter is not solved)."""

    name: Word
    restarts: bool = True


class Archive(PolicyModel):
    """How long a finished task stays.

    Closed for `after_days` it is archived; archived for `keep_days` it leaves the stage's memory (the topic keeps
    it); for `remember_days` more its id is remembered, so that a late repeat of an old report does not raise it
    again. `remember_days` must not be shorter than the escalations topic keeps its records (365 days).
    """

    after_days: float = Field(default=30, gt=0)
    keep_days: float = Field(default=90, gt=0)
    remember_days: float = Field(default=400, ge=365)


class Response(PolicyModel):
    """`response.yaml`."""

    publications: dict[Code, Publication]
    legal_grounds: dict[Code, LegalGround]
    max_hops: int = Field(ge=0)
    """Transfers allowed before the office decides."""
    approvers: tuple[Code, ...] = ()
    """Roles that may approve a draft, an extension, a pause, a closing without publishing; empty: any other role."""
    roles: dict[Code, Word] = Field(default_factory=dict)
    """Names of the roles that act on tasks and have none in `routes.yaml`, since no report goes to them."""
    pause: Pause = Pause()
    reopen_grounds: dict[Code, ReopenGround] = Field(default_factory=dict)
    """A reopening that names none of them counts as one of a matter that is not solved."""
    ordered_hours: float = Field(default=24, gt=0)
    """Hours to do what an instruction orders without naming a time."""
    archive: Archive = Archive()
    answer_must: dict[Nature, str]
    """What a fitting answer says, by nature (国办发〔2016〕80号)."""
