"""Looks at a runner's partitions for the metrics: the figures of the desks, the size of the state, what waits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from faust.types import TP

from opinion_stream.agents.runner import Runner
from opinion_stream.agents.state_figures import PartitionView
from opinion_stream.domain.figures import Measured
from opinion_stream.topics import Topic


def views(runner: Runner, lag: Mapping[int, Mapping[str, int]]) -> dict[int, PartitionView]:
    """Those partitions of `lag` that are open, each as it stands.

    Hold the runner's lock: the desks must not be at work.
    """
    found: dict[int, PartitionView] = {}
    for partition, waiting in lag.items():
        slot = runner.slots.get(partition)
        if slot is None:
            continue
        entries, size = slot.state.size() if slot.state is not None else (0, 0)
        figures = slot.desk.figures() if isinstance(slot.desk, Measured) else {}
        found[partition] = PartitionView(figures, entries, size, waiting)
    return found


def lags(topics: Mapping[str, Topic], ends: Mapping[TP, int], due: Mapping[TP, int]) -> dict[int, dict[str, int]]:
    """Records not yet done, by partition and topic name.

    `topics`: by their name on the broker; `ends`: the offset after the last record of each partition; `due`: the
    offset of the next to be taken.
    """
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for tp, end in ends.items():
        found[tp.partition][topics[tp.topic].name] = max(0, end - due.get(tp, 0))
    return dict(found)
