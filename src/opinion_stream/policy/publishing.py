"""Publishing (公开发布): in which order approved responses go out, and how often a failed one is tried again."""

from __future__ import annotations

from pydantic import Field, model_validator

from opinion_stream.models.base import Grade
from opinion_stream.policy.base import PolicyModel


class Publishing(PolicyModel):
    """`publishing.yaml`."""

    first: tuple[Grade, ...] = (Grade.I, Grade.II)
    """Responses to matters of these grades go out before all others."""
    retry_seconds: tuple[float, ...] = Field(min_length=1)
    """Waits before the second, third, … attempt; the last one goes on for ever: nothing is given up."""
    source: str

    @model_validator(mode="after")
    def _waits_are_positive(self) -> Publishing:
        if any(wait <= 0 for wait in self.retry_seconds):
            raise ValueError("retry_seconds: every wait must be above 0")
        return self
