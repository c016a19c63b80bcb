"""Reads everything from the beginning when a run is over, and proves the promises one by one."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from faults.changelogs import Story, read
from faults.legality import illegal_steps
from faults.load import is_poison
from faults.rerun import Rerun
from opinion_stream.adapters.reading import Stored
from opinion_stream.bootstrap import tools_of
from opinion_stream.demo.figures import inbound_ids
from opinion_stream.errors import BrokerError
from opinion_stream.models.task import ResponseTask
from opinion_stream.policy import Policy
from opinion_stream.settings import Settings
from opinion_stream.topics import (
    ASSESSED,
    BRIEFS,
    COLLECTED,
    DEAD_LETTERS,
    ESCALATIONS,
    INBOUND,
    INCIDENTS,
    STATEFUL,
    SUPERVISION,
    TASKS,
    TOPICS,
    Stage,
    Topic,
    changelog_name,
    full_name,
    inputs_of,
)

Record = ConsumerRecord[bytes, bytes]
SHOWN = 3
"""Examples told of each failure."""


@dataclass(frozen=True)
class Check:
    """One promise, what was looked at, and what was found against it."""

    promise: str
    looked_at: str
    problems: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing was found against it."""
        return not self.problems


@dataclass
class Findings:
    """All checks of a run, and its figures."""

    checks: list[Check] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)

    @property
    def hold(self) -> bool:
        """Whether all promises hold."""
        return all(check.holds for check in self.checks)

    def add(self, promise: str, looked_at: str, problems: Iterable[str] = ()) -> None:
        """Note a check."""
        found = list(problems)
        more = [f"… and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
        self.checks.append(Check(promise, looked_at, (*found[:SHOWN], *more)))


async def read_all(settings: Settings) -> dict[TopicPartition, list[Record]]:
    """Every record of every topic and changelog, by partition, in order."""
    names = [full_name(settings.topic_prefix, topic) for topic in TOPICS]
    names += [changelog_name(settings.topic_prefix, stage) for stage in STATEFUL]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap(),
        enable_auto_commit=False,
        # By default it may be set to the end in the middle of being set to the beginning.
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=16 * 1024 * 1024,
    )
    await consumer.start()
    try:
        metadata = await consumer._client.fetch_all_metadata()
        partitions = [TopicPartition(n, p) for n in names for p in sorted(metadata.partitions_for_topic(n) or ())]
        missing = set(names) - {partition.topic for partition in partitions}
        if missing:
            raise BrokerError(f"the broker does not know {', '.join(sorted(missing))} yet")
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning(*partitions)
        found: dict[TopicPartition, list[Record]] = {partition: [] for partition in partitions}
        waiting = {partition for partition in partitions if ends[partition]}
        while waiting:
            for partition, records in (await consumer.getmany(timeout_ms=500)).items():
                found[partition] += records
            waiting = {partition for partition in waiting if await consumer.position(partition) < ends[partition]}
        return found
    finally:
        await consumer.stop()


