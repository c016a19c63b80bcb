"""Mappings: how the fields of someone else's records (JSON, CSV, Excel) become those of a raw mention."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, field_validator, model_validator

from opinion_stream.policy.base import PolicyModel

Target = Literal[
    "id",
    "channel",
    "title",
    "text",
    "published_at",
    "author",
    "url",
    "media.name",
    "media.kind",
    "region_hint",
    "lang",
    "likes",
    "dislikes",
    "reposts",
    "comments",
    "reads",
]
"""The fields of a raw mention that a mapping can fill. `source` is the name of the source that is read."""

COUNTS: frozenset[str] = frozenset(("likes", "dislikes", "reposts", "comments", "reads"))
REQUIRED: tuple[Target, ...] = ("text", "published_at")

PLACE = re.compile(r"\{([^{}]+)\}")
"""A place named within a template."""

Path = Annotated[str, Field(min_length=1, max_length=200)]
"""Where a value stands: a key or column name; `a.b.0.c` goes down into objects and lists; `#3` is the third column."""


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Paths = Annotated[tuple[Path, ...], BeforeValidator(_as_tuple), Field(min_length=1, max_length=10)]
TimeForms = Annotated[
    tuple[Annotated[str, Field(min_length=2, max_length=100)], ...],
    BeforeValidator(_as_tuple),
    Field(max_length=20),
]


class FieldSpec(PolicyModel):
    """Where one field comes from: exactly one of `path`, `join`, `template` and `value`.

    `path`: the first of the named places that holds something. `join`: all of the named places that hold something,
    with `with` between them. `template`: a text with `{path}` in it; nothing when one of the places is empty (an
    address made of an id). `value`: a constant.
    """

    path: Paths | None = None
    join: Paths | None = None
    with_: str = Field(default="\n", alias="with", max_length=20)
    template: str | None = Field(default=None, min_length=3, max_length=1000)
    value: str | None = Field(default=None, min_length=1, max_length=1000)
    map: dict[str, str] | None = None
    """Value by value: what stands in the source, and what it becomes."""
    default: str | None = None
    """Taken where nothing is found, or where `map` does not know the value."""
    time: TimeForms = ()
    """Forms of a time, tried in turn: `iso`, `unix`, `unix_ms`, `excel`, or a pattern such as `%Y年%m月%d日 %H:%M`.
    Left out: ISO 8601 and the usual Chinese forms."""
    zone: str | None = None
    """Zone of a time that states none; left out: that of the mapping."""
    optional: bool = False
    """A file may lack this column altogether."""

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        origins = [self.path, self.join, self.template, self.value]
        if sum(origin is not None for origin in origins) != 1:
            raise ValueError("name exactly one of path, join, template and value")
        if self.template is not None and not self.places:
            raise ValueError("the template names no place: write it as {path}; for a constant use value")
        return self

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        return _zone(value)

    @property
    def places(self) -> tuple[str, ...]:
        """Every place of the source's record that the field looks at."""
        if self.template is not None:
            return tuple(PLACE.findall(self.template))
        return self.path or self.join or ()


def _zone(value: str | None) -> str | None:
    if value is not None:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"no time zone {value!r}; write it as in Asia/Shanghai") from error
    return value


def _as_spec(value: object) -> object:
    return {"path": value} if isinstance(value, (str, list, tuple)) else value


class Table(PolicyModel):
    """How a file is laid out. What is left out is found out."""

    encoding: str | None = Field(default=None, max_length=40)
    """Of a CSV or JSON Lines file; left out: detected (UTF-8, UTF-16, GB18030, Big5)."""
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    """Of a CSV file; left out: the one of comma, tab, semicolon and | that the header row has most of."""
    sheet: str | None = None
    """Name of the Excel sheet; left out: the first."""
    header_row: int | None = Field(default=None, ge=0, le=100)
    """Row of the column names, from 1; 0: there is none, and columns are named `#1`, `#2` …;
    left out: the first of the first 30 rows that has all the columns the mapping needs."""
    header_rows: int = Field(default=1, ge=1, le=2)
    """2: a merged heading above the names; the columns are named `heading/name`."""


class FieldMapping(PolicyModel):
    """One file of `mappings/`; its name is the file's name."""

    title: str = Field(min_length=1, max_length=100)
    note: str = Field(default="", max_length=2000)
    zone: str | None = None
    """Zone of times that state none; left out: that of the jurisdiction."""
    empty: tuple[str, ...] = ("", "-", "--", "—", "无", "null", "NULL", "None", "N/A")
    """Values that mean nothing was entered."""
    table: Table = Table()
    fields: dict[Target, Annotated[FieldSpec, BeforeValidator(_as_spec)]]

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        return _zone(value)

    @field_validator("fields")
    @classmethod
    def _required(cls, value: dict[Target, FieldSpec]) -> dict[Target, FieldSpec]:
        missing = [name for name in REQUIRED if name not in value]
        if missing:
            raise ValueError(f"{' and '.join(missing)} must be mapped: no mention can be without")
        for name, spec in value.items():
            if name != "published_at" and (spec.time or spec.zone):
                raise ValueError(f"{name}: time and zone are for published_at alone")
        return value


class Mappings(PolicyModel):
    """Every file of the folder `mappings/`, by its name."""

    files: dict[str, FieldMapping] = Field(default_factory=dict)
