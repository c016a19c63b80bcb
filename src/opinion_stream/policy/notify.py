"""Notifications (通知): which channels there are, when they keep quiet, what is gathered into a digest."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from opinion_stream.models.base import Grade
from opinion_stream.policy.base import Code, PolicyModel, Waits, Word


class Channel(PolicyModel):
    """A way to reach duty posts. Its address is a secret: the environment gives it, never this file."""

    name: Word


class QuietHours(PolicyModel):
    """Hours (local time of the jurisdiction) without notifications; they may cross midnight."""

    start: time
    end: time

    @model_validator(mode="after")
    def _an_interval(self) -> QuietHours:
        if self.start == self.end:
            raise ValueError("start and end are the same; leave `quiet_hours` out to have none")
        return self

    def over(self, at: datetime, zone: ZoneInfo) -> datetime:
        """`at`, or the end of the quiet hours it falls into; `zone` is the jurisdiction's."""
        local = at.astimezone(zone)
        clock = local.time()
        if self.start < self.end:
            within, days = self.start <= clock < self.end, 0
        else:
            within, days = clock >= self.start or clock < self.end, int(clock >= self.start)
        if not within:
            return at
        end = datetime.combine(local.date() + timedelta(days=days), self.end, zone)
        return end.astimezone(at.tzinfo)


class Notify(PolicyModel):
    """`notify.yaml`."""

    channels: dict[Code, Channel] = Field(min_length=1)
    """By the channel codes that `roles` of `routes.yaml` use."""
    at_once: tuple[Grade, ...] = (Grade.I, Grade.II)
    """Matters of these grades are sent at once and one by one, in quiet hours too."""
    quiet_hours: QuietHours | None = None
    source_faults: Code | None = None
    """Channel that is told when a source fails, comes late or falls silent, and when it is well again."""
    digest_minutes: float = Field(gt=0, le=24 * 60)
    """Other notices wait so long for company, counted from the first one waiting."""
    digest_lines: int = Field(gt=0, le=200)
    """Notices written out in one digest; of the rest only the number is told."""
    retry_seconds: Waits
    stale_hours: float = Field(gt=0)
    """What is older when the service starts for the first time is history, and is not sent."""
    source: str

    @model_validator(mode="after")
    def _source_faults_go_somewhere(self) -> Notify:
        if self.source_faults is not None and self.source_faults not in self.channels:
            raise ValueError(f"source_faults: {self.source_faults!r} is not one of `channels`")
        return self
