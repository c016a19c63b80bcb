"""What every source (来源) has in common, whatever its kind: name, rhythm, place, medium, ground for reading it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from opinion_stream.policy.base import Code, PolicyModel, Word
from opinion_stream.policy.notify import QuietHours

WebAddress = Annotated[str, Field(max_length=2000, pattern=r"^https?://[^\s/]+\S*$")]
"""An http or https address. Passwords and tokens do not belong in it: the environment gives them."""


class Schedule(PolicyModel):
    """How often a source is asked, and the hours (local time of the jurisdiction) in which it is left alone."""

    every_minutes: float = Field(gt=0, le=7 * 24 * 60)
    quiet_hours: QuietHours | None = None


class SourceMedia(PolicyModel):
    """The medium a source speaks for.

    `tier`, a key of `tiers` in `media.yaml`, is for the reader of this file; the loader checks that it is the one
    which `media.yaml` gives this name, kind and channel, since that one counts.
    """

    name: Word | None = None
    kind: Word | None = None
    tier: Word | None = None


class SourceBase(PolicyModel):
    """One source. Each kind adds its own fields and a `kind: Literal[...]` that tells it from the others.

    `name` is the stable id: it stands in every mention's id, names the state file, and is never reused.
    """

    name: Code
    title: Word
    """What duty staff call it."""
    enabled: bool = False
    schedule: Schedule | None = None
    """Left out: that of `defaults`."""
    region_hint: Code | None = None
    """Code of a region; used for mentions that name no place themselves."""
    channel: Word | None = None
    """Key of `channels` in `media.yaml`."""
    media: SourceMedia | None = None
    lang: str | None = Field(default=None, max_length=35)
    licence: str = Field(min_length=4, max_length=1000)
    """On what ground this source may be read: terms of use, contract, order, consent."""
    expected_every_hours: float | None = Field(default=None, gt=0)
    """Its usual rhythm: after so long (nights not counted, see `defaults.health`) without anything new it is a blind
    spot. It holds until the source's own rhythm is learned, and then ever less. Left out: the learned one alone."""
