"""What was told of a source last, and what is to be told now: each change once, and a recovery only once it lasts."""

from __future__ import annotations

from datetime import datetime, timedelta

from opinion_stream.domain.sources.health import Diagnosis
from opinion_stream.models.base import Instant, WireModel
from opinion_stream.models.source import SourceHealth, SourceState
from opinion_stream.policy.source_health import HealthRules


class Standing(WireModel):
    """`told`: what was written last; None: nothing so far. `other`: the state that has been seen since `other_since`
    and was not told yet, since it must last first."""

    told: SourceHealth | None = None
    other: SourceState | None = None
    other_since: Instant | None = None


def settle(
    standing: Standing, diagnosis: Diagnosis, reason: str, rules: HealthRules, now: datetime
) -> tuple[Standing, SourceHealth | None]:
    """The new standing, and what is to be written, if anything.

    A fault is told as soon as it is seen. What follows a fault, recovery or another fault, is told once it has lasted
    for `settle_minutes`, so that a source that comes and goes is told of once.
    """
    told, state = standing.told, diagnosis.state
    if state is SourceState.UNKNOWN or (told is None and state is SourceState.OFF):
        return standing, None
    if told is not None and state is told.state:
        return Standing(told=told), None
    since = standing.other_since if standing.other is state and standing.other_since is not None else now
    waits = told is not None and told.state.is_fault and state is not SourceState.OFF
    if waits and now - since < timedelta(minutes=rules.settle_minutes):
        return Standing(told=told, other=state, other_since=since), None
    health = _health(told, diagnosis, reason, since)
    return Standing(told=health), health


def _health(told: SourceHealth | None, diagnosis: Diagnosis, reason: str, since: datetime) -> SourceHealth:
    figures, source = diagnosis.figures, diagnosis.source
    version = int(since.timestamp())
    return SourceHealth(
        id=source.name,
        version=version if told is None else max(version, told.version + 1),
        title=source.title,
        state=diagnosis.state,
        previous=told.state if told is not None else SourceState.UNKNOWN,
        since=since,
        previous_since=told.since if told is not None else None,
        reason=reason,
        last_success_at=figures.last_success_at,
        last_new_at=figures.last_new_at,
        latest_published_at=figures.latest_published_at,
        silence_ratio=round(figures.quiet.ratio, 3) if figures.quiet is not None else None,
        consecutive_failures=figures.failures_in_a_row,
        error_kind=figures.error_kind,
        missed_polls=figures.missed,
        caught_up=figures.caught_up,
    )
