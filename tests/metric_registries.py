"""Every registry that a process of ours shows to Prometheus, as it starts; for the checks of names and of the docs."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import CollectorRegistry

from builders import small_policy
from opinion_stream.adapters.clock import SystemClock
from opinion_stream.adapters.delivery_metrics import DeliveryMetrics
from opinion_stream.adapters.intake.metrics import IntakeMetrics
from opinion_stream.adapters.ledger.metrics import LedgerMetrics
from opinion_stream.agents.closed_lists import ClosedLists
from opinion_stream.agents.metrics import StageMetrics
from opinion_stream.agents.road_metrics import RoadMetrics
from opinion_stream.agents.worker_metrics import describe_process, describe_worker
from opinion_stream.topics import Stage


def registries() -> dict[str, CollectorRegistry]:
    """Name of the process to its registry."""
    lists = ClosedLists.of(small_policy())
    found: dict[str, CollectorRegistry] = {}
    for stage in Stage:
        metrics = StageMetrics(stage, lists.figures)
        registry = found[stage.value] = metrics.registry
        if stage is Stage.COLLECTION:
            metrics.watch_rules("aa")
        RoadMetrics(stage, lists, registry, SystemClock())
        describe_worker(registry, stage.value, lambda: True, Path())
    found["intake"] = IntakeMetrics().registry
    found["notify"] = DeliveryMetrics("notify", ["duty-desk"]).registry
    found["publish"] = DeliveryMetrics("publish", ["website"]).registry
    found["ledger"] = LedgerMetrics().registry
    for service in (*(stage.value for stage in Stage), "notify", "publish", "ledger"):
        describe_process(found[service], service, small_policy())
    return found


def table() -> dict[str, tuple[str, frozenset[str], str]]:
    """Name as it is queried, to type, label names and help text."""
    found: dict[str, tuple[str, frozenset[str], str]] = {}
    for registry in registries().values():
        for family in registry.collect():
            if not family.name.startswith("opinion_"):
                continue
            suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
            known = found.get(family.name + suffix, ("", frozenset[str](), ""))[1]
            labels = {name for sample in family.samples for name in sample.labels} | _declared(registry, family.name)
            kind = "gauge" if family.type == "info" else family.type
            found[family.name + suffix] = (kind, known | frozenset(labels - {"le"}), family.documentation)
    return found


def _declared(registry: CollectorRegistry, name: str) -> set[str]:
    # A metric without a series yet tells its labels nowhere else.
    collector = registry._names_to_collectors.get(name)
    return set(getattr(collector, "_labelnames", ()))
