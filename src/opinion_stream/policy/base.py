"""The base of every policy model: frozen, and an unknown key is an error, since it is most often a typo."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
"""A stable identifier of ours: letters, digits, dot, dash and underscore."""

Word = Annotated[str, Field(min_length=1, max_length=60)]
Score = Annotated[float, Field(ge=0, le=100)]


Waits = Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)]
"""Seconds before the second, third, … attempt; the last one goes on for ever: nothing is given up."""


def wait_after(failures: int, waits: Waits) -> timedelta:
    """How long to wait after so many failures before this one (0 or more)."""
    return timedelta(seconds=waits[min(failures, len(waits) - 1)])


class PolicyModel(BaseModel):
    """A frozen piece of policy."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Condition(PolicyModel):
    """When a rule applies. All parts that are given must hold; a part that is not given always holds.

    `any_words`: at least one stands in the text. `all_words`: each group has at least one word in the
    text. `none_words`: none stands in it. `categories`: level-1 names. `natures`: keys of `nature.yaml`.
    `min_sensitivity`: 0-100.
    """

    any_words: tuple[Word, ...] = ()
    all_words: tuple[tuple[Word, ...], ...] = ()
    none_words: tuple[Word, ...] = ()
    categories: tuple[str, ...] = ()
    natures: tuple[str, ...] = ()
    min_sensitivity: Score = 0

    def words(self) -> tuple[str, ...]:
        """All words the condition looks for, so that one scan of the text finds them."""
        return (*self.any_words, *(w for group in self.all_words for w in group), *self.none_words)
