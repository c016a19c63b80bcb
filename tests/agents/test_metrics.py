"""What Prometheus is shown: few series whatever people say, sums that stay right, delays that mean something."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from builders import T0, assessed, assessment, command, escalation, incident, later, mention, receipt, small_policy
from opinion_stream.adapters.clock import FixedClock
from opinion_stream.adapters.seal import Sealer
from opinion_stream.agents.closed_lists import ClosedLists
from opinion_stream.agents.looking import lags
from opinion_stream.agents.metrics import StageMetrics
from opinion_stream.agents.road_metrics import RoadMetrics
from opinion_stream.agents.stage import Desk, Output, Record, Tools
from opinion_stream.agents.state_figures import PartitionView, StateFigures
from opinion_stream.agents.worker_metrics import describe_process, describe_worker
from opinion_stream.bootstrap import desk_of
from opinion_stream.domain.figures import ClockStanding, Measure, Measured
from opinion_stream.domain.response.tally import TaskTally
from opinion_stream.domain.state import DictStore
from opinion_stream.models.assessment import CategoryResult
from opinion_stream.models.base import Grade, Nature, RegionRef
from opinion_stream.models.control import DeadLetterState
from opinion_stream.models.escalation import EscalationStatus
from opinion_stream.models.mention import Media
from opinion_stream.models.task import ClockState, CommandKind, ResponseTask, TaskClock
from opinion_stream.topics import (
    ASSESSED,
    COLLECTED,
    DEAD_LETTERS,
    ESCALATIONS,
    INBOUND,
    INCIDENTS,
    RECEIPTS,
    TASK_COMMANDS,
    TASKS,
    Stage,
    Topic,
)

SECRET = b"a key of sixteen and more bytes"
MOST_SERIES = {
    Stage.COLLECTION: 300,
    Stage.ASSESSMENT: 500,
    Stage.INCIDENTS: 250,
    Stage.REPORTING: 300,
    Stage.RESPONSE: 350,
}
"""Samples a worker may show with the small policy; histograms count each bucket."""


class Worker:
    """The metrics of one worker, and a desk that tells them."""

    def __init__(self, stage: Stage, *, simulated: bool = False, now: datetime = T0, store: DictStore | None = None):
        lists = ClosedLists.of(small_policy())
        self.stage = stage
        self.clock = FixedClock(now)
        self.metrics = StageMetrics(stage, lists.figures)
        self.road = RoadMetrics(stage, lists, self.metrics.registry, self.clock, simulated=simulated)
        tools = Tools(small_policy(), Sealer(SECRET), SECRET, observer=self.road, count=self.metrics.happened)
        self.desk: Desk = desk_of(stage)(tools, store or DictStore())
        self._offset = 0

    def take(self, topic: Topic, *values: bytes, key: bytes | None = None, at: datetime = T0) -> list[Output]:
        records = [Record(topic, 0, self._offset + n, key, value, at) for n, value in enumerate(values)]
        self._offset += len(records)
        outputs = self.desk.handle(records)
        self.metrics.batch(len(records), outputs, 0.01)
        return outputs

    def look(self, partition: int = 0) -> None:
        assert isinstance(self.desk, Measured)
        self.metrics.figures.look({partition: PartitionView(self.desk.figures())})

    def value(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    def series(self) -> int:
        return sum(len(family.samples) for family in self.metrics.registry.collect())


def everything(tmp_path: Path) -> dict[Stage, Worker]:
    workers = {stage: Worker(stage) for stage in Stage}
    for stage, worker in workers.items():
        describe_process(worker.metrics.registry, stage.value, small_policy())
        describe_worker(worker.metrics.registry, stage.value, lambda: True, tmp_path)
    return workers


@pytest.mark.parametrize("stage", list(Stage))
def test_no_variety_of_what_comes_in_adds_a_series(stage: Stage, tmp_path: Path) -> None:
    worker = everything(tmp_path)[stage]
    quiet = worker.series()
    places = ["990101", "990102", "9901", "没有这个地方"]

    for n in range(300):
        varied = assessed(
            mention=mention(
                source_id=str(n), source=f"source-{n}", media=Media(name=f"媒体{n}", kind=f"kind-{n}", tier=f"tier-{n}")
            ),
            assessment=assessment(
                category=CategoryResult(level1=f"类别{n}", confidence=n / 300, source=f"source-{n}"),
                region=RegionRef(code=places[n % 4], name=f"地方{n}"),
                nature=list(Nature)[n % len(Nature)],
            ),
        )
        worker.road.mentions([varied.mention]) if stage in list(Stage)[:3] else None
        worker.road.assessed([varied]) if stage is Stage.ASSESSMENT else None
        if stage is Stage.REPORTING:
            grade = list(Grade)[n % 4]
            worker.road.results([escalation(id=f"e-{n}", grade=grade, status=list(EscalationStatus)[n % 5])])
        worker.metrics.figures.look(
            {n: PartitionView({(Measure.CLOCKS, (f"kind-{n}", "overdue")): 1}, lag={f"t-{n}": 1})}
        )
        letter = Output(DEAD_LETTERS, b"", b"", (["not_json", "bad_time"][n % 2], DeadLetterState.PARKED))
        worker.metrics.batch(n, [letter, Output(ASSESSED, b"", b"")], n)

    assert worker.series() <= quiet + 12, "what people say has added series"
    assert worker.series() <= MOST_SERIES[stage]


def test_desks_under_real_variety_stay_within_their_series() -> None:
    collection, assessment_ = Worker(Stage.COLLECTION), Worker(Stage.ASSESSMENT)
    raw = [
        json.dumps(
            {
                "id": str(n),
                "source": f"s{n}",
                "channel": f"c{n}",
                "title": f"第{n}件事",
                "text": f"东河县柳树镇第{n}个小区停水{n}天，请解决。",
                "published_at": T0.isoformat(),
                "media": {"name": f"报{n}", "kind": f"k{n}"},
            },
            ensure_ascii=False,
        ).encode()
        for n in range(200)
    ]
    before = collection.series(), assessment_.series()

    collected = collection.take(INBOUND, *raw, b"no json", b"\xff", b"{}")
    mentions = [output.value for output in collected if output.topic == COLLECTED]
    assessment_.take(COLLECTED, *mentions)

    assert len(mentions) == 200
    assert (collection.series(), assessment_.series()) == before
    total = sum(
        sample.value
        for family in assessment_.metrics.registry.collect()
        for sample in family.samples
        if sample.name == "opinion_mentions_by_category_total"
    )
    assert total == 200


def test_a_region_counts_as_the_county_it_lies_in_and_an_unsure_text_as_unsure() -> None:
    worker = Worker(Stage.ASSESSMENT)
    township = next(r.code for r in small_policy().regions.regions if r.level == "township")
    county = ClosedLists.of(small_policy()).shard_of[township]
    unsure = CategoryResult(level1=small_policy().categories.fallback, confidence=0.1, source="unsure", guess="交通")

    worker.road.assessed([assessed(region=township, category=unsure)])

    name = small_policy().region(county).name
    labels = {"region": county, "region_name": name, "nature": "difficulty"}
    assert worker.value("opinion_mentions_by_region_total", **labels) == 1
    assert worker.value("opinion_mentions_by_category_total", category="unsure", nature="difficulty") == 1
    assert worker.value("opinion_assessments_total", source="unsure") == 1
    assert worker.value("opinion_assessment_confidence_ratio_sum") == pytest.approx(0.1)


def test_delays_are_measured_against_the_clock() -> None:
    worker = Worker(Stage.INCIDENTS, now=later(hours=3))

    worker.take(ASSESSED, assessed(published_at=T0, received_at=later(hours=3, seconds=-2)).to_bytes())

    assert worker.value("opinion_delay_from_publication_seconds_sum", stage="incidents") == 3 * 3600
    assert worker.value("opinion_delay_from_collection_seconds_sum", stage="incidents") == 2


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=30), st.integers(-(10**7), 10**7))
def test_delays_of_a_simulation_have_nothing_to_do_with_todays_date(minutes: list[int], shift: int) -> None:
    worker = Worker(Stage.INCIDENTS, simulated=True, now=later(days=4000))
    start = T0 + timedelta(minutes=shift)

    for n, minute in enumerate(minutes):
        worker.road.mentions([mention(source_id=str(n), published_at=start + timedelta(minutes=minute))])

    slowest = (max(minutes) - min(minutes)) * 60
    total = worker.value("opinion_delay_from_publication_seconds_sum", stage="incidents")
    assert 0 <= total <= slowest * len(minutes)


def test_a_clock_that_is_behind_gives_no_negative_delay() -> None:
    worker = Worker(Stage.INCIDENTS, now=later(hours=-1))
    worker.road.mentions([mention()])
    assert worker.value("opinion_delay_from_publication_seconds_sum", stage="incidents") == 0


def test_open_incidents_are_counted_by_grade() -> None:
    worker = Worker(Stage.INCIDENTS)
    words = ["停水", "堵车", "噪音"]
    worker.take(
        ASSESSED,
        *(assessed(source_id=str(n), title=word, features={word: 1.0}).to_bytes() for n, word in enumerate(words)),
    )

    worker.look()

    assert sum(worker.value("opinion_incidents_open", grade=grade.value) for grade in Grade) == 3


def test_reports_wait_for_their_receipt_until_it_comes_also_after_a_restart() -> None:
    store = DictStore()
    worker = Worker(Stage.REPORTING, store=store)
    outputs = worker.take(INCIDENTS, incident(grade=Grade.III).to_bytes(), key=b"inc-1")
    sent = [json.loads(output.value) for output in outputs if output.topic == ESCALATIONS]
    worker.look()
    waiting = worker.value("opinion_receipts_outstanding", grade="III")
    assert waiting == len(sent) > 0
    assert worker.value("opinion_escalations_total", grade="III", status="issued") == len(sent)
    assert worker.value("opinion_report_delay_seconds_count", grade="III") == len(sent)

    again = Worker(Stage.REPORTING, store=store)
    again.look()
    assert again.value("opinion_receipts_outstanding", grade="III") == waiting

    again.take(RECEIPTS, receipt(escalation_id=sent[0]["id"]).to_bytes(), key=b"inc-1")
    again.look()
    assert again.value("opinion_receipts_outstanding", grade="III") == waiting - 1
    assert again.value("opinion_escalations_total", grade="III", status="acknowledged") == 1

    again.desk.tick(later(days=30))
    ends = [again.value("opinion_escalations_total", grade="III", status=status) for status in ("lapsed", "exhausted")]
    assert sum(ends) >= waiting - 1


def test_deadlines_go_from_running_to_due_soon_to_overdue_to_late() -> None:
    store = DictStore()
    worker = Worker(Stage.RESPONSE, store=store)
    [task] = [
        ResponseTask.model_validate_json(output.value)
        for output in worker.take(ESCALATIONS, escalation().to_bytes(), key=b"inc-1")
        if output.topic == TASKS
    ]

    def accepts() -> dict[str, float]:
        worker.look()
        values = {s.value: worker.value("opinion_clocks", kind="accept", state=s.value) for s in ClockStanding}
        return {state: value for state, value in values.items() if value}

    assert accepts() == {"running": 1}
    worker.desk.tick(later(hours=20))
    assert accepts() == {"due_soon": 1}
    worker.desk.tick(later(hours=25))
    assert accepts() == {"overdue": 1}
    assert worker.value("opinion_supervision_notices_total", level="missed") == 1
    accept = command(task_id=task.id, kind=CommandKind.ACCEPT, at=later(hours=26))
    worker.take(TASK_COMMANDS, accept.to_bytes(), key=b"inc-1", at=later(hours=26))
    assert accepts() == {"late": 1}
    assert worker.value("opinion_tasks", state="accepted") == 1

    again = Worker(Stage.RESPONSE, store=store)
    again.look()
    assert again.value("opinion_clocks", kind="accept", state="late") == 1


def clock(kind: str, state: ClockState, event: str = "opened") -> TaskClock:
    return TaskClock(
        kind=kind, name=kind, source="", started_at=T0, start_event=event, due_at=T0, state=state, fired=()
    )


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.lists(st.tuples(st.sampled_from(["accept", "ordered-1f"]), st.sampled_from(list(ClockState)))),
            st.booleans(),
        )
    )
)
def test_the_tally_equals_a_count_of_the_tasks_that_are_there(
    steps: list[tuple[str, list[tuple[str, ClockState]], bool]],
) -> None:
    tally, kept = TaskTally(), dict[str, ResponseTask]()
    base = ResponseTask.model_validate_json(
        Worker(Stage.RESPONSE).take(ESCALATIONS, escalation().to_bytes(), key=b"inc-1")[0].value
    )
    for name, clocks, dropped in steps:
        if dropped:
            kept.pop(name, None)
            tally.drop(name)
        else:
            made = tuple(clock(kind, state) for kind, state in clocks)
            kept[name] = base.model_copy(update={"id": name, "clocks": made})
            tally.put(kept[name])
    fresh = TaskTally()
    for task in kept.values():
        fresh.put(task)

    assert tally.figures() == fresh.figures()
    counted = Counter(measure for (measure, _), number in tally.figures().items() for _ in range(number))
    assert counted[Measure.TASKS] == len(kept)
    assert all(number > 0 for number in tally.figures().values())


@given(st.lists(st.integers(0, 3), max_size=12))
@settings(deadline=None, max_examples=40)
def test_the_sum_over_workers_counts_each_partition_once_however_they_move(moves: list[int]) -> None:
    """Four workers, eight partitions that hold 2 ** number incidents each; each move gives one to another worker."""
    labels = ClosedLists.of(small_policy()).figures
    registries = [CollectorRegistry() for _ in range(4)]
    workers = [StateFigures(Stage.INCIDENTS, ["mentions.assessed"], labels, registry) for registry in registries]
    owner = dict.fromkeys(range(8), 0)

    def look(number: int) -> None:
        workers[number].look(
            {
                partition: PartitionView(
                    {(Measure.INCIDENTS_OPEN, ("I",)): 2**partition}, 1, 10, {"mentions.assessed": 5}
                )
                for partition, of in owner.items()
                if of == number
            }
        )

    def total(name: str, **labels: str) -> float:
        return sum(registry.get_sample_value(name, labels) or 0.0 for registry in registries)

    look(0)
    for step, to in enumerate(moves):
        partition = step % 8
        workers[owner[partition]].drop({partition})
        owner[partition] = to
        look(to)
        assert total("opinion_incidents_open", grade="I") == 255
        assert total("opinion_state_entries", stage="incidents") == 8
        assert total("opinion_partitions_owned", stage="incidents") == 8
        assert total("opinion_consumer_lag_records", stage="incidents", topic="mentions.assessed") == 40


def test_lag_is_what_lies_behind_what_is_done() -> None:
    from faust.types import TP

    topics = {"opinion.mentions.inbound": INBOUND}
    ends = {TP("opinion.mentions.inbound", 0): 10, TP("opinion.mentions.inbound", 1): 3}
    due = {TP("opinion.mentions.inbound", 0): 4}

    found = lags(topics, ends, due)

    assert found == {0: {"mentions.inbound": 6}, 1: {"mentions.inbound": 3}}


def exposed(registry: CollectorRegistry) -> str:
    return generate_latest(registry).decode()


@pytest.mark.parametrize("stage", list(Stage))
def test_what_is_shown_parses_and_follows_the_conventions(stage: Stage, tmp_path: Path) -> None:
    families = list(text_string_to_metric_families(exposed(everything(tmp_path)[stage].metrics.registry)))

    assert families
    for family in families:
        assert family.documentation, family.name
        if family.name.startswith("opinion_"):
            labels = {name for sample in family.samples for name in sample.labels}
            assert not labels & {"id", "text", "title", "author", "voice", "url", "unit", "partition"}
