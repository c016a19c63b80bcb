"""What a complete answer holds (回应要件): elements, how each is recognised, which nature of concern needs which."""

from __future__ import annotations

import re

from pydantic import Field, field_validator, model_validator

from opinion_stream.models.base import Nature, Share
from opinion_stream.policy.base import Code, PolicyModel, Word


class Element(PolicyModel):
    """One thing an answer should say. Any word, or any match of a pattern, shows that it is there."""

    name: Word
    words: tuple[Word, ...] = ()
    patterns: tuple[str, ...] = ()
    """Regular expressions."""
    names_a_unit: bool = False
    """The name or a short name of any unit of `units.yaml` shows it too."""
    advice: str = Field(min_length=1, max_length=200)
    """What to tell the drafter when it is missing."""

    @field_validator("patterns")
    @classmethod
    def _compile(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
        return value

    @model_validator(mode="after")
    def _recognisable(self) -> Element:
        if not (self.words or self.patterns or self.names_a_unit):
            raise ValueError("give words, patterns or names_a_unit: nothing would ever show it")
        return self


class Answers(PolicyModel):
    """`answers.yaml`."""

    elements: dict[Code, Element] = Field(min_length=1)
    requires: dict[Nature, tuple[Code, ...]]
    """Elements by nature of the concern; a nature that is not listed needs none."""
    min_points: Share
    """Share of the concern's points that a draft should touch."""
    points_advice: str
    """May use {points}: those it does not touch."""
    min_chars: int = Field(ge=0)
    short_advice: str
    source: str

    @model_validator(mode="after")
    def _known_elements(self) -> Answers:
        for nature, codes in self.requires.items():
            for code in codes:
                if code not in self.elements:
                    raise ValueError(f"requires.{nature}: {code!r} is not one of `elements`")
        return self
