"""What one stage asks of another on its topic of commands."""

from __future__ import annotations

from dataclasses import dataclass

from opinion_stream.models.command import IncidentCommand


@dataclass(frozen=True)
class GradeOrder:
    """A command to the incidents stage, and the shard of the incident that it is keyed by."""

    shard: str
    command: IncidentCommand
