"""What counts as a near copy of an earlier mention: the `copies` section of incidents.yaml."""

from __future__ import annotations

from pydantic import Field

from opinion_stream.policy.base import PolicyModel, Word


class CopyRules(PolicyModel):
    """Bounds of the comparison and of its memory. Lengths in letters, digits and Chinese characters."""

    window_days: float = Field(gt=0)
    """For how long (event time) a mention is remembered as a possible original."""
    max_remembered: int = Field(ge=1)
    """Most mentions remembered per shard; the oldest is forgotten first."""
    min_chars: int = Field(ge=4)
    """Fewest characters of a text that can be a near copy, and fewest that it must have in common."""
    min_share: float = Field(gt=0, le=1)
    """Least share of the shorter of two texts that must stand in the other."""
    name_endings: tuple[Word, ...]
    """Words that end names of places and bodies (路, 小区, 医院): where two texts differ right before one of them,
    they speak of different places."""
    numbered_endings: tuple[Word, ...] = ()
    """Those of them before which a number is a name (3号线); before all others it only counts (3小区)."""
    common_words: tuple[Word, ...] = ()
    """Words before such an ending that name nothing (我们, 附近): differing in them is mere wording."""
