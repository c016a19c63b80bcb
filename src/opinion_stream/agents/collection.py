"""The collection agent (监测收集): raw mentions in; clean, masked, pseudonymous, unrepeated mentions out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from opinion_stream.agents.guard import Guard
from opinion_stream.agents.outputs import output
from opinion_stream.agents.stage import Happening, Output, Record, Tools
from opinion_stream.domain.collection.pipeline import Collector, Received
from opinion_stream.domain.collection.repeats import Repeats
from opinion_stream.domain.state import Store
from opinion_stream.errors import Rejected
from opinion_stream.models.mention import Mention
from opinion_stream.topics import Stage

log = structlog.get_logger(__name__)


class CollectionDesk:
    """Collects one partition of the inbound topic."""

    def __init__(self, tools: Tools, store: Store) -> None:
        self._guard = Guard(Stage.COLLECTION, tools.sealer)
        self._collector = Collector(tools.policy, tools.secret)
        limits = tools.policy.collection
        window = timedelta(days=limits.repeat_window_days)
        self._repeats = Repeats(store, window, limits.min_repeat_chars, limits.max_remembered)
        self._watcher = tools.watcher
        self._watched = tools.watched
        self._count = tools.count
        self._observer = tools.observer
        self._told = False

    def handle(self, records: Sequence[Record]) -> list[Output]:
        """See `Desk`."""
        if self._watcher is not None:
            self._collector.watcher = self._watcher()
        results = self._collector.collect([Received(record.value, record.at) for record in records])
        outputs = [
            self._guard.dead_letter(record, result)
            for record, result in zip(records, results, strict=True)
            if isinstance(result, Rejected)
        ]
        mentions = [result for result in results if isinstance(result, Mention)]
        forgotten, corrections = self._repeats.forgotten_early, self._repeats.corrections
        marked = [mention for mention in self._repeats.mark(mentions) if mention is not None]
        self._watched(marked)
        self._observer.mentions(marked)
        outputs += [output(mention) for mention in marked]
        self._tell(self._repeats.forgotten_early - forgotten, self._repeats.corrections - corrections)
        return outputs

    def _tell(self, forgotten: int, corrections: int) -> None:
        if corrections:
            self._count(Happening.CORRECTION_PASSED_OVER, corrections)
        if forgotten:
            self._count(Happening.FORGOTTEN_EARLY, forgotten)
            if not self._told:
                # Once for each time the partition is taken over: the metric tells the rest.
                log.warning("repeats_forgotten_early", cure="raise max_remembered in collection.yaml, or partitions")
                self._told = True

    def tick(self, now: datetime) -> list[Output]:
        """Nothing here waits for time."""
        return []
