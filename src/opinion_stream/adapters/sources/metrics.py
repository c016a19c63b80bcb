"""What the collect service counts of each source: a closed list; the only label with many values is the source."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

from opinion_stream.domain.sources.health import Figures
from opinion_stream.models.source import PollOutcome, SourceState

_RESULTS = ("ok", "partial", "failed")


class SourceMetrics:
    """Counters and gauges in a registry of their own, for the sources named at the start and no other.

    A time or ratio that is not known has no series.
    """

    def __init__(self, sources: Sequence[str]) -> None:
        self.registry = CollectorRegistry()
        self._sources = frozenset(sources)
        self._polls = self._counter(
            "polls_total", "Polls by result: ok, partial (some items failed), failed (cut short).", "result"
        )
        self._records = self._counter("records_total", "Records sent to the inbound topic.")
        self._missed = self._counter("polls_missed_total", "Polls that were due and did not come about.")
        self._caught_up = self._counter(
            "records_caught_up_total", "Records that came in when a source was read again after missed polls."
        )
        self._success = self._gauge("last_success_timestamp_seconds", "When the last poll not cut short began.")
        self._published = self._gauge(
            "latest_published_timestamp_seconds", "Publication time of the newest record of the source."
        )
        self._silence = self._gauge(
            "silence_ratio", "Time without anything new, in parts of the longest usual for the source; 1: silent."
        )
        self._state = self._gauge("state", "1 for the state the source is in, 0 for the others.", "state")
        self._failures = self._gauge("failures_consecutive", "Polls cut short in a row, up to the last one.")
        for source in sources:
            for result in _RESULTS:
                self._polls.labels(source, result)
            for counter in (self._records, self._missed, self._caught_up):
                counter.labels(source)

    def polled(self, outcome: PollOutcome) -> None:
        """Count a poll."""
        if outcome.source not in self._sources:
            return
        result = "failed" if not outcome.ok else "partial" if outcome.failed else "ok"
        self._polls.labels(outcome.source, result).inc()
        self._records.labels(outcome.source).inc(outcome.sent)

    def missed(self, source: str, polls: int) -> None:
        """Count missed polls."""
        self._missed.labels(source).inc(polls)

    def caught_up(self, source: str, records: int) -> None:
        """Count records that came late."""
        self._caught_up.labels(source).inc(records)

    def stands(self, source: str, state: SourceState, figures: Figures) -> None:
        """Set the gauges."""
        for each in SourceState:
            self._state.labels(source, each.value).set(each is state)
        self._failures.labels(source).set(figures.failures_in_a_row)
        _set(self._success, source, _seconds(figures.last_success_at))
        _set(self._published, source, _seconds(figures.latest_published_at))
        _set(self._silence, source, figures.quiet.ratio if figures.quiet is not None else None)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"opinion_source_{name}", text, ["source", *labels], registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"opinion_source_{name}", text, ["source", *labels], registry=self.registry)


def _seconds(at: datetime | None) -> float | None:
    return at.timestamp() if at is not None else None


def _set(gauge: Gauge, source: str, value: float | None) -> None:
    if value is not None:
        gauge.labels(source).set(value)
        return
    try:
        gauge.remove(source)
    except KeyError:
        return
