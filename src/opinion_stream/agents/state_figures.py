"""Figures of state: kept per partition that is owned, told as sums, so that summing over workers counts nothing twice.

A partition's share goes when the partition goes to another worker. What a paused worker still shows is gone when its
scrapes have failed for the lookback of Prometheus (5 minutes).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from opinion_stream.agents.closed_lists import OTHER
from opinion_stream.domain.figures import Figures, Measure
from opinion_stream.topics import Stage

_FAMILIES: Mapping[Measure, tuple[Stage, str, str, tuple[str, ...]]] = {
    Measure.INCIDENTS_OPEN: (Stage.INCIDENTS, "opinion_incidents_open", "Open incidents, by grade.", ("grade",)),
    Measure.INCIDENTS_CLOSED: (
        Stage.INCIDENTS,
        "opinion_incidents_closed_remembered",
        "Closed incidents that a late mention would open again.",
        (),
    ),
    Measure.RECEIPTS_OUTSTANDING: (
        Stage.REPORTING,
        "opinion_receipts_outstanding",
        "Reports (escalations) whose receipt is awaited and not overdue, by grade.",
        ("grade",),
    ),
    Measure.TASKS: (
        Stage.RESPONSE,
        "opinion_tasks",
        "Response tasks that the desk keeps, by state; archived ones until they leave it.",
        ("state",),
    ),
    Measure.CLOCKS: (
        Stage.RESPONSE,
        "opinion_clocks",
        "Deadlines of those tasks, by kind and state: running; due_soon (running, the first notice was sent); paused; "
        "overdue (missed, not met since); late (missed, met afterwards); met; waived. Judged by the clock in use.",
        ("kind", "state"),
    ),
}


@dataclass(frozen=True)
class PartitionView:
    """One partition as it was looked at: its desk's figures, the size of its state, and what waits for it."""

    figures: Figures = field(default_factory=dict)
    entries: int = 0
    bytes: int = 0
    lag: Mapping[str, int] = field(default_factory=dict)
    """Records by topic that are on the partition and not yet acknowledged."""


class StateFigures(Collector):
    """The gauges of one stage in one worker."""

    def __init__(
        self,
        stage: Stage,
        topics: Iterable[str],
        labels: Mapping[Measure, tuple[tuple[str, ...], ...]],
        registry: CollectorRegistry,
    ) -> None:
        """`topics`: those the stage reads; `labels`: all label values of each measure."""
        self._stage = stage
        self._topics = tuple(topics)
        self._labels = labels
        self._views: dict[int, PartitionView] = {}
        registry.register(self)

    def look(self, views: Mapping[int, PartitionView]) -> None:
        """These partitions are owned, and stand so."""
        self._views = dict(views)

    def drop(self, partitions: Iterable[int]) -> None:
        """These are not owned any more."""
        gone = set(partitions)
        self._views = {number: view for number, view in self._views.items() if number not in gone}

    def describe(self) -> list[GaugeMetricFamily]:
        """The families without a look at the state."""
        return list(self._collect({}))

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The sums over the partitions that are owned; called from the thread of a scrape."""
        return self._collect(self._views)

    def _collect(self, views: Mapping[int, PartitionView]) -> Iterator[GaugeMetricFamily]:
        yield self._single("opinion_partitions_owned", "Partitions that the worker takes care of.", len(views))
        lag = Counter[str]()
        for view in views.values():
            lag.update(view.lag)
        family = GaugeMetricFamily(
            "opinion_consumer_lag_records",
            "Records on the partitions owned that are not yet acknowledged, by topic; the broker says where they end.",
            labels=["stage", "topic"],
        )
        for topic in self._topics:
            family.add_metric([self._stage.value, topic], lag[topic])
        yield family
        entries, size = (sum(getattr(view, name) for view in views.values()) for name in ("entries", "bytes"))
        yield self._single("opinion_state_entries", "Entries of the durable state, as RocksDB estimates.", entries)
        yield self._single("opinion_state_bytes", "Bytes of the durable state on disk and in memory.", size)
        for measure, (stage, name, text, names) in _FAMILIES.items():
            if stage is self._stage:
                yield self._measured(measure, name, text, names, views)

    def _measured(
        self, measure: Measure, name: str, text: str, names: tuple[str, ...], views: Mapping[int, PartitionView]
    ) -> GaugeMetricFamily:
        known = dict.fromkeys(self._labels.get(measure, ()), 0)
        for view in views.values():
            for (of, values), number in view.figures.items():
                if of is measure:
                    key = values if values in known else (OTHER, *values[1:])
                    known[key] = known.get(key, 0) + number
        family = GaugeMetricFamily(name, text, labels=names)
        for values, number in known.items():
            family.add_metric(values, number)
        return family

    def _single(self, name: str, text: str, value: int) -> GaugeMetricFamily:
        family = GaugeMetricFamily(name, text, labels=["stage"])
        family.add_metric([self._stage.value], value)
        return family
