"""What is remembered of one source: its last polls, and the rhythm learned from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from opinion_stream.domain.sources.folding import FOLDED, KEPT, shortened, slot
from opinion_stream.domain.sources.missed import missed_between
from opinion_stream.domain.sources.rhythm import Rhythm, Stretch, learned
from opinion_stream.models.source import PollOutcome
from opinion_stream.policy.source import Schedule
from opinion_stream.policy.source_health import Silence


class History:
    """The outcomes of one source, oldest first, bounded (see `folding`); their rhythm is learned anew by the hour."""

    def __init__(
        self, schedule: Schedule, rules: Silence, zone: ZoneInfo, outcomes: Iterable[PollOutcome] = ()
    ) -> None:
        self.schedule = schedule
        self.zone = zone
        self._rules = rules
        self._outcomes: list[PollOutcome] = []
        self._rhythm: Rhythm | None = None
        self._learned_until: datetime | None = None
        self._last_new: datetime | None = None
        self.latest_published: datetime | None = None
        for outcome in outcomes:
            self.add(outcome)

    def add(self, outcome: PollOutcome) -> None:
        """Remember one more outcome; the oldest may be folded or forgotten."""
        self._outcomes.append(outcome)
        if len(self._outcomes) >= FOLDED + 2 * KEPT:
            self._outcomes = shortened(self._outcomes)
        published = outcome.latest_published_at
        if published is not None and (self.latest_published is None or published > self.latest_published):
            self.latest_published = published
        if outcome.sent:
            self._last_new = outcome.at.astimezone(UTC)

    @property
    def outcomes(self) -> Sequence[PollOutcome]:
        """Oldest first."""
        return self._outcomes

    @property
    def is_full(self) -> bool:
        """Whether older outcomes may have been forgotten."""
        return len(self._outcomes) >= FOLDED + KEPT

    @property
    def rhythm(self) -> Rhythm | None:
        """The rhythm of all before the hour of the last news; None while there is too little history."""
        until = self._last_new.replace(minute=0, second=0, microsecond=0) if self._last_new else None
        if until is not None and until != self._learned_until:
            self._rhythm, self._learned_until = learned(self.stretches(until), self._rules, self.zone), until
        return self._rhythm

    def stretches(self, end: datetime) -> list[Stretch]:
        """The times before `end` in which the source was read as due. News of one quarter of an hour count as one."""
        found: list[Stretch] = []
        start: datetime | None = None
        last: datetime | None = None
        news: list[datetime] = []
        for outcome in self._outcomes:
            if outcome.at >= end:
                break
            if not outcome.ok:
                continue
            at = outcome.at.astimezone(UTC)
            if start is not None and last is not None and missed_between(last, at, self.schedule, self.zone):
                found.append(Stretch(start, last, tuple(news)))
                start, news = None, []
            start, last = start or at, outcome.last_began.astimezone(UTC)
            if outcome.sent and (not news or slot(news[-1]) != slot(at)):
                news.append(at)
        if start is not None and last is not None:
            found.append(Stretch(start, last, tuple(news)))
        return found

    def since(self, start: datetime) -> list[PollOutcome]:
        """The outcomes of polls that began at `start` or later."""
        found: list[PollOutcome] = []
        for outcome in reversed(self._outcomes):
            if outcome.at < start:
                break
            found.append(outcome)
        return found[::-1]

    def around(self, start: datetime) -> list[PollOutcome]:
        """The same, and before them those back to a poll that was not cut short: what an outage began with."""
        found: list[PollOutcome] = []
        for outcome in reversed(self._outcomes):
            found.append(outcome)
            if outcome.at < start and outcome.ok:
                break
        return found[::-1]

    def next_due(self, longest_backoff: timedelta, backoff_seconds: float) -> datetime | None:
        """When the source will be asked again, at the latest; None: it never was."""
        if not self._outcomes:
            return None
        last, failures = self._outcomes[-1], self.failures
        end = last.at + timedelta(seconds=last.seconds)
        if failures == 0:
            due = max(last.at + timedelta(minutes=self.schedule.every_minutes), end)
        else:
            wait = min(longest_backoff, timedelta(seconds=backoff_seconds) * 2 ** min(failures - 1, 20))
            due = end + max(wait, timedelta(seconds=last.rest_seconds))
        quiet = self.schedule.quiet_hours
        return due if quiet is None else quiet.over(due, self.zone)

    @property
    def failures(self) -> int:
        """Polls cut short in a row, up to the last one."""
        count = 0
        for outcome in reversed(self._outcomes):
            if outcome.ok:
                break
            count += outcome.polls
        return count
