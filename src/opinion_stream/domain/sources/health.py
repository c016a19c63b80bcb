"""How a source stands: from its history and the time to a state, with the figures it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from opinion_stream.domain.sources.history import History
from opinion_stream.domain.sources.missed import Outage, awake, outages
from opinion_stream.models.source import SourceState
from opinion_stream.policy.notify import QuietHours
from opinion_stream.policy.source import SourceBase
from opinion_stream.policy.source_health import HealthRules

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Quiet:
    """How long there was nothing new, as of the last success, and how long that is usual. `since`: the last news, or
    the first success if there never were any. `until`: from then on it is silence. `by_rhythm`: share of the learned
    rhythm in it (the rest is `expected_every_hours`)."""

    since: datetime
    until: datetime
    by_rhythm: float
    lasting: timedelta

    @property
    def ratio(self) -> float:
        """1 or more: silent."""
        return self.lasting / (self.until - self.since)


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of a source. Rates and sums are of the last `window_hours`; a ratio or time that is not known is
    None. `polls`, `failed`: within the window."""

    last_poll_at: datetime | None = None
    last_success_at: datetime | None = None
    last_new_at: datetime | None = None
    latest_published_at: datetime | None = None
    polls: int = 0
    failed: int = 0
    records: int = 0
    failures_in_a_row: int = 0
    error_kind: str | None = None
    """Of the last failure, if the last poll was cut short."""
    outages: tuple[Outage, ...] = ()
    quiet: Quiet | None = None

    @property
    def error_rate(self) -> float | None:
        """Share of polls cut short."""
        return self.failed / self.polls if self.polls else None

    @property
    def missed(self) -> int:
        """Polls that were due and did not come about."""
        return sum(outage.missed for outage in self.outages)

    @property
    def caught_up(self) -> int:
        """Records that came in when the source was read again."""
        return sum(outage.caught_up for outage in self.outages)

    def lag(self, now: datetime) -> timedelta | None:
        """Age of the newest thing read."""
        return max(timedelta(), now - self.latest_published_at) if self.latest_published_at else None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The state of a source, the rule of `HealthRules` it follows from, and the figures."""

    source: SourceBase
    state: SourceState
    rule: str
    figures: Figures


def diagnose(source: SourceBase, history: History, rules: HealthRules, now: datetime) -> Diagnosis:
    """How the source stands at `now`. Where several faults hold, the first in this order is told: failing (nothing
    else can be known), late, silent."""
    figures = _figures(source, history, rules, now)
    if not source.enabled:
        return Diagnosis(source, SourceState.OFF, "enabled", figures)
    state, rule = _state(figures, history, rules, now)
    return Diagnosis(source, state, rule, figures)


def _state(figures: Figures, history: History, rules: HealthRules, now: datetime) -> tuple[SourceState, str]:
    if figures.last_poll_at is None:
        return SourceState.UNKNOWN, "never_polled"
    if figures.failures_in_a_row >= rules.failing_polls:
        return SourceState.FAILING, "failing_polls"
    recent = list(history.outcomes)[-rules.failing_polls :]
    rate = figures.error_rate
    often = rate is not None and figures.polls >= rules.fewest_polls and rate >= rules.error_rate
    if often and not all(outcome.ok for outcome in recent):
        return SourceState.FAILING, "error_rate"
    if figures.last_success_at is None and figures.failures_in_a_row < rules.failing_polls:
        began = history.outcomes[0].at
        if not _overdue(began, now, history, rules):
            return SourceState.UNKNOWN, "never_polled"
        return SourceState.LATE, "late_polls"
    if figures.last_success_at is not None and _overdue(figures.last_success_at, now, history, rules):
        return SourceState.LATE, "late_polls"
    if _stale(history, rules, now):
        return SourceState.LATE, "late_hours"
    if figures.quiet is not None:
        silent = figures.quiet.ratio >= 1
        return (SourceState.SILENT, "silence") if silent else (SourceState.OK, "ok")
    if _forgotten(history):
        return SourceState.SILENT, "forgotten"
    return SourceState.OK, "rhythm_unknown"


def _overdue(since: datetime, now: datetime, history: History, rules: HealthRules) -> bool:
    every = timedelta(minutes=history.schedule.every_minutes)
    return awake(since, now, history.schedule.quiet_hours, history.zone) >= rules.late_polls * every


def _stale(history: History, rules: HealthRules, now: datetime) -> bool:
    """Whether all that came of late was old when it came. The first poll of all brings what had gathered before."""
    window = history.since(now - timedelta(hours=rules.window_hours))
    news = [o for o in window if o.ok and o.sent and o.latest_published_at and o is not history.outcomes[0]]
    limit = timedelta(hours=rules.late_hours)
    old = [o for o in news if o.latest_published_at and o.at - o.latest_published_at > limit]
    return len(news) >= rules.failing_polls and len(old) == len(news)


def _forgotten(history: History) -> bool:
    """Whether so long nothing came that the rhythm itself is forgotten: half of a full memory."""
    if not history.is_full:
        return False
    half = list(history.outcomes)[-len(history.outcomes) // 2 :]
    return not any(outcome.sent for outcome in half) and any(outcome.ok for outcome in half)


def _figures(source: SourceBase, history: History, rules: HealthRules, now: datetime) -> Figures:
    outcomes = history.outcomes
    if not outcomes:
        return Figures()
    start = now - timedelta(hours=rules.window_hours)
    window = history.since(start)
    last_ok = next((outcome.last_began for outcome in reversed(outcomes) if outcome.ok), None)
    last_new = next((outcome.at for outcome in reversed(outcomes) if outcome.sent), None)
    breaks = outages(history.around(start), history.schedule, history.zone, now)
    return Figures(
        last_poll_at=outcomes[-1].at,
        last_success_at=last_ok,
        last_new_at=last_new,
        latest_published_at=history.latest_published,
        polls=sum(outcome.polls for outcome in window),
        failed=sum(outcome.polls for outcome in window if not outcome.ok),
        records=sum(outcome.sent for outcome in window),
        failures_in_a_row=history.failures,
        error_kind=None if outcomes[-1].ok else outcomes[-1].error_kind,
        outages=tuple(outage for outage in breaks if outage.until is None or outage.until >= start),
        quiet=None if last_ok is None else _quiet(source, history, rules, last_new, last_ok),
    )


def _quiet(
    source: SourceBase, history: History, rules: HealthRules, last_new: datetime | None, last_ok: datetime
) -> Quiet | None:
    since = last_new or next(outcome.at for outcome in history.outcomes if outcome.ok)
    rhythm, silence, zone = history.rhythm, rules.silence, history.zone
    longest = timedelta(days=silence.longest_days)
    stated: timedelta | None = None
    if source.expected_every_hours is not None:
        stated = waking(since, source.expected_every_hours * HOUR, silence.night, zone) - since
    if rhythm is not None:
        own = rhythm.deadline(since, longest, zone) - since
        share = rhythm.days / (rhythm.days + silence.prior_days) if stated is not None else 1.0
        usual = own if stated is None else share * own + (1 - share) * stated
    elif stated is not None:
        usual, share = stated, 0.0
    else:
        return None
    usual = max(usual, silence.least_hours * HOUR)
    return Quiet(since, since + usual, share, max(timedelta(), last_ok - since))


def waking(since: datetime, length: timedelta, night: QuietHours | None, zone: ZoneInfo) -> datetime:
    """When so much time outside the night has passed since."""
    if night is None:
        return since + length
    at, left = since, length
    while True:
        at = night.over(at, zone)
        local = at.astimezone(zone)
        dusk = datetime.combine(local.date(), night.start, zone)
        if dusk <= local:
            dusk += timedelta(days=1)
        if left <= dusk - local:
            return at + left
        left -= dusk - local
        at = dusk.astimezone(since.tzinfo)
