"""Duty roster (值班表): posts, shifts, rotation, substitutions and absences; seats and channels, never persons."""

from __future__ import annotations

import math
import re
from collections import Counter
from datetime import date, time
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, NaiveDatetime, field_validator, model_validator

from opinion_stream.policy.base import Code, PolicyModel, Word

MAX_CYCLE_WEEKS = 104


def _clock(value: object) -> object:
    """`18:00` without quotes is the number 1080 in YAML 1.1, and `24:00` is how a day's end is written."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1440:
        value = f"{value // 60:02}:{value % 60:02}"
    if isinstance(value, str) and value.strip() == "24:00":
        return "00:00"
    return value


Clock = Annotated[time, BeforeValidator(_clock)]
"""A time of day in the jurisdiction's zone, to the minute."""


class Seat(PolicyModel):
    """Who sits at a post, by a code of the roster. `contact`: CHANNEL:ADDRESS of the desk, never of a person."""

    name: Word
    contact: str = Field(pattern=r"^[a-z][a-z0-9+-]*:[A-Za-z0-9_.{}-]+$", max_length=100)
    """May use {unit}: the code of the unit that is reported to."""
    channel: Code | None = None
    """Channel of `notify.yaml` for notifications to this seat; None: that of the role in `routes.yaml`."""

    @field_validator("contact")
    @classmethod
    def _no_number(cls, value: str) -> str:
        if re.search(r"\d{7,}", value):
            raise ValueError(
                "this looks like a telephone number; name a channel of the duty desk, e.g. wecom:duty-office"
            )
        if set(re.findall(r"\{(.*?)\}", value)) - {"unit"} or value.count("{") != value.count("}"):
            raise ValueError("unknown field in braces; only {unit} may be used")
        return value

    def contact_of(self, unit: str) -> str:
        """The contact for a unit's code."""
        return self.contact.replace("{unit}", unit)


class Shift(PolicyModel):
    """From when to when; `to` at or before `from` is on the next day, equal times are 24 hours."""

    start: Clock = Field(alias="from")
    end: Clock = Field(alias="to")

    @property
    def span(self) -> tuple[int, int]:
        """Minutes since midnight of the day it starts on; the end is after the start, at most 24 hours later."""
        start = self.start.hour * 60 + self.start.minute
        end = self.end.hour * 60 + self.end.minute
        return start, end if end > start else end + 1440


class Weekday(StrEnum):
    """Days of the week, Monday first."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"

    @property
    def label(self) -> str:
        """The Chinese name."""
        return f"周{'一二三四五六日'[list(Weekday).index(self)]}"


class DayKind(StrEnum):
    """Days of work (make-up days among them) and of rest (holidays among them), by the holiday calendar."""

    WORKDAYS = "workdays"
    RESTDAYS = "restdays"

    @property
    def label(self) -> str:
        """The Chinese name."""
        return {"workdays": "工作日", "restdays": "休息日"}[self.value]


class Turn(PolicyModel):
    """Who has which shifts on which days. A shift belongs to the day on which it starts.

    Applies on days of the week `days` that are of kind `only`, in week `week` (1, 2, …) of every `every_weeks`.
    """

    seat: Code
    shifts: tuple[Code, ...] = Field(min_length=1)
    days: tuple[Weekday, ...] = tuple(Weekday)
    only: tuple[DayKind, ...] = tuple(DayKind)
    every_weeks: int = Field(default=1, ge=1, le=52)
    week: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _week_of_cycle(self) -> Turn:
        if self.week > self.every_weeks:
            raise ValueError(f"week {self.week} does not exist in a cycle of {self.every_weeks} weeks")
        return self

    def applies(self, week: int, weekday: Weekday, kind: DayKind) -> bool:
        """Whether it holds in that week since the anchor (0, 1, …) on that day."""
        return weekday in self.days and kind in self.only and week % self.every_weeks == self.week - 1


class Post(PolicyModel):
    """A post that is manned round the clock: by a standing `seat`, or by shifts and turns.

    It answers for `role` in `units`; no units: in every unit for which no other post answers.
    """

    name: Word
    role: Code
    units: tuple[Code, ...] = ()
    seat: Code | None = None
    shifts: dict[Code, Shift] = Field(default_factory=dict)
    turns: tuple[Turn, ...] = ()

    @model_validator(mode="after")
    def _one_way(self) -> Post:
        if (self.seat is None) == (not self.turns):
            raise ValueError("give either a standing seat, or shifts and turns")
        for turn in self.turns:
            for shift in turn.shifts:
                if shift not in self.shifts:
                    raise ValueError(f"turns: shift {shift!r} is not defined under `shifts`")
        if self.cycle > MAX_CYCLE_WEEKS:
            raise ValueError(f"the turns repeat only after {self.cycle} weeks; use lengths with a common multiple")
        return self

    @property
    def cycle(self) -> int:
        """After how many weeks the pattern repeats."""
        return math.lcm(*(turn.every_weeks for turn in self.turns))


class Absence(PolicyModel):
    """`seat` cannot be on duty from one local time to another; its posts need a substitute."""

    seat: Code
    start: NaiveDatetime = Field(alias="from")
    end: NaiveDatetime = Field(alias="to")
    reason: str = Field(min_length=1)

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.end <= self.start:
            raise ValueError("`to` must be after `from`")
        return self


class Substitution(Absence):
    """`seat` takes over `post` from one local time to another, whoever else has it then."""

    post: Code


class Duty(PolicyModel):
    """`duty.yaml`."""

    first_week: date
    """The Monday from which weeks are counted. ISO week numbers would put two odd weeks side by side at new year."""
    handover_minutes: int = Field(ge=0, le=120)
    """How long two shifts may overlap so that one can hand over to the other."""
    seats: dict[Code, Seat]
    posts: dict[Code, Post]
    substitutions: tuple[Substitution, ...] = ()
    absences: tuple[Absence, ...] = ()

    @field_validator("first_week")
    @classmethod
    def _monday(cls, value: date) -> date:
        if value.weekday() != 0:
            raise ValueError("weeks are counted from a Monday")
        return value

    @model_validator(mode="after")
    def _codes_exist(self) -> Duty:
        for name, post in self.posts.items():
            for seat in (*(turn.seat for turn in post.turns), *((post.seat,) if post.seat else ())):
                if seat not in self.seats:
                    raise ValueError(f"posts.{name}: seat {seat!r} is not defined under `seats`")
        dated: tuple[Absence, ...] = (*self.substitutions, *self.absences)
        for entry in dated:
            if entry.seat not in self.seats:
                raise ValueError(f"{entry.start}: seat {entry.seat!r} is not defined under `seats`")
        for substitution in self.substitutions:
            if substitution.post not in self.posts:
                raise ValueError(f"substitutions: post {substitution.post!r} is not defined under `posts`")
        served = Counter((unit, p.role) for p in self.posts.values() for unit in (p.units or ("*",)))
        for (unit, role), times in served.items():
            if times > 1:
                where = "every other unit" if unit == "*" else unit
                raise ValueError(f"posts: {times} posts answer for {role} in {where}; nobody can tell which is meant")
        return self
