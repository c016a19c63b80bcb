"""What the ledger's service counts: what it took in and wrote, how long that took, and how far it is behind."""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from opinion_stream.adapters.ledger.rows import SOURCES
from opinion_stream.adapters.ledger.writing import Batch, Written

# Prometheus makes no use of the second series beside each counter.
disable_created_metrics()  # type: ignore[no-untyped-call]


class LedgerMetrics:
    """Counters and gauges in a registry of their own. The only label is the topic, of the closed list `SOURCES`."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        """`now`: seconds since 1970, by the system's clock."""
        self.registry = CollectorRegistry()
        self._now = now
        topic = ["topic"]
        self._records = Counter(
            "opinion_ledger_records_total", "Records taken in, by topic.", topic, registry=self.registry
        )
        self._unreadable = Counter(
            "opinion_ledger_unreadable_records_total",
            "Records that could not be read and were noted in `unreadable`, by topic.",
            topic,
            registry=self.registry,
        )
        self._rows = Counter("opinion_ledger_rows_written_total", "Rows written.", registry=self.registry)
        self._size = Histogram(
            "opinion_ledger_batch_records",
            "Records per transaction.",
            buckets=(1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "opinion_ledger_batch_seconds",
            "From a batch in hand until the database has committed it, with the waits where it did not take it.",
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
            registry=self.registry,
        )
        self._failures = Counter(
            "opinion_ledger_database_failures_total",
            "Times that the database did not take a batch, or did not tell where the ledger stands; it is tried again.",
            registry=self.registry,
        )
        self._last = Gauge(
            "opinion_ledger_last_batch_timestamp_seconds",
            "When the last batch was written; 0: none since the start.",
            registry=self.registry,
        )
        self._behind = Gauge(
            "opinion_ledger_behind_records",
            "Records on the partitions owned that are not in the ledger yet, by topic, counted by offsets.",
            topic,
            registry=self.registry,
        )
        for source in SOURCES:
            self._records.labels(source.name)
            self._unreadable.labels(source.name)
            self._behind.labels(source.name)

    def written(self, batch: Batch, written: Written, seconds: float) -> None:
        """Count a batch that stands in the database, `seconds` after it was in hand."""
        taken: Tally[str] = Tally()
        for (topic, _), records in batch.records.items():
            taken[topic] += len(records)
        for topic, number in taken.items():
            self._records.labels(topic).inc(number)
        for topic, number in written.unreadable.items():
            self._unreadable.labels(topic).inc(number)
        self._rows.inc(written.rows)
        self._size.observe(len(batch))
        self._seconds.observe(seconds)
        self._last.set(self._now())

    def failed(self) -> None:
        """Count a failure of the database."""
        self._failures.inc()

    def behind(self, records: Mapping[str, int]) -> None:
        """Set how far the ledger is behind, by topic; a topic that is left out is not read here: 0."""
        for source in SOURCES:
            self._behind.labels(source.name).set(records.get(source.name, 0))
