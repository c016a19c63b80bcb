"""Growth (增长): an open incident that is graded low and is about to become large."""

from __future__ import annotations

from datetime import datetime, timedelta

from opinion_stream.domain.incidents.outlook import Volume
from opinion_stream.domain.incidents.record import IncidentRecord, winner
from opinion_stream.domain.incidents.titles import fallback_title
from opinion_stream.domain.incidents.trend import trend_at, volumes_at
from opinion_stream.domain.places import Places
from opinion_stream.domain.ranking import strongest
from opinion_stream.domain.warning.words import growth_graded, growth_quiet, growth_reason
from opinion_stream.models.incident import Trend
from opinion_stream.models.warning import EarlyWarning, WarnedIncident, WarningKind, WarningStatus
from opinion_stream.policy.loader import Policy


class Growths:
    """Tests the outlook of an incident against the limits of warnings.yaml. Holds no state."""

    def __init__(self, policy: Policy, places: Places) -> None:
        self._policy = policy
        self._warnings = policy.warnings
        self._limits = policy.warnings.growth
        self._places = places
        self._volume = Volume(policy)

    def opened(self, warning_id: str, record: IncidentRecord) -> EarlyWarning | None:
        """A new warning, if the incident is graded low and one of the limits is crossed."""
        if record.grade not in self._limits.grades or record.mentions < self._limits.minimum:
            return None
        recent, _ = volumes_at(record.buckets, record.last_at, self._policy.incidents)
        if recent < self._limits.minimum:
            return None
        trend = self._trend(record)
        fast = trend.doubling_hours is not None and trend.doubling_hours <= self._limits.doubling_hours
        much = trend.expected_24h is not None and trend.expected_24h.value >= self._limits.expected_24h
        if not (fast or much):
            return None
        title = self._title(record)
        return EarlyWarning(
            id=warning_id,
            version=1,
            kind=WarningKind.GROWTH,
            status=WarningStatus.OPEN,
            region=self._places.ref(record.region),
            category=winner(record.categories),
            opened_at=record.last_at,
            at=record.last_at,
            window_hours=trend.window_hours,
            observed=trend.recent,
            trend=trend,
            grade=record.grade,
            incidents=(WarnedIncident(id=record.id, mentions=record.mentions),),
            mention_ids=tuple(record.mention_ids[-self._warnings.kept :]),
            title=title,
            reason=growth_reason(title, trend, record.grade),
        )

    def renewed(self, warning: EarlyWarning, record: IncidentRecord) -> EarlyWarning | None:
        """The warning closed, if the incident is graded high; again, if its volume grew `repeat_factor` times."""
        if record.grade not in self._limits.grades:
            reason = growth_graded(self._title(record), record.grade)
            return self._again(warning, record, WarningStatus.CLOSED, reason)
        recent, _ = volumes_at(record.buckets, record.last_at, self._policy.incidents)
        if recent < self._warnings.repeat_factor * warning.observed:
            return None
        return self._again(warning, record, WarningStatus.OPEN, None)

    def over(self, warning: EarlyWarning, last: float, now: datetime) -> EarlyWarning | None:
        """The warning closed, if the incident's latest mention (epoch seconds) is long before `now`."""
        if now.timestamp() - last <= timedelta(hours=self._limits.quiet_hours).total_seconds():
            return None
        return warning.model_copy(
            update={
                "version": warning.version + 1,
                "status": WarningStatus.CLOSED,
                "at": now,
                "reason": growth_quiet(warning.title, self._limits.quiet_hours),
            }
        )

    def _again(
        self, warning: EarlyWarning, record: IncidentRecord, status: WarningStatus, reason: str | None
    ) -> EarlyWarning:
        trend = self._trend(record)
        return warning.model_copy(
            update={
                "version": warning.version + 1,
                "status": status,
                "at": record.last_at,
                "observed": trend.recent,
                "trend": trend,
                "grade": record.grade,
                "incidents": (WarnedIncident(id=record.id, mentions=record.mentions),),
                "mention_ids": tuple(record.mention_ids[-self._warnings.kept :]),
                "title": self._title(record),
                "reason": reason or growth_reason(self._title(record), trend, record.grade),
            }
        )

    def _trend(self, record: IncidentRecord) -> Trend:
        expected = self._volume.expected(record.buckets, record.first_at, record.last_at)
        return trend_at(record.buckets, record.last_at, self._policy.incidents, self._policy.trend.growth_p, expected)

    def _title(self, record: IncidentRecord) -> str:
        keywords = tuple(strongest(record.keywords, self._policy.incidents.keywords))
        return record.title or fallback_title(self._places.ref(record.region).name, keywords)
