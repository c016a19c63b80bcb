"""Sources that hand over records: JSON interfaces, folders of exported files, topics of other bodies."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, model_validator

from opinion_stream.policy.base import Code, PolicyModel
from opinion_stream.policy.mapping import Path
from opinion_stream.policy.source import SourceBase, WebAddress

Parameter = Annotated[str, Field(min_length=1, max_length=100)]
"""A parameter's name; in a JSON body `a.b` is `b` within the object `a`."""


class PageNumbers(PolicyModel):
    """Pages are asked for by number, until one is empty, or holds nothing but what the last one held."""

    by: Literal["page"]
    parameter: Parameter = "page"
    first: int = Field(default=1, ge=0)
    size_parameter: Parameter | None = None
    size: int = Field(default=100, ge=1, le=10_000)
    total_at: Path | None = None
    """Where the answer says how many records there are; with it the last, empty page need not be asked for."""


class Offsets(PolicyModel):
    """Pages are asked for by the number of records before them, until one is empty."""

    by: Literal["offset"]
    parameter: Parameter = "offset"
    size_parameter: Parameter | None = None
    size: int = Field(default=100, ge=1, le=10_000)
    total_at: Path | None = None


class Tokens(PolicyModel):
    """Each answer holds a token for the next page, none in the last."""

    by: Literal["token"]
    parameter: Parameter
    at: Path


class Links(PolicyModel):
    """Each answer names the address of the next page: at a place in it, or in the header `Link` (RFC 8288)."""

    by: Literal["link"]
    at: Path | None = None


Paging = Annotated[PageNumbers | Offsets | Tokens | Links, Field(discriminator="by")]


class Since(PolicyModel):
    """Ask only for what is new: records since a time, or after a number.

    What is asked for begins a little before the newest record seen, since records come in late; what was sent
    already is recognised and not sent again.
    """

    parameter: Parameter
    until_parameter: Parameter | None = None
    """For interfaces that want an end too; it is the present. Only for times."""
    by: Literal["time", "number"] = "time"
    at: Path
    """Where a record states the time or the number."""
    form: str = Field(default="%Y-%m-%d %H:%M:%S", min_length=2, max_length=60)
    """How the interface writes times: `iso`, `unix`, `unix_ms` or a pattern."""
    overlap_minutes: float = Field(default=60, ge=0, le=31 * 24 * 60)
    overlap_numbers: int = Field(default=100, ge=0, le=1_000_000)
    first_days: float = Field(default=7, ge=0, le=3650)
    """How far back the first poll reaches."""


class Expected(PolicyModel):
    """The interface says in the answer whether it went well (`code: 0`), though the HTTP status is always 200."""

    at: Path
    values: tuple[str, ...] = Field(min_length=1)


class Auth(PolicyModel):
    """Where the secret goes. It stands in OPINION_SOURCE_<NAME>_TOKEN, or in the file that ..._TOKEN_FILE names."""

    header: str | None = Field(default=None, pattern=r"^[A-Za-z0-9-]{1,64}$")
    query: Parameter | None = None
    prefix: str = Field(default="", max_length=40)
    """Stands before it, e.g. `Bearer ` with the space."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.header is None) == (self.query is None):
            raise ValueError("name either header or query")
        return self


class ApiSource(SourceBase):
    """A JSON interface: of a data vendor under licence, of a 12345 hotline."""

    kind: Literal["json_api"]
    url: WebAddress
    method: Literal["GET", "POST"] = "GET"
    query: dict[str, str] = Field(default_factory=dict)
    body: dict[str, JsonValue] | None = None
    """JSON sent with POST; paging and `since` go in it then."""
    auth: Auth | None = None
    items: Path | None = None
    """Where the list of records stands in the answer; left out: the answer is the list."""
    items_may_be_missing: bool = False
    """True: an answer without that list holds no records; otherwise it is an error, and most often a typo here."""
    newest_first: bool = False
    """True: a page with nothing but what an earlier round had ends the round (for interfaces without `since`)."""
    expect: Expected | None = None
    paging: Paging | None = None
    since: Since | None = None
    mapping: Code
    max_pages: int = Field(default=200, ge=1, le=10_000)
    """Pages read in one poll; the next poll goes on there."""
    remember: int = Field(default=5000, ge=100, le=100_000)
    """Records remembered so as not to send them again: several times what lies within the overlap."""

    @model_validator(mode="after")
    def _body_by_post(self) -> Self:
        if self.body is not None and self.method != "POST":
            raise ValueError("a body needs method: POST")
        return self


class FolderSource(SourceBase):
    """A folder into which exported files are put: JSON Lines, CSV, Excel (xlsx)."""

    kind: Literal["folder"]
    path: str = Field(min_length=1, max_length=1000)
    """The folder. Files read go to `done` below it, files that could not be read to `failed`, each with its report."""
    mapping: Code | None = None
    """Left out: the files are JSON Lines of raw mentions as they are."""
    patterns: tuple[str, ...] = ("*.jsonl", "*.ndjson", "*.csv", "*.tsv", "*.txt", "*.xlsx", "*.xls", "*.xlsm")
    """Names of the files that are read, whatever their case; others are left alone."""
    stable_seconds: float = Field(default=5, ge=0, le=3600)
    """A file is read once its size and time have not changed for so long."""
    page_rows: int = Field(default=500, ge=1, le=10_000)
    """Rows sent at a time; after a crash no more than these are sent again."""
    max_megabytes: float = Field(default=500, gt=0, le=100_000)
    remember: int = Field(default=2000, ge=10, le=100_000)
    """Files remembered by their content, so that none is read twice."""


class KafkaSource(SourceBase):
    """A topic of another body.

    From the environment: OPINION_SOURCE_<NAME>_USERNAME and ..._PASSWORD (or ..._PASSWORD_FILE), and the paths
    ..._CA, ..._CERTIFICATE and ..._KEY, as for our own broker.
    """

    kind: Literal["kafka"]
    bootstrap: str = Field(min_length=3, max_length=1000, pattern=r"^[^\s/@]+:\d+(,[^\s/@]+:\d+)*$")
    """HOST:PORT[,HOST:PORT]"""
    topic: str = Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")
    security: Literal["plaintext", "tls", "sasl_tls"] = "sasl_tls"
    mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256"] = "SCRAM-SHA-512"
    start: Literal["earliest", "latest"] = "earliest"
    """Where the first poll begins."""
    mapping: Code | None = None
    """Left out: the records are raw mentions as they are."""
    page_records: int = Field(default=500, ge=1, le=10_000)
    max_records: int = Field(default=50_000, ge=1)
    """Records read in one poll; the next poll goes on there."""
