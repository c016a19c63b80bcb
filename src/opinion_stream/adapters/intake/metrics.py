"""What the intake counts: requests, mentions, waiting and time, by client and by code; never content."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from opinion_stream.adapters.intake.contract import RefusedItem

# Prometheus makes no use of the second series beside each counter.
disable_created_metrics()  # type: ignore[no-untyped-call]

_BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10)


class IntakeMetrics:
    """Counters in a registry of their own. Clients come from the tokens' file, so series are few."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "opinion_intake_requests_total", "Requests answered.", ["route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "opinion_intake_request_seconds",
            "Time from a request's headers to its answer.",
            ["route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._accepted = Counter(
            "opinion_intake_accepted_total", "Mentions the broker acknowledged.", ["client"], registry=self.registry
        )
        self._refused = Counter(
            "opinion_intake_refused_total",
            "Mentions refused at the door, by the first fault.",
            ["client", "code"],
            registry=self.registry,
        )
        self._writes = Histogram(
            "opinion_intake_write_seconds",
            "Time of a write to the broker until its last acknowledgement.",
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._sizes = Histogram(
            "opinion_intake_write_records",
            "Records per write.",
            buckets=(1, 5, 10, 25, 50, 100, 250, 500, 1000),
            registry=self.registry,
        )
        self.waiting = Gauge(
            "opinion_intake_waiting_records", "Records not yet acknowledged by the broker.", registry=self.registry
        )
        self.broker = Gauge(
            "opinion_intake_broker_up", "1: the broker answers and has the topic.", registry=self.registry
        )

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def mentions(self, client: str, accepted: int, refused: Iterable[RefusedItem]) -> None:
        """Count the items of a request."""
        if accepted:
            self._accepted.labels(client).inc(accepted)
        for item in refused:
            self._refused.labels(client, item.faults[0].code).inc()

    def written(self, records: int, seconds: float) -> None:
        """Count an acknowledged write."""
        self._writes.observe(seconds)
        self._sizes.observe(records)
