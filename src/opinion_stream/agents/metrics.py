"""What a worker counts: a closed list, few series, no content."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics

from opinion_stream.agents.stage import Happening, Output
from opinion_stream.agents.state_figures import StateFigures
from opinion_stream.domain.dead_letters.codes import CODES, OTHER
from opinion_stream.domain.figures import Measure
from opinion_stream.models.control import DeadLetterState
from opinion_stream.models.mention import Mention
from opinion_stream.topics import TOPICS, Stage, inputs_of

# Prometheus makes no use of the second series beside each counter.
disable_created_metrics()  # type: ignore[no-untyped-call]

_HAPPENINGS = {
    Happening.FORGOTTEN_EARLY: (
        "opinion_repeats_forgotten_early_total",
        "Ids and wordings forgotten within repeat_window_days, since max_remembered was reached.",
    ),
    Happening.CORRECTION_PASSED_OVER: (
        "opinion_corrections_passed_over_total",
        "Mentions that came again under their id with other words; the first wording stands.",
    ),
    Happening.SET_ASIDE: (
        "opinion_mentions_set_aside_total",
        "Mentions passed over because an exclusion of watch.yaml sets them aside.",
    ),
}


class StageMetrics:
    """Counters of one stage, in a registry of their own."""

    def __init__(self, stage: Stage, labels_of: Mapping[Measure, tuple[tuple[str, ...], ...]] | None = None) -> None:
        """`labels_of`: all label values of the stage's figures, see `ClosedLists`."""
        self.registry = CollectorRegistry()
        topics = [topic.name for topic in inputs_of(stage)]
        self.figures = StateFigures(stage, topics, labels_of or {}, self.registry)
        labels = {"stage": stage.value}
        self.records_in = Counter(
            "opinion_records_in_total", "Records taken from the stage's topics.", ["stage"], registry=self.registry
        ).labels(**labels)
        self._out = Counter(
            "opinion_records_out_total", "Records written, by topic.", ["stage", "topic"], registry=self.registry
        )
        self.repeated = Counter(
            "opinion_records_repeated_total",
            "Records delivered again after a restart or rebalance and passed over.",
            ["stage"],
            registry=self.registry,
        ).labels(**labels)
        self._letters = Counter(
            "opinion_dead_letters_total",
            "Dead letters written, by reason code and state: open, parked (failed again), resolved (replayed well).",
            ["stage", "code", "state"],
            registry=self.registry,
        )
        # What is there from the start, with 0, can be seen to rise the first time it does.
        for topic in TOPICS:
            if stage in topic.writers:
                self._out.labels(stage=stage.value, topic=topic.name)
        for code in (*CODES, OTHER):
            self._letters.labels(stage=stage.value, code=code, state=DeadLetterState.OPEN.value)
        self._happened = {
            what: Counter(name, text, ["stage"], registry=self.registry).labels(**labels)
            for what, (name, text) in _HAPPENINGS.items()
        }
        self._seconds = Histogram(
            "opinion_batch_seconds",
            "Time from a batch's first record to the broker's last acknowledgement.",
            ["stage"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=self.registry,
        ).labels(**labels)
        self._size = Histogram(
            "opinion_batch_records",
            "Records per batch.",
            ["stage"],
            buckets=(1, 5, 10, 25, 50, 100, 250, 500, 1000),
            registry=self.registry,
        ).labels(**labels)
        self._recovery = Gauge(
            "opinion_state_recovery_records",
            "Records of the changelog still to be read before the worker takes up its partition; 0: none.",
            ["stage", "partition"],
            registry=self.registry,
        )
        self._stage = stage.value
        self._watched = Counter(
            "opinion_watch_hits_total",
            "Collected mentions by the rule of watch.yaml that they met.",
            ["stage", "kind", "rule"],
            registry=self.registry,
        )
        self._reloads = Counter(
            "opinion_watch_reloads_total",
            "Changed files of watch rules, by outcome (taken, refused).",
            ["stage", "outcome"],
            registry=self.registry,
        )
        self._refused = Gauge(
            "opinion_watch_file_refused",
            "1 while the file of watch rules is wrong and older rules stay in force.",
            ["stage"],
            registry=self.registry,
        ).labels(**labels)
        self._watch_rules = Info(
            "opinion_watch_rules",
            "The watch rules in force; follows a change of watch.yaml while the worker runs.",
            ["stage"],
            registry=self.registry,
        )

    def happened(self, what: Happening, times: int) -> None:
        """Count what a desk has counted. See `Happening`; a batch that is done again counts again."""
        self._happened[what].inc(times)

    def recovering(self, partition: int, remaining: int) -> None:
        """So many records of the partition's changelog are still to be read."""
        self._recovery.labels(stage=self._stage, partition=str(partition)).set(remaining)

    def batch(self, records: int, outputs: Sequence[Output], seconds: float) -> None:
        """Count a finished batch: records in, outputs by topic, and the time it took in seconds."""
        self.records_in.inc(records)
        for topic, count in Tally(o.topic.name for o in outputs).items():
            self._out.labels(stage=self._stage, topic=topic).inc(count)
        for (code, state), count in Tally(o.letter for o in outputs if o.letter is not None).items():
            code = "" if state is DeadLetterState.RESOLVED else code
            self._letters.labels(stage=self._stage, code=code, state=state.value).inc(count)
        if records:
            self._seconds.observe(seconds)
            self._size.observe(records)

    def watched(self, mentions: Sequence[Mention]) -> None:
        """Count what the watch rules said of these mentions; at most 400 rules, each a series."""
        hits = Tally(("priority", name) for mention in mentions for name in mention.watch)
        hits.update(("exclusion", mention.set_aside) for mention in mentions if mention.set_aside is not None)
        for (kind, rule), count in hits.items():
            self._watched.labels(stage=self._stage, kind=kind, rule=rule).inc(count)

    def watch_rules(self, version: str) -> None:
        """Tell which watch rules are in force, by their version; the one before is told no more."""
        self._watch_rules.labels(stage=self._stage).info({"version": version})

    def watch_file(self, outcome: Literal["same", "taken", "refused"]) -> None:
        """Note what became of a file of watch rules that was looked at because it had changed."""
        self._refused.set(outcome == "refused")
        if outcome != "same":
            self._reloads.labels(stage=self._stage, outcome=outcome).inc()
