"""When a source counts as healthy (来源健康): thresholds of failures, lateness and silence."""

from __future__ import annotations

from pydantic import Field, model_validator

from opinion_stream.policy.base import PolicyModel
from opinion_stream.policy.notify import QuietHours


class Silence(PolicyModel):
    """How long without anything new is longer than usual.

    A source's own rhythm is learned once `learn_days` of reading and `learn_gaps` gaps between news are known; before
    that, `expected_every_hours` of the source holds alone, if it is given; without either, silence is not judged.
    """

    quantile: float = Field(default=0.98, ge=0.5, lt=1)
    """Of its own gaps between news, so many are no sign of silence."""
    day_quantile: float = Field(default=0.9, ge=0.5, le=1)
    """The longest gaps of so many of its days are none either: nights, weekends."""
    factor: float = Field(default=1.75, ge=1, le=10)
    """A silence must be so many times as long as that gap."""
    least_hours: float = Field(default=2, gt=0, le=24 * 30)
    """A shorter time without anything new is never silence."""
    longest_days: float = Field(default=30, gt=0, le=400)
    """A longer one always is, as soon as the rhythm is known."""
    learn_days: float = Field(default=7, ge=1, le=60)
    """A week, so that each weekday has been seen."""
    learn_gaps: int = Field(default=10, ge=3, le=1000)
    prior_days: float = Field(default=7, gt=0, le=365)
    """`expected_every_hours` counts as much as so many days of own history."""
    night: QuietHours | None = None
    """Hours in which `expected_every_hours` does not run on; the learned rhythm has its own nights."""


class HealthRules(PolicyModel):
    """`defaults.health` of `sources.yaml`."""

    window_hours: float = Field(default=24, ge=1, le=24 * 14)
    """Error rate, missed polls and what was caught up are told of so long."""
    failing_polls: int = Field(default=3, ge=1, le=100)
    """So many failed polls in a row make a source failing."""
    error_rate: float = Field(default=0.5, gt=0, le=1)
    """So large a share of failed polls within the window does too, while one of the last `failing_polls` failed."""
    fewest_polls: int = Field(default=6, ge=1, le=1000)
    """With fewer polls in the window the share says nothing."""
    late_polls: float = Field(default=3, ge=1.5, le=100)
    """Without success for so many times its pace, a source is late."""
    late_hours: float = Field(default=48, gt=0, le=24 * 365)
    """If all that is new is older than this when it comes, a source is late."""
    settle_minutes: float = Field(default=30, ge=0, le=24 * 60)
    """After a fault a source must be well for so long before that is told."""
    check_seconds: float = Field(default=60, gt=0, le=3600)
    """How often the `collect` service looks through its sources."""
    silence: Silence = Silence()

    @model_validator(mode="after")
    def _consistent(self) -> HealthRules:
        if self.silence.least_hours > self.silence.longest_days * 24:
            raise ValueError("silence.least_hours is longer than silence.longest_days")
        return self
