"""What goes over the intake's wire: the mention as it may be handed in, the answer, and the problem (RFC 9457)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

JSON = "application/json"
NDJSON = "application/x-ndjson"
PROBLEM = "application/problem+json"

_UNSEEN = (
    r"\u0000-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    r"\u205f-\u206f\u20e3\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff" + "\U000e0000-\U000e0fff"
)
"""White space, controls and marks that cleaning drops. Escapes that JSON Schema, Python and Rust read alike."""
_SEEN = re.compile(f"[^{_UNSEEN}]")

_RFC3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})")


def _whole(value: object) -> object:
    """In JSON, and so in JSON Schema, 3.0 is the integer 3."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("nul_character", "a NUL character")
    return text


def _visible(text: str) -> str:
    if not _SEEN.search(text):
        raise PydanticCustomError("empty", "nothing to be seen")
    return _no_nul(text)


def _instant(text: str) -> str:
    try:
        if not _RFC3339.fullmatch(text):
            raise ValueError
        datetime.fromisoformat(text)
    except ValueError:
        raise PydanticCustomError("bad_time", "not an RFC 3339 date-time with a zone") from None
    return text


# The patterns stand in the schema; functions that mean the same check them, and tell a NUL from an empty text.
Plain = Annotated[str, AfterValidator(_no_nul), Field(json_schema_extra={"pattern": r"^[^\u0000]*$"})]
Visible = Annotated[
    str,
    AfterValidator(_visible),
    Field(json_schema_extra={"pattern": rf"^[^\u0000]*[^{_UNSEEN}][^\u0000]*$"}),
]
Name100 = Annotated[Plain, Field(max_length=100)]
Name200 = Annotated[Plain, Field(max_length=200)]
Whole = Annotated[int, Field(ge=0, le=2**63 - 1), BeforeValidator(_whole)]
Figure = Annotated[int, Field(ge=0, le=10**12), BeforeValidator(_whole)]


class MediaIn(BaseModel):
    """Where it was said, as the sender states it."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    name: Name200 | None = None
    kind: Name100 | None = None
    tier: Name100 | Annotated[int, Field(ge=0, le=1000), BeforeValidator(_whole)] | None = None


class MentionIn(BaseModel):
    """One thing said in public. Unknown fields are dropped at the door: what is not named here is not kept.

    Narrower than `RawMention`, so that the published schema says exactly what is taken.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    source: Annotated[Visible, Field(max_length=100)] = Field(
        description="Name of the source; the token must be bound to it.", examples=["hotline"]
    )
    text: Visible = Field(
        description="What was said, as it was said; HTML is stripped.", examples=["南街的路灯坏了三天，晚上看不见路。"]
    )
    published_at: Annotated[
        str,
        Field(json_schema_extra={"format": "date-time"}),
        AfterValidator(_instant),
    ] = Field(description="RFC 3339, with a zone; not in the future.", examples=["2026-03-02T09:30:00+08:00"])
    id: Name200 | Whole | None = Field(
        default=None, description="The source's own id: the same id again changes nothing.", examples=["12345-0001"]
    )
    title: Plain | None = None
    channel: Name100 | None = None
    author: Annotated[Plain, Field(max_length=500)] | Whole | None = Field(
        default=None, description="Becomes a keyed pseudonym in the next step; used for counting voices only."
    )
    url: Annotated[Plain, Field(max_length=4000)] | None = None
    media: MediaIn | None = None
    region_hint: Name200 | None = None
    lang: Annotated[Plain, Field(max_length=35)] | None = None
    likes: Figure | None = None
    dislikes: Figure | None = None
    reposts: Figure | None = None
    comments: Figure | None = None
    reads: Figure | None = None


class Fault(BaseModel):
    """One thing wrong with an item: which field, why, and the cure. Never quotes what the field held."""

    field: str = Field(description="Dotted name of the field; empty: the item as a whole.")
    code: str = Field(description="Stable slug, e.g. `missing_field`.")
    reason: str
    cure: str


class AcceptedItem(BaseModel):
    """An item that stands on the broker."""

    index: int = Field(description="Place in the body, from 0.")
    id: str | None = Field(description="The id as it was given; null if none was.")


class RefusedItem(BaseModel):
    """An item that was not taken; nothing of it is kept."""

    index: int = Field(description="Place in the body, from 0.")
    id: str | None = Field(description="The id, if the item has a usable one.")
    faults: list[Fault]


class Answer(BaseModel):
    """202: every accepted item is on the broker and acknowledged. The same body again gets the same answer."""

    accepted: list[AcceptedItem]
    refused: list[RefusedItem]


class Problem(BaseModel):
    """An error as RFC 9457 lays it down. No item of the request was accepted, unless `detail` says that it may be."""

    type: str = Field(description="`urn:opinion-stream:intake:` and a stable slug.")
    title: str
    status: int
    detail: str
    request: str = Field(description="Id of the request in the service's log; also the header X-Request-Id.")
    refused: list[RefusedItem] = []


class Health(BaseModel):
    """The state of the service."""

    status: str
    detail: str = ""
