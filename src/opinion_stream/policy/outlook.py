"""`trend.yaml` and `warnings.yaml`: the fitted outlook of an incident's volume, and when an early warning is given."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from opinion_stream.models.base import Grade
from opinion_stream.policy.base import PolicyModel

Weight = Annotated[float, Field(gt=0)]
HourProfile = Annotated[tuple[Weight, ...], Field(min_length=24, max_length=24)]
"""Activity of the hours 0-23 of a local day, relative to each other."""
WeekProfile = Annotated[tuple[Weight, ...], Field(min_length=7, max_length=7)]
"""Activity of Monday to Sunday, relative to each other."""


class Regime(PolicyModel):
    """One log-linear negative binomial line: what log(mean) and log(shape) of the coming volume are made of.

    Terms: `e1`, `e4`, `e24` = log(0.5 + mentions weighted by exp(-age / 1 h, 4 h, 24 h)); `age` = log(1 + hours since
    the first mention, at most 48). log(mean) adds the log of the active hours in the horizon.
    """

    intercept: float
    e1: float = 0.0
    e4: float = 0.0
    e24: float = 0.0
    age: float = 0.0
    shape: float
    shape_e1: float = 0.0
    shape_e24: float = 0.0
    shape_age: float = 0.0


class Horizon(PolicyModel):
    """The two lines of one horizon: matters that hardly move, and matters that spread."""

    quiet: Regime
    spreading: Regime


class Outlook(PolicyModel):
    """`trend.yaml`. `spreading_from`: weighted mentions (4 h) at which both lines count alike."""

    source: str
    growth_p: float = Field(gt=0, lt=1)
    """Growth is told from chance at this level (test of two Poisson rates)."""
    spreading_from: float = Field(gt=0)
    profile: HourProfile
    hours_6: Horizon
    hours_24: Horizon


class Burst(PolicyModel):
    """When a category of a region counts as bursting against its own usual level."""

    windows_hours: tuple[Annotated[int, Field(ge=1, le=168)], ...] = Field(min_length=1)
    minimum: int = Field(ge=2)
    """Fewest mentions in the window."""
    p_value: float = Field(gt=0, lt=1)
    """Opens when so many or more would come by chance at most with this probability."""
    factor: float = Field(ge=1)
    """... and the count is at least so many times the usual."""
    clear_p: float = Field(gt=0, lt=1)
    """Closes when the count of every window is again likelier than this."""
    guard_hours: int = Field(ge=1)
    """The latest hours are not yet part of the usual level, so that a burst does not hide itself."""
    warm_up_hours: float = Field(ge=0)
    """No burst is told before the region has been followed for so long."""
    half_life_days: float = Field(gt=0)
    prior_per_day: float = Field(gt=0)
    prior_days: float = Field(gt=0)
    """Before anything is known: so many mentions a day, with the weight of so many days."""
    scatter: float = Field(ge=0)
    """Variance of the true rate about its usual level, relative to its square (0: Poisson)."""
    outlier: float = Field(gt=0)
    """An hour counts towards the usual level up to so many standard deviations above it."""
    profile_weight: float = Field(gt=0)
    """A profile of its own takes over from the wider one as its mentions pass this number."""
    hours: HourProfile
    weekdays: WeekProfile

    @model_validator(mode="after")
    def _consistent(self) -> Burst:
        if self.guard_hours < max(self.windows_hours):
            raise ValueError("guard_hours must be at least the longest of windows_hours")
        if self.clear_p <= self.p_value:
            raise ValueError("clear_p must be above p_value")
        return self


class Growth(PolicyModel):
    """When an open incident that is not yet graded high is warned of: one of both limits is enough."""

    grades: tuple[Grade, ...]
    """Grades that count as "not yet large"."""
    minimum: int = Field(ge=2)
    """Fewest mentions in the trend window."""
    expected_24h: float = Field(gt=0)
    doubling_hours: float = Field(gt=0)
    quiet_hours: float = Field(gt=0)
    """Closes when the incident has had no mention for so long."""


class Warnings(PolicyModel):
    """`warnings.yaml`."""

    source: str
    kept: int = Field(ge=1, le=100)
    """Largest number of mention ids in a warning."""
    repeat_factor: float = Field(gt=1)
    """An open warning is issued again when its figure has grown so many times."""
    burst: Burst
    growth: Growth
