"""What a process tells of itself: what it runs, by which rules, its memory, its disk."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, Info, ProcessCollector

from opinion_stream import __version__
from opinion_stream.policy import Policy
from opinion_stream.policy.version import rules_version


def describe_process(registry: CollectorRegistry, service: str, policy: Policy | None = None) -> None:
    """Add build, rules (of a `policy`) and the process's own figures. `service`: a stage or another command's name."""
    ProcessCollector(registry=registry)
    build = Info("opinion_build", "The program that runs.", ["service"], registry=registry)
    build.labels(service).info({"version": __version__, "python": platform.python_version()})
    if policy is not None:
        rules = Info(
            "opinion_rules",
            "The rules it works by: a digest of the configuration without watch.yaml (see opinion_watch_rules_info).",
            ["service"],
            registry=registry,
        )
        rules.labels(service).info({"version": rules_version(policy), "jurisdiction": policy.jurisdiction.region})


def describe_worker(registry: CollectorRegistry, stage: str, ready: Callable[[], bool], folder: Path) -> None:
    """Add whether a worker of a stage is ready, and the space on the disk of its state. Asked at each scrape."""
    gauge = Gauge(
        "opinion_worker_ready", "1: state is recovered and partitions are consumed.", ["stage"], registry=registry
    )
    gauge.labels(stage).set_function(lambda: float(ready()))
    free = Gauge("opinion_state_disk_free_bytes", "Free space on the disk of the state.", ["stage"], registry=registry)
    free.labels(stage).set_function(lambda: _usage(folder)[0])
    size = Gauge("opinion_state_disk_size_bytes", "Size of the disk of the state.", ["stage"], registry=registry)
    size.labels(stage).set_function(lambda: _usage(folder)[1])


def _usage(folder: Path) -> tuple[float, float]:
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return float("nan"), float("nan")
    return float(usage.free), float(usage.total)