class Checker:
    """Checks what stands on the broker, given the policy the run had."""

    def __init__(
        self, settings: Settings, policy: Policy, records: Mapping[TopicPartition, Sequence[Record]], sent: int
    ) -> None:
        self._settings = settings
        self._policy = policy
        self._records = records
        self._sent = sent
        self._stories: dict[tuple[Stage, int], Story] = {
            (stage, partition): read(self._of(changelog_name(settings.topic_prefix, stage), partition))
            for stage in STATEFUL
            for partition in range(settings.partitions)
        }
        self.found = Findings()

    def _of(self, name: str, partition: int) -> Sequence[Record]:
        return self._records.get(TopicPartition(name, partition), ())

    def _all(self, topic: Topic) -> list[Record]:
        """What stands on a topic, but for what the suite itself has put there to be refused."""
        name = full_name(self._settings.topic_prefix, topic)
        every = (record for at, records in self._records.items() if at.topic == name for record in records)
        return [record for record in every if topic is INBOUND or not is_poison(record.key)]

    def check(self) -> Findings:
        """Everything."""
        self.found.add(
            "there was something to be checked: as many records came in as were sent",
            f"{self._sent} sent",
            [] if len(self._all(INBOUND)) >= max(1, self._sent) else [f"{len(self._all(INBOUND))} on the topic"],
        )
        self._accounted()
        self._consumed()
        self._reruns()
        self._one_word()
        self._legal()
        self._notices()
        self._tables()
        self._count()
        return self.found

    def _accounted(self) -> None:
        inbound = self._all(INBOUND)
        stored = [Stored(r.topic, r.partition, r.offset, r.key, r.value, _at(r)) for r in inbound]
        ids = inbound_ids(self._settings, self._policy, stored)
        assessed = {json.loads(r.value)["mention"]["id"] for r in self._all(ASSESSED)}
        dead = {json.loads(r.value)["id"] for r in self._all(DEAD_LETTERS)}
        # What the city's watch rules set aside ends on `collected`, marked with the rule (docs/watch.md).
        aside = {m["id"] for m in (json.loads(r.value) for r in self._all(COLLECTED)) if m["set_aside"]}
        lost = sorted(set(ids) - assessed - dead - aside)
        self.found.add(
            "every inbound record is assessed, set aside by a rule, known as a repeat, or in the dead letters: 0 lost",
            f"{len(inbound)} records, {len(set(ids))} ids",
            [f"lost: {i}" for i in lost],
        )
        collected = {json.loads(r.value)["id"] for r in self._all(COLLECTED)}
        self.found.add(
            "nothing is assessed that was not handed in",
            f"{len(assessed)} mentions",
            [f"from nowhere: {i}" for i in sorted((assessed | collected) - set(ids))],
        )

    def _consumed(self) -> None:
        problems: list[str] = []
        batches = 0
        for (stage, partition), story in self._stories.items():
            problems += [f"{stage.value}/{partition}: {problem}" for problem in story.problems]
            batches += len(story.batches)
            done = story.batches[-1].after if story.batches else {}
            for topic in inputs_of(stage):
                records = self._of(full_name(self._settings.topic_prefix, topic), partition)
                end = records[-1].offset + 1 if records else 0
                if done.get(topic.name, 0) != end:
                    problems.append(f"{stage.value}/{partition}: {topic.name} done to {done.get(topic.name)} of {end}")
        self.found.add(
            "every record of every input was taken exactly once: the batches follow each other without a gap",
            f"{batches} batches in {len(self._stories)} changelog partitions",
            problems,
        )

    def _reruns(self) -> None:
        said: dict[Topic, set[tuple[bytes, bytes]]] = defaultdict(set)
        differing: list[str] = []
        entries = 0
        for (stage, partition), story in self._stories.items():
            rerun = Rerun(stage, tools_of(self._settings, self._policy, stage))
            prefix = self._settings.topic_prefix
            rerun.follow(story, {t: self._of(full_name(prefix, t), partition) for t in inputs_of(stage)})
            for topic, outputs in rerun.outputs.items():
                said[topic] |= outputs
            entries += len(story.state)
            keys = story.state.keys() | rerun.store.entries.keys()
            differing += [
                f"{stage.value}/{partition}: {key}"
                for key in sorted(keys)
                if story.state.get(key) != rerun.store.entries.get(key)
            ]
        assessing = Rerun(Stage.ASSESSMENT, tools_of(self._settings, self._policy, Stage.ASSESSMENT))
        for partition in range(self._settings.partitions):
            assessing.all(self._of(full_name(self._settings.topic_prefix, COLLECTED), partition), COLLECTED)
        for topic, outputs in assessing.outputs.items():
            said[topic] |= outputs
        for topic in TOPICS:
            if not topic.writers:
                continue
            found = {(record.key or b"", record.value or b"") for record in self._all(topic)}
            expected = said[topic]
            self.found.add(
                f"{topic.name}: the same as of an undisturbed run over the same input, byte for byte",
                f"{len(found)} different records",
                [f"missing: {_name(*pair)}" for pair in sorted(expected - found)]
                + [f"not of the undisturbed run: {_name(*pair)}" for pair in sorted(found - expected)],
            )
        self.found.add(
            "what every stage remembers (its changelog) is what the undisturbed run remembers",
            f"{entries} entries",
            differing,
        )

    def _one_word(self) -> None:
        for topic in (INCIDENTS, BRIEFS, ESCALATIONS, TASKS):
            words: dict[tuple[str, int], set[bytes]] = defaultdict(set)
            for record in self._all(topic):
                data = json.loads(record.value)
                words[data["id"], data.get("version", 0)].add(record.value)
            self.found.add(
                f"{topic.name}: one id and version, one content",
                f"{len(words)} versions",
                [f"{name} v{version}: {len(w)} contents" for (name, version), w in words.items() if len(w) > 1],
            )

    def _legal(self) -> None:
        versions: dict[str, dict[int, ResponseTask]] = defaultdict(dict)
        for record in self._all(TASKS):
            task = ResponseTask.model_validate_json(record.value)
            versions[task.id][task.version] = task
        problems: list[str] = []
        steps = 0
        for name, known in versions.items():
            ordered = [known[number] for number in sorted(known)]
            steps += len(ordered[-1].history)
            if sorted(known) != list(range(1, len(known) + 1)):
                problems.append(f"{name}: versions {sorted(known)}")
            for before, after in pairwise(ordered):
                if after.history[: len(before.history)] != before.history:
                    problems.append(f"{name}: v{after.version} tells another past than v{before.version}")
            problems += illegal_steps(ordered[-1])
        self.found.add(
            "every transition of every task stands in the documented table (docs/rules-response.md)",
            f"{len(versions)} tasks, {steps} steps",
            problems,
        )

    def _notices(self) -> None:
        words: dict[str, set[bytes]] = defaultdict(set)
        about: Counter[tuple[str, ...]] = Counter()
        for record in self._all(SUPERVISION):
            data = json.loads(record.value)
            if data["id"] not in words:
                about[tuple(str(data.get(k)) for k in ("task_id", "clock", "level", "due_at"))] += 1
            words[data["id"]].add(record.value)
        self.found.add(
            "no notice twice: one content per id, one id per task, clock, level and due time",
            f"{len(words)} notices",
            [f"{i}: {len(w)} contents" for i, w in words.items() if len(w) > 1]
            + [f"{count} notices about {what}" for what, count in about.items() if count > 1],
        )

    def _tables(self) -> None:
        """The compacted topics hold, as the last word on each id, what the stage remembers of it."""
        for topic, stage, number in ((INCIDENTS, Stage.INCIDENTS, _version), (TASKS, Stage.RESPONSE, _version)):
            latest: dict[str, int] = {}
            for record in self._all(topic):
                data = json.loads(record.value)
                latest[data["id"]] = max(latest.get(data["id"], 0), data["version"])
            known = number(story.state for (s, _), story in self._stories.items() if s is stage)
            shared = latest.keys() & known.keys()
            self.found.add(
                f"{topic.name}: the latest version on the topic is the one the changelog knows",
                f"{len(shared)} of {len(latest)} ids still remembered",
                [
                    f"{i}: {latest[i]} on the topic, {known[i]} remembered"
                    for i in sorted(shared)
                    if latest[i] != known[i]
                ],
            )

    def _count(self) -> None:
        records = {topic.name: len(self._all(topic)) for topic in TOPICS}
        doubled = sum(
            len(self._all(topic)) - len({(r.key, r.value) for r in self._all(topic)})
            for topic in TOPICS
            if topic.writers
        )
        self.found.figures = {
            "inbound records": records[INBOUND.name],
            "mentions assessed": records[ASSESSED.name],
            "incident versions": records[INCIDENTS.name],
            "escalations": records[ESCALATIONS.name],
            "task versions": records[TASKS.name],
            "notices": records[SUPERVISION.name],
            "dead letters": records[DEAD_LETTERS.name],
            "records said again word for word after a crash (consumers drop them by id)": doubled,
            "takeovers of partitions (epochs)": sum(story.epochs for story in self._stories.values()),
            "records of former owners that were shut out": sum(story.strays for story in self._stories.values()),
        }


def _version(states: Iterable[Mapping[str, bytes]]) -> dict[str, int]:
    """Id to version of all that is remembered as a JSON object with both."""
    found: dict[str, int] = {}
    for state in states:
        for value in state.values():
            data = _json(value)
            if isinstance(data, dict) and isinstance(data.get("id"), str) and isinstance(data.get("version"), int):
                found[data["id"]] = max(found.get(data["id"], 0), data["version"])
    return found


def _json(value: bytes) -> object:
    try:
        return json.loads(value)
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None


def _name(key: bytes, value: bytes) -> str:
    data = _json(value)
    number = f" v{data['version']}" if isinstance(data, dict) and "version" in data else ""
    return f"{key.decode(errors='replace')}{number} ({len(value)} bytes)"


def _at(record: Record) -> datetime:
    return datetime.fromtimestamp(record.timestamp / 1000, UTC)
