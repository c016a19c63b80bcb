"""The running collection worker takes up changed watch rules between two batches; what is set aside ends at 研判."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from faust.types import TP
from prometheus_client import CollectorRegistry

from builders import SMALL_POLICY, T0, mention, raw_mention, small_policy
from fake_broker import FakeBroker
from opinion_stream.adapters.changelog import MemoryJournal
from opinion_stream.adapters.producer import Outgoing
from opinion_stream.adapters.seal import Sealer
from opinion_stream.adapters.watch_file import WatchFile
from opinion_stream.agents.assessment import AssessmentDesk
from opinion_stream.agents.collection import CollectionDesk
from opinion_stream.agents.metrics import StageMetrics
from opinion_stream.agents.stage import Record, Tools
from opinion_stream.bootstrap import StageApp, tools_of
from opinion_stream.domain.state import DictStore
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.models.mention import Mention
from opinion_stream.policy import load_policy
from opinion_stream.policy.version import rules_version
from opinion_stream.policy.watch import Watch
from opinion_stream.settings import load_settings
from opinion_stream.topics import COLLECTED, INBOUND, Stage

SECRET = b"a key of sixteen and more bytes"
ADVERT = "秋冬女装清仓特惠，扫码进群抢购。"
NO_RULES = "exclusions: []\n"


class Broker(FakeBroker):
    """Takes everything, and says when."""

    def __init__(self) -> None:
        super().__init__()
        self._more = asyncio.Event()

    async def until(self, mentions: int) -> None:
        async with asyncio.timeout(10):
            while len(self.collected()) < mentions:
                self._more.clear()
                await self._more.wait()

    async def send_all(self, records: Sequence[Outgoing]) -> list[int]:
        offsets = await super().send_all(records)
        self._more.set()
        return offsets

    def collected(self) -> list[Mention]:
        return [Mention.model_validate_json(value) for value in self.to("opinion.mentions.collected")]


def advert(number: int) -> bytes:
    return json.dumps(raw_mention(id=str(number), title="", text=f"{ADVERT}第{number}号店", author=None)).encode()


def value(registry: CollectorRegistry, name: str, **labels: str) -> float:
    return registry.get_sample_value(name, labels) or 0.0


def test_a_desk_takes_up_the_file_at_the_next_batch_and_can_take_back_what_it_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "watch.yaml"
    shutil.copy(SMALL_POLICY / "watch.yaml", path)
    metrics = StageMetrics(Stage.COLLECTION)
    watcher = WatchFile(path, small_policy().watch, every=0, told=metrics.watch_file)
    tools = Tools(small_policy(), Sealer(SECRET), SECRET, watcher=watcher, watched=metrics.watched)
    desk = CollectionDesk(tools, DictStore())

    def handle(*numbers: int) -> list[Mention]:
        outputs = desk.handle([Record(INBOUND, 0, n, None, advert(n), T0) for n in numbers])
        return [Mention.model_validate_json(output.value) for output in outputs if output.topic is COLLECTED]

    first = handle(1)
    path.write_text(NO_RULES, encoding="utf-8")
    second = handle(2)
    path.write_text("exclusions: 3\n", encoding="utf-8")
    third = handle(3)
    replayed = handle(1, 2)

    assert [m.set_aside for m in (*first, *second, *third)] == ["商业广告", None, None]
    assert first[0].watch_version != second[0].watch_version == third[0].watch_version
    assert [(m.id, m.set_aside) for m in replayed] == [(first[0].id, None)], "only what was set aside goes on its way"
    found = {o: value(metrics.registry, "opinion_watch_reloads_total", stage="collection", outcome=o) for o in OUTCOMES}
    assert found == {"taken": 1, "refused": 1}
    assert value(metrics.registry, "opinion_watch_file_refused", stage="collection") == 1
    hits = {"stage": "collection", "kind": "exclusion", "rule": "商业广告"}
    assert value(metrics.registry, "opinion_watch_hits_total", **hits) == 1


OUTCOMES = ("taken", "refused")


async def test_the_running_worker_takes_up_a_changed_file(tmp_path: Path) -> None:
    config = tmp_path / "config"
    shutil.copytree(SMALL_POLICY, config)
    settings = load_settings(
        kafka_bootstrap="127.0.0.1:1",
        pseudonym_key="a key of sixteen and more characters",
        config=config,
        state_dir=tmp_path / "state",
        batch_seconds=0.01,
        watch_seconds=0,
    )
    broker = Broker()
    worker = StageApp(Stage.COLLECTION, settings, load_policy(config), journal=MemoryJournal(), sender=broker)
    worker.reading.order.begin({TP("opinion.mentions.inbound", 0): 0})

    async with worker.agent.test_context() as agent:
        await agent.put(advert(1))
        await broker.until(1)
        (config / "watch.yaml").write_text(NO_RULES, encoding="utf-8")
        await agent.put(advert(2))
        await broker.until(2)

    assert [m.set_aside for m in broker.collected()] == ["商业广告", None]
    versions = [m.watch_version for m in broker.collected()]
    assert told_of_rules(worker.metrics.registry) == [versions[1]] != [versions[0]]


async def test_a_refused_file_leaves_the_version_that_is_told_as_it_was(tmp_path: Path) -> None:
    config = tmp_path / "config"
    shutil.copytree(SMALL_POLICY, config)
    settings = load_settings(pseudonym_key="a key of sixteen and more characters", config=config, watch_seconds=0)
    metrics = StageMetrics(Stage.COLLECTION)
    watcher = tools_of(settings, load_policy(config), Stage.COLLECTION, metrics).watcher
    assert watcher is not None
    before = told_of_rules(metrics.registry)
    assert before == [watcher().version]
    (config / "watch.yaml").write_text("exclusions: 3\n", encoding="utf-8")
    watcher()
    assert told_of_rules(metrics.registry) == before
    (config / "watch.yaml").write_text(NO_RULES, encoding="utf-8")
    assert told_of_rules(metrics.registry) == before, "looked at with the next batch"
    assert [watcher().version] == told_of_rules(metrics.registry) != before


def test_only_collection_tells_of_watch_rules_and_the_others_rules_do_not_change_with_them() -> None:
    assert told_of_rules(StageMetrics(Stage.INCIDENTS).registry) == []
    policy = small_policy()
    other = policy.model_copy(update={"watch": Watch()})
    assert rules_version(other) == rules_version(policy)
    assert rules_version(policy.model_copy(update={"routes": other.routes.model_copy(update={"max_returns": 9})})) != (
        rules_version(policy)
    )


def told_of_rules(registry: CollectorRegistry) -> list[str]:
    """The versions of watch rules that Prometheus would see."""
    families = [family for family in registry.collect() if family.name == "opinion_watch_rules"]
    return [sample.labels["version"] for family in families for sample in family.samples]


def test_assessment_passes_over_what_is_set_aside_and_counts_it() -> None:
    metrics = StageMetrics(Stage.ASSESSMENT)
    desk = AssessmentDesk(Tools(small_policy(), Sealer(SECRET), SECRET, count=metrics.happened), DictStore())
    mentions = [mention(), mention(source_id="2", set_aside="商业广告"), mention(source_id="3", watch=("停水",))]

    outputs = desk.handle([Record(COLLECTED, 0, n, None, m.to_bytes(), T0) for n, m in enumerate(mentions)])

    judged = [AssessedMention.model_validate_json(output.value).mention for output in outputs]
    assert [(m.id, m.watch) for m in judged] == [("wenzheng:1", ()), ("wenzheng:3", ("停水",))]
    assert value(metrics.registry, "opinion_mentions_set_aside_total", stage="assessment") == 1


def test_a_mention_written_before_there_were_rules_is_assessed() -> None:
    old = {
        k: v for k, v in mention().model_dump(mode="json").items() if k not in ("watch", "set_aside", "watch_version")
    }
    desk = AssessmentDesk(Tools(small_policy(), Sealer(SECRET), SECRET), DictStore())
    [output] = desk.handle([Record(COLLECTED, 0, 0, None, json.dumps(old).encode(), T0)])
    assert AssessedMention.model_validate_json(output.value).mention.watch == ()
