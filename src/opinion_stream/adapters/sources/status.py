"""How sources stand, read from the files that the collect service keeps; asks nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from opinion_stream.adapters.sources.base import Json
from opinion_stream.adapters.sources.cursors import FOLDER
from opinion_stream.adapters.sources.journal import PollJournal
from opinion_stream.domain.sources.health import Diagnosis, Figures, diagnose
from opinion_stream.domain.sources.history import History
from opinion_stream.domain.sources.wording import lasting, local, reason_of
from opinion_stream.models.source import SourceState
from opinion_stream.policy import Policy
from opinion_stream.policy.source import SourceBase


@dataclass(frozen=True)
class SourceStatus:
    """A source at a moment. `cursor_at`: when its cursor was stored last. `next_at`: its next poll, at the latest."""

    diagnosis: Diagnosis
    reason: str
    now: datetime
    zone: ZoneInfo
    cursor_at: datetime | None
    next_at: datetime | None

    @property
    def source(self) -> SourceBase:
        """The source."""
        return self.diagnosis.source

    @property
    def state(self) -> SourceState:
        """Its state."""
        return self.diagnosis.state

    @property
    def needs_attention(self) -> bool:
        """Whether somebody must look: a fault, or an enabled source that was never read."""
        return self.state.is_fault or self.state is SourceState.UNKNOWN

    def cells(self) -> tuple[str, ...]:
        """For the table: last success, last news, lag, error rate, silence and its usual, missed and caught up, age of
        the cursor, next poll."""
        figures = self.diagnosis.figures
        quiet, rate = figures.quiet, figures.error_rate
        lag = figures.lag(self.now)
        return (
            self._time(figures.last_success_at),
            self._time(figures.last_new_at),
            lasting(lag) if lag is not None else "—",
            f"{rate:.0%}（{figures.failed}/{figures.polls}）" if rate is not None else "—",
            f"{lasting(quiet.lasting)}/{lasting(quiet.until - quiet.since)}" if quiet is not None else "学习中",
            f"{figures.missed}/{figures.caught_up}",
            f"{lasting(self.now - self.cursor_at)}前" if self.cursor_at is not None else "—",
            self._next(),
        )

    def as_json(self) -> dict[str, Json]:
        """Every figure; times in ISO form, lengths in seconds."""
        figures = self.diagnosis.figures
        lag = figures.lag(self.now)
        return {
            "source": self.source.name,
            "title": self.source.title,
            "enabled": self.source.enabled,
            "state": self.state.value,
            "label": self.state.label,
            "healthy": not self.needs_attention,
            "rule": self.diagnosis.rule,
            "reason": self.reason,
            "last_poll_at": _iso(figures.last_poll_at),
            "last_success_at": _iso(figures.last_success_at),
            "last_new_at": _iso(figures.last_new_at),
            "latest_published_at": _iso(figures.latest_published_at),
            "lag_seconds": lag.total_seconds() if lag is not None else None,
            "polls": figures.polls,
            "failed_polls": figures.failed,
            "error_rate": figures.error_rate,
            "records": figures.records,
            "consecutive_failures": figures.failures_in_a_row,
            "error_kind": figures.error_kind,
            **_quiet(figures),
            "missed_polls": figures.missed,
            "caught_up": figures.caught_up,
            "outages": [
                {
                    "since": _iso(outage.since),
                    "until": _iso(outage.until),
                    "missed_polls": outage.missed,
                    "failures": outage.failures,
                    "caught_up": outage.caught_up,
                    "error_kind": outage.error_kind,
                }
                for outage in figures.outages
            ],
            "cursor_at": _iso(self.cursor_at),
            "next_poll_by": _iso(self.next_at),
        }

    def _time(self, at: datetime | None) -> str:
        return local(at, self.zone) if at is not None else "—"

    def _next(self) -> str:
        if self.state is SourceState.OFF:
            return "—"
        if self.next_at is None:
            return "未开始"
        overdue = self.now - self.next_at > timedelta(minutes=1)
        return f"{self._time(self.next_at)}{'（已过，collect 在运行吗？）' if overdue else ''}"


def statuses(state_dir: Path, policy: Policy, sources: Sequence[SourceBase], now: datetime) -> list[SourceStatus]:
    """How each of the sources stands at `now`, in their order. Raises OSError when the files cannot be read."""
    folder = state_dir / FOLDER
    journal, zone = PollJournal(folder), ZoneInfo(policy.jurisdiction.timezone)
    return [_status(source, journal, folder, policy, zone, now) for source in sources]


def _status(
    source: SourceBase, journal: PollJournal, folder: Path, policy: Policy, zone: ZoneInfo, now: datetime
) -> SourceStatus:
    defaults, schedule = policy.sources.defaults, policy.sources.schedule_of(source)
    history = History(schedule, defaults.health.silence, zone, journal.outcomes(source.name))
    diagnosis = diagnose(source, history, defaults.health, now)
    longest = timedelta(minutes=defaults.backoff_longest_minutes)
    return SourceStatus(
        diagnosis=diagnosis,
        reason=reason_of(diagnosis, defaults.health, zone, now, schedule.every_minutes),
        now=now,
        zone=zone,
        cursor_at=_changed(folder / f"{source.name}.json", now),
        next_at=history.next_due(longest, defaults.backoff_seconds),
    )


def _changed(path: Path, now: datetime) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, now.tzinfo)
    except FileNotFoundError:
        return None


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _quiet(figures: Figures) -> dict[str, Json]:
    quiet = figures.quiet
    return {
        "silent_seconds": quiet.lasting.total_seconds() if quiet is not None else None,
        "usual_seconds": (quiet.until - quiet.since).total_seconds() if quiet is not None else None,
        "silence_ratio": round(quiet.ratio, 4) if quiet is not None else None,
        "news_due_by": _iso(quiet.until) if quiet is not None else None,
        "by_rhythm": round(quiet.by_rhythm, 3) if quiet is not None else None,
    }
