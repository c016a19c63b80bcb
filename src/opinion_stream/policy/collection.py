"""Limits of the collection stage: what is refused as implausible, how long repeats are remembered."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from opinion_stream.policy.base import PolicyModel, Word


class CollectionPolicy(PolicyModel):
    """`collection.yaml`."""

    max_text_chars: int = Field(ge=100)
    max_title_chars: int = Field(ge=10)
    max_record_bytes: int = Field(ge=1000)
    earliest: AwareDatetime
    """Nothing can have been published before."""
    max_ahead_hours: float = Field(ge=0)
    """How far a publication time may lie ahead of the time of receipt (clocks differ)."""
    repeat_window_days: float = Field(gt=0)
    """For how long after its receipt an exact repeat of a mention is recognised."""
    max_remembered: int = Field(default=500_000, ge=1000)
    """Most ids, and most wordings, that a partition remembers; beyond, the oldest are forgotten before their time."""
    min_repeat_chars: int = Field(default=10, ge=0)
    """Fewest letters, digits and Chinese characters (title and text) of a repeat: two people may both write 谢谢."""
    not_a_name: tuple[Word, ...] = ()
    """Words that look like a Chinese surname with a title but are no person's name."""
    anonymous_authors: tuple[Word, ...] = ()
    """What stands as an author where nobody gave a name (匿名): each such mention is a voice of its own."""
    public_numbers: tuple[Annotated[str, Field(pattern=r"^[0-9][0-9 ()（）-]{5,18}$")], ...] = ()
    """Telephone numbers of public offices, with area code: nobody's own, so they are not masked."""
