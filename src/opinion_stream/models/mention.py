"""RawMention (原始提及), as handed in and untrusted, and Mention (提及), as collected."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from opinion_stream.models.base import Count, Instant, WireModel


def _id_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class RawMedia(BaseModel):
    """Where it was said, as the source states it."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    name: str | None = Field(default=None, max_length=200)
    kind: str | None = Field(default=None, max_length=100)
    tier: str | int | None = None


class RawMention(BaseModel):
    """One thing said in public, as a connector, a file or another body hands it in.

    Strict: a number where a text belongs is refused rather than guessed at. A time without a zone is
    read in the policy's time zone. Counts are non-negative.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    source: str = Field(min_length=1, max_length=100)
    text: str
    published_at: Annotated[datetime, Field(strict=False)]
    id: Annotated[Annotated[str, Field(max_length=200)] | None, BeforeValidator(_id_as_text)] = None
    title: str | None = ""
    channel: str | None = Field(default=None, max_length=100)
    author: Annotated[Annotated[str, Field(max_length=500)] | None, BeforeValidator(_id_as_text)] = None
    url: str | None = Field(default=None, max_length=4000)
    media: RawMedia | None = None
    region_hint: str | None = Field(default=None, max_length=200)
    lang: str | None = Field(default=None, max_length=35)
    likes: Count | None = 0
    dislikes: Count | None = 0
    reposts: Count | None = 0
    comments: Count | None = 0
    reads: Count | None = 0


class Media(WireModel):
    """A medium. Only media listed in the policy keep their name: an account of a person has none here."""

    name: str | None = None
    kind: str = "unknown"
    tier: str = "unknown"
    """Key of `tiers` in `config/media.yaml`."""


class Mention(WireModel):
    """Cleaned, masked, deduplicated. Nothing in it tells who spoke.

    `id` is deterministic: `source:source id`, or derived from the content where the source gives none.
    `voice` is the keyed pseudonym of the author, used for nothing but counting distinct voices.
    `fingerprint` is the hash of the normalised words: equal for exact repeats. `duplicate_of` names the
    mention this one repeats word for word; it still counts as a voice, not as a new matter.
    """

    id: str
    source: str
    source_id: str | None
    channel: str | None
    title: str
    text: str
    published_at: Instant
    received_at: Instant
    voice: str | None
    url: str | None
    media: Media
    region_hint: str | None
    lang: str | None
    likes: Count
    dislikes: Count
    reposts: Count
    comments: Count
    reads: Count
    fingerprint: str
    duplicate_of: str | None = None
    masked: dict[str, int] = Field(default_factory=dict)
    """How many items of each kind of personal data were masked, e.g. {"phone": 1}."""
    watch: tuple[str, ...] = ()
    """Names of the priority rules of `config/watch.yaml` that it meets."""
    set_aside: str | None = None
    """Name of the exclusion of `config/watch.yaml` by which it is no public concern: kept, counted, not assessed."""
    watch_version: str | None = None
    """Which edition of those rules said so."""

    @property
    def interactions(self) -> int:
        """Likes, dislikes, reposts and comments together; reads are counted apart."""
        return self.likes + self.dislikes + self.reposts + self.comments
