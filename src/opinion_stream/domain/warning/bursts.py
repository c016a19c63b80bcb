"""Bursts (突增): a category of a region far above its own usual level."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import NamedTuple

from opinion_stream.domain.counts import interval, tail
from opinion_stream.domain.places import Places
from opinion_stream.domain.warning.usual import HOUR, RegionLevel, Series, Usual
from opinion_stream.domain.warning.words import burst_over, burst_reason
from opinion_stream.models.incident import Expected
from opinion_stream.models.warning import EarlyWarning, WarnedIncident, WarningKind, WarningStatus
from opinion_stream.policy.loader import Policy

MAX_INCIDENTS = 5


class _Window(NamedTuple):
    hours: int
    first: int
    """First hour of the window (epoch hours); the last one is the hour of the clock."""
    observed: int


class Bursts:
    """Tests counts against the usual level. Holds no state.

    A burst opens once, when the count of any window is improbable, and stays until none is: two levels, like the two
    states of Kleinberg 2002 (KDD), keep one burst from becoming many. Counts are tested at the region's clock.
    """

    def __init__(self, policy: Policy, places: Places, usual: Usual) -> None:
        self._policy = policy.warnings
        self._burst = policy.warnings.burst
        self._places = places
        self._usual = usual

    def opened(
        self, warning_id: str, shard: str, category: str, series: Series, region: RegionLevel
    ) -> EarlyWarning | None:
        """A new warning, if a window holds improbably many: the most improbable one."""
        if region.clock / HOUR - region.since < self._burst.warm_up_hours:
            return None
        best: tuple[float, _Window, float, float] | None = None
        for hours in self._burst.windows_hours:
            window = _window(hours, series, region)
            if window.observed < self._burst.minimum:
                continue
            mean, shape = self._usual.law(series, region, window.first)
            p = tail(window.observed, mean, shape)
            improbable = p <= self._burst.p_value and window.observed >= self._burst.factor * mean
            if improbable and (best is None or p < best[0]):
                best = p, window, mean, shape
        if best is None:
            return None
        now = datetime.fromtimestamp(region.clock, UTC)
        p, window, mean, shape = best
        usual = _expected(mean, shape)
        ref = self._places.ref(shard)
        incidents, mention_ids = _held(series, window.first)
        return EarlyWarning(
            id=warning_id,
            version=1,
            kind=WarningKind.BURST,
            status=WarningStatus.OPEN,
            region=ref,
            category=category,
            opened_at=now,
            at=now,
            window_hours=window.hours,
            observed=window.observed,
            usual=usual,
            factor=_factor(window.observed, mean),
            p_value=float(f"{p:.2g}"),
            incidents=incidents,
            mention_ids=mention_ids,
            title=f"{ref.name}“{category}”",
            reason=burst_reason(ref.name, category, window.hours, window.observed, usual),
        )

    def renewed(self, warning: EarlyWarning, series: Series, region: RegionLevel) -> EarlyWarning | None:
        """The warning again, if its window holds `repeat_factor` times what it held when last issued."""
        window = _window(int(warning.window_hours), series, region)
        if window.observed < self._policy.repeat_factor * warning.observed:
            return None
        return self._again(warning, window, series, region, WarningStatus.OPEN)

    def over(self, warning: EarlyWarning, series: Series, region: RegionLevel) -> EarlyWarning | None:
        """The closed warning, if no window is improbable any more."""
        for hours in self._burst.windows_hours:
            window = _window(hours, series, region)
            mean, shape = self._usual.law(series, region, window.first)
            if window.observed >= self._burst.minimum and tail(window.observed, mean, shape) <= self._burst.clear_p:
                return None
        window = _window(int(warning.window_hours), series, region)
        return self._again(warning, window, series, region, WarningStatus.CLOSED)

    def _again(
        self, warning: EarlyWarning, window: _Window, series: Series, region: RegionLevel, status: WarningStatus
    ) -> EarlyWarning:
        mean, shape = self._usual.law(series, region, window.first)
        usual = _expected(mean, shape)
        words = burst_reason if status is WarningStatus.OPEN else burst_over
        incidents, mention_ids = _held(series, window.first)
        return warning.model_copy(
            update={
                "version": warning.version + 1,
                "status": status,
                "at": datetime.fromtimestamp(region.clock, UTC),
                "observed": window.observed,
                "usual": usual,
                "factor": _factor(window.observed, mean),
                "p_value": float(f"{tail(window.observed, mean, shape):.2g}"),
                "incidents": incidents,
                "mention_ids": mention_ids,
                "reason": words(warning.region.name, warning.category, window.hours, window.observed, usual),
            }
        )


def _window(hours: int, series: Series, region: RegionLevel) -> _Window:
    first = region.hour - hours + 1
    return _Window(hours, first, series.count(first, region.hour))


def _expected(mean: float, shape: float) -> Expected:
    low, high = interval(mean, shape)
    return Expected(value=round(mean, 1 if mean < 10 else 0), low=low, high=high)


def _factor(observed: int, mean: float) -> float:
    return round(observed / max(mean, 0.01), 1)


def _held(series: Series, first: int) -> tuple[tuple[WarnedIncident, ...], tuple[str, ...]]:
    held = [(mention_id, incident_id) for at, mention_id, incident_id in series.latest if at >= first * HOUR]
    counts = Counter(incident_id for _, incident_id in held)
    top = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MAX_INCIDENTS]
    return (
        tuple(WarnedIncident(id=incident_id, mentions=number) for incident_id, number in top),
        tuple(mention_id for mention_id, _ in held),
    )
