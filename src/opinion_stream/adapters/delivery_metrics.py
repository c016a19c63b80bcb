"""What the notification and the publishing service count: what got through, what did not, what waits."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics

# Prometheus makes no use of the second series beside each counter.
disable_created_metrics()  # type: ignore[no-untyped-call]


class DeliveryMetrics:
    """Counters of one service, in a registry of their own. Channels come from the policy, so series are few."""

    def __init__(self, service: str, channels: Iterable[str]) -> None:
        """`service`: notify | publish; `channels`: those of notify.yaml, or the publications of response.yaml."""
        self.registry = CollectorRegistry()
        self._service = service
        self._deliveries = Counter(
            "opinion_deliveries_total",
            "Messages to duty posts (notify) and responses put before the public (publish), by channel and outcome: "
            "sent, or failed (each attempt; it is tried again).",
            ["service", "channel", "outcome"],
            registry=self.registry,
        )
        self._waiting = Gauge(
            "opinion_deliveries_waiting",
            "Notices or responses held until they get through, those in quiet hours too.",
            ["service"],
            registry=self.registry,
        ).labels(service)
        for channel in channels:
            for outcome in ("sent", "failed"):
                self._deliveries.labels(service, channel, outcome)

    def watch(self, waiting: Callable[[], int]) -> None:
        """Ask `waiting` at each scrape for what is held."""
        self._waiting.set_function(lambda: float(waiting()))

    def attempted(self, channel: str, done: bool) -> None:
        """Count an attempt."""
        self._deliveries.labels(self._service, channel, "sent" if done else "failed").inc()
