"""The base of every model on the wire, and the small types they share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Score = Annotated[float, Field(ge=0, le=100)]
"""A score from 0 (nothing) to 100 (the most the scale knows)."""

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Instant = AwareDatetime
"""A point in time with its zone; a naive time never enters the system."""


_set = object.__setattr__
_fields_of: dict[type, set[str]] = {}
"""The names of all fields of a model, which the trusted records of it share. A copy of a record copies them."""


class WireModel(BaseModel):
    """A frozen record. Unknown fields are ignored, so that a newer writer never breaks an older reader."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_timedelta="float", defer_build=True)

    @classmethod
    def trusted(cls, **fields: object) -> Self:
        """A record of fields that our own code made and that need no check: a fifth of the cost of the constructor.

        All fields must be given, in the order of declaration, of exactly the declared types.
        """
        record = cls.__new__(cls)
        _set(record, "__dict__", fields)
        names = _fields_of.get(cls)
        if names is None:
            names = _fields_of[cls] = set(cls.model_fields)
        _set(record, "__pydantic_fields_set__", names)
        _set(record, "__pydantic_extra__", None)
        _set(record, "__pydantic_private__", None)
        return record

    def to_bytes(self) -> bytes:
        """The record as UTF-8 JSON, fields in declaration order: equal records give equal bytes."""
        return self.model_dump_json().encode()


class Grade(StrEnum):
    """Risk grade of an incident, most serious first: 特别重大 red, 重大 orange, 较大 yellow, 一般 blue."""

    I = "I"  # noqa: E741
    II = "II"
    III = "III"
    IV = "IV"

    @property
    def rank(self) -> int:
        """1 for the most serious grade to 4 for the least."""
        return _RANKS[self]

    @property
    def label(self) -> str:
        """The Chinese name with its colour."""
        return _GRADE_LABELS[self]


_RANKS = {grade: rank for rank, grade in enumerate(Grade, 1)}
_GRADE_LABELS = {
    Grade.I: "Ⅰ级（特别重大·红）",
    Grade.II: "Ⅱ级（重大·橙）",
    Grade.III: "Ⅲ级（较大·黄）",
    Grade.IV: "Ⅳ级（一般·蓝）",
}


class Nature(StrEnum):
    """Nature of the concern; it decides what a fitting answer must contain (国办发〔2016〕80号)."""

    SUGGESTION = "suggestion"
    DIFFICULTY = "difficulty"
    SERIOUS_PROBLEM = "serious_problem"
    MISUNDERSTANDING = "misunderstanding"
    UNVERIFIED_CLAIM = "unverified_claim"
    ENQUIRY = "enquiry"
    THANKS = "thanks"
    OTHER = "other"

    @property
    def label(self) -> str:
        """The Chinese name."""
        return _NATURE_LABELS[self]


_NATURE_LABELS = {
    Nature.SUGGESTION: "意见建议",
    Nature.DIFFICULTY: "实际困难",
    Nature.SERIOUS_PROBLEM: "重大问题",
    Nature.MISUNDERSTANDING: "误解",
    Nature.UNVERIFIED_CLAIM: "不实或未经核实的说法",
    Nature.ENQUIRY: "咨询",
    Nature.THANKS: "感谢",
    Nature.OTHER: "其他",
}


class UnitRef(WireModel):
    """A unit by its code in the policy and its name when the record was made."""

    code: str
    name: str


class RegionRef(WireModel):
    """A region by its code in the policy and its name when the record was made."""

    code: str
    name: str


class Reason(WireModel):
    """Why a result is what it is: the rule's id in the policy, a sentence, the words or figures it rests on."""

    rule: str
    text: str
    evidence: tuple[str, ...] = ()


SchemaVersion = Literal[1]
