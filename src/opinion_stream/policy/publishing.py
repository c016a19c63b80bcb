"""Publishing (公开发布): in which order approved responses go out, and how often a failed one is tried again."""

from __future__ import annotations

from opinion_stream.models.base import Grade
from opinion_stream.policy.base import PolicyModel, Waits


class Publishing(PolicyModel):
    """`publishing.yaml`."""

    first: tuple[Grade, ...] = (Grade.I, Grade.II)
    """Responses to matters of these grades go out before all others."""
    retry_seconds: Waits
    source: str
