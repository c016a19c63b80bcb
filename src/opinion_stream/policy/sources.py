"""Sources (来源): what is read, how often, on what ground, and how politely."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from opinion_stream.policy.base import PolicyModel
from opinion_stream.policy.source import Schedule, SourceBase
from opinion_stream.policy.source_data import ApiSource, FolderSource, KafkaSource
from opinion_stream.policy.source_health import HealthRules
from opinion_stream.policy.source_web import RssSource, WebSource

if TYPE_CHECKING:
    from opinion_stream.policy.loader import Policy

Source = Annotated[
    RssSource | WebSource | ApiSource | FolderSource | KafkaSource,
    Field(discriminator="kind"),
]
"""Every kind of source. A new kind is a model of its own (see `source.py`), named here."""


class HttpManners(PolicyModel):
    """How we ask for pages: who we say we are, how often a host hears from us, when we give up."""

    agent: str = Field(default="opinion-stream", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,60}$")
    """Our name towards web servers, and in robots.txt."""
    contact: str = Field(min_length=3, max_length=200, pattern=r"^[\x20-\x7e]+$")
    """Where a webmaster reaches the operator: an address of a page or a mailbox."""
    per_host_seconds: float = Field(default=2, ge=0, le=3600)
    """Least time between the beginnings of two requests to one host; a longer Crawl-delay is kept."""
    per_host_concurrency: int = Field(default=1, ge=1, le=32)
    timeout_seconds: float = Field(default=30, gt=0, le=600)
    max_bytes: int = Field(default=5_000_000, ge=10_000, le=200_000_000)
    max_redirects: int = Field(default=5, ge=0, le=20)
    attempts: int = Field(default=3, ge=1, le=10)
    """Tries of one request within a poll."""
    retry_seconds: float = Field(default=2, gt=0, le=600)
    """Wait before the second try; it doubles from try to try, and is spread by chance."""
    longest_wait_seconds: float = Field(default=120, gt=0, le=3600)
    """What a server asks us to wait (Retry-After) within a poll; for longer the source is left to a later poll."""
    robots_hours: float = Field(default=12, gt=0, le=24)
    """For how long a robots.txt is believed (RFC 9309, 2.4: no longer than 24 hours)."""


class SourceDefaults(PolicyModel):
    """What holds for every source that does not say otherwise."""

    schedule: Schedule
    http: HttpManners
    backoff_seconds: float = Field(default=30, gt=0, le=3600)
    """Wait after a source's first failed poll; it doubles with each further one, and is spread by chance."""
    backoff_longest_minutes: float = Field(default=60, gt=0, le=24 * 60)
    health: HealthRules = HealthRules()


class SourcesPolicy(PolicyModel):
    """`sources.yaml`."""

    defaults: SourceDefaults
    sources: tuple[Source, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> SourcesPolicy:
        twice = sorted(name for name, times in Counter(source.name for source in self.sources).items() if times > 1)
        if twice:
            raise ValueError(f"the names of sources must differ: {', '.join(twice)}")
        return self

    def schedule_of(self, source: SourceBase) -> Schedule:
        """The source's own schedule, or the default one."""
        return source.schedule or self.defaults.schedule


def source_problems(policy: Policy) -> Iterator[str]:
    """What `sources.yaml` names and other files do not know; each line starts with the file's name."""
    # Imported here and not above: the check works on the policy, whose package this module belongs to.
    from opinion_stream.domain.collection.media import MediaResolver

    regions = {region.code for region in policy.regions.regions}
    resolver = MediaResolver(policy.media)
    for source in policy.sources.sources:
        key = f"sources.yaml: sources.{source.name}"
        mapping = getattr(source, "mapping", None)
        if mapping is not None and mapping not in policy.mappings.files:
            yield f"{key}.mapping: there is no mappings/{mapping}.yaml"
        if source.region_hint is not None and source.region_hint not in regions:
            yield f"{key}.region_hint: {source.region_hint!r} is not in regions.yaml"
        if source.channel is not None and source.channel not in policy.media.channels:
            yield f"{key}.channel: {source.channel!r} is not one of `channels` of media.yaml"
        media = source.media
        if media is None or media.tier is None:
            continue
        if media.tier not in policy.media.tiers:
            yield f"{key}.media.tier: {media.tier!r} is not one of `tiers` of media.yaml"
            continue
        known = resolver.resolve(media.name, media.kind, source.channel).tier
        if known != media.tier:
            yield (
                f"{key}.media.tier: {media.tier!r}, but by media.yaml this medium is of tier {known!r}; "
                "list it under `media` there, or name its kind or channel"
            )
