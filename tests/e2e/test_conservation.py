"""Nothing is lost and nothing counted twice: on real text, when replayed, when workers die, when records are bad."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from e2e import ledger_beside
from e2e.malformed import KINDS, malformed_records
from e2e.support import Sender, changed, everything, figures, real_messages, rest
from fuzzing import PLANTS, Fuzzer, samples
from opinion_stream.demo.ledger import DemoLedger
from opinion_stream.demo.road import Road
from opinion_stream.domain.dead_letters.codes import CODES
from opinion_stream.models.control import DeadLetter
from opinion_stream.models.mention import Mention
from opinion_stream.topics import Stage

pytestmark = pytest.mark.broker

REPO = Path(__file__).parents[2]
SCENARIO = REPO / "examples" / "qingyang-three-days" / "mentions.jsonl"
SEEN_BY_CONSUMERS = (
    "mentions.collected",
    "mentions.assessed",
    "incidents",
    "briefs",
    "escalations",
    "tasks",
    "responses",
    "supervision",
    "dead-letters",
)


async def test_every_real_message_is_accounted_for_and_a_replay_changes_nothing(
    new_road: Callable[..., Awaitable[Road]],
) -> None:
    lines = real_messages()
    ids = {json.loads(line)["id"] for line in lines}
    road = await new_road(config=REPO / "examples" / "xidi")

    await Sender(road).send(lines)
    await rest(road)
    before = await everything(road)
    summary = await figures(road)

    assert summary.mentions_in == len(ids) == 4326
    assert summary.lost == ()
    assert summary.assessed + summary.duplicates + summary.set_aside + summary.dead_letters == summary.mentions_in
    assert summary.set_aside == 0, "no citizen is set aside"
    assert summary.duplicates == word_for_word_repeats(lines)
    assessed = [Mention.model_validate(json.loads(r.value or b"")["mention"]) for r in before["mentions.assessed"]]
    known = {mention.id for mention in assessed}
    assert {mention.source_id for mention in assessed} == ids
    assert all(mention.duplicate_of in known for mention in assessed if mention.duplicate_of)
    assert sum(i.counts.mentions for i in summary.incidents) == 4326

    await Sender(road).send(lines)
    await rest(road)

    assert changed(before, await everything(road), SEEN_BY_CONSUMERS) == {}
    again = await figures(road)
    assert (again.mentions_in, again.assessed, again.duplicates) == (
        summary.mentions_in,
        summary.assessed,
        summary.duplicates,
    )


def word_for_word_repeats(lines: list[bytes]) -> int:
    """Rows whose title and text hold the same words, in the same order, as an earlier row's."""
    words = [re.sub(r"\W", "", message["title"] + message["text"]) for message in map(json.loads, lines)]
    return len(words) - len(set(words))


async def test_each_worker_can_be_killed_during_a_replay(
    new_road: Callable[..., Awaitable[Road]], tmp_path: Path
) -> None:
    lines = SCENARIO.read_bytes().splitlines()
    # The scenario under several sources, so that there is work in hand whenever a worker dies.
    many = [line.replace(b'"source": "', b'"source": "copy%d-' % copy) for copy in range(5) for line in lines]
    road = await new_road()
    stages = list(Stage)
    kills = {len(many) * (number + 1) // 7 // 200 * 200: stage for number, stage in enumerate(stages)}

    with DemoLedger(road.settings, tmp_path) as ledger:

        def strike(sent: int) -> None:
            ledger.check()
            if sent in kills:
                road.workers().kill(kills[sent])
                if kills[sent] in (Stage.ASSESSMENT, Stage.REPORTING):
                    ledger_beside.kill(ledger)
                road.workers().wait_ready(90)

        await Sender(road).send(many, strike)
        await rest(road)
        await ledger_beside.written(road, ledger)
        assert ledger.restarts == 2
    summary = await figures(road)

    assert [road.workers().restarts(stage) for stage in stages] == [1] * len(stages)
    assert summary.lost == ()
    assert summary.assessed + summary.duplicates + summary.set_aside + summary.dead_letters == summary.mentions_in
    assert summary.set_aside > 0, "the scenario holds adverts"
    assert sum(i.counts.mentions for i in summary.incidents) == summary.assessed + summary.duplicates
    found = await everything(road)
    for topic in ("incidents", "tasks", "escalations"):
        by_version: dict[tuple[str, int], set[bytes]] = {}
        for record in found[topic]:
            data = json.loads(record.value or b"")
            by_version.setdefault((data["id"], data["version"]), set()).add(record.value or b"")
        assert all(len(contents) == 1 for contents in by_version.values()), f"{topic}: one version, two contents"
    assert ledger_beside.differences(ledger.path, found) == []
    first, second = await asyncio.to_thread(ledger_beside.rebuilt, road, ledger, tmp_path)
    assert [name for name in first if first[name] != second.get(name)] == []
    assert first["mentions.jsonl"]


async def test_a_thousand_malformed_records_are_explained_and_the_next_good_one_passes(
    new_road: Callable[..., Awaitable[Road]],
) -> None:
    bad = malformed_records(1000)
    good = {
        "id": "good-1",
        "source": "wenzheng",
        "title": "西峰区南街路灯不亮",
        "text": "西峰区南街的路灯已经坏了一个星期，晚上出行很不方便，请尽快维修。",
        "published_at": "2026-11-09T08:00:00+08:00",
    }
    road = await new_road()

    await Sender(road).send([*bad, json.dumps(good).encode()])
    await rest(road)

    found = await everything(road)
    letters = [DeadLetter.model_validate_json(record.value or b"") for record in found["dead-letters"]]
    assert len(KINDS) >= 12
    assert len(letters) == 1000
    assert len({letter.id for letter in letters}) == 1000
    assert all(any("\u4e00" <= c <= "\u9fff" for c in letter.reason) for letter in letters)
    assert {letter.kind for letter in letters} - {"internal_error"} == {letter.kind for letter in letters}
    assert [json.loads(r.value or b"")["mention"]["source_id"] for r in found["mentions.assessed"]] == ["good-1"]


async def test_two_thousand_fuzzed_records_are_accounted_for_on_the_real_road(
    new_road: Callable[..., Awaitable[Road]],
) -> None:
    # Without a value there is nothing to account for: such a record is a deletion to Kafka.
    fuzzed = [record.value for record in Fuzzer(20261109, samples()).records(2000) if record.value]
    stages = [Stage.COLLECTION]
    road = await new_road(stages)

    await Sender(road).send(fuzzed)
    await rest(road, stages=stages)

    found = await everything(road)
    letters = [DeadLetter.model_validate_json(record.value or b"") for record in found["dead-letters"]]
    mentions = [Mention.model_validate_json(record.value or b"") for record in found["mentions.collected"]]
    assert "internal_error" not in {letter.kind for letter in letters}
    assert {letter.kind for letter in letters} <= set(CODES)
    # Other words under the same id are keyed to another partition; whoever reads tells repeats apart by id.
    assert len({(mention.id, mention.fingerprint) for mention in mentions}) == len(mentions)
    summary = await figures(road)
    assert summary.records_in == len(fuzzed)
    assert set(summary.lost) <= {mention.id for mention in mentions}, "nothing but what waits to be assessed"
    assert len({m.id for m in mentions}) + len({letter.id for letter in letters}) == summary.mentions_in
    assert road.workers().restarts(Stage.COLLECTION) == 0
    for log in road.logs():
        assert not [datum for datum in PLANTS if datum in log.read_text(encoding="utf-8", errors="replace")]
