"""Supervision (督查考核): how figures are told."""

from __future__ import annotations

from pydantic import Field, model_validator

from opinion_stream.models.base import Nature
from opinion_stream.policy.base import PolicyModel


class Effects(PolicyModel):
    """How the effect of a response is measured: the same number of hours before and after it."""

    hours: tuple[float, ...] = Field(min_length=1, max_length=8)
    report_hours: float = 24
    """The one of `hours` that a bulletin tells."""
    min_mentions: int = Field(ge=1)
    """Fewer mentions before the response are too few to judge by."""
    critical_natures: tuple[Nature, ...] = Field(min_length=1)
    """Natures that voice a concern; thanks and the like are the rest."""

    @model_validator(mode="after")
    def _hours_differ(self) -> Effects:
        if any(not 0 < hours <= 24 * 31 for hours in self.hours) or len(set(self.hours)) != len(self.hours):
            raise ValueError("hours: each above 0, at most 744, and no two alike")
        if self.report_hours not in self.hours:
            raise ValueError(f"report_hours: {self.report_hours:g} is not one of `hours`")
        return self


class Supervision(PolicyModel):
    """`supervision.yaml`. `small_count`: a share of fewer cases than this is told as counts alone."""

    small_count: int = Field(ge=0, le=1000)
    effects: Effects
    source: str
