"""A record that failed is looked at, put right and replayed beside a running worker; what fails again is parked."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from e2e.support import Sender, everything, rest
from opinion_stream.adapters.dead_letters import Window, window
from opinion_stream.adapters.producer import Outgoing
from opinion_stream.adapters.reading import Stored
from opinion_stream.cli.main import build
from opinion_stream.demo.road import Road
from opinion_stream.errors import DeliveryError
from opinion_stream.models.control import DeadLetterState
from opinion_stream.topics import Stage

pytestmark = pytest.mark.broker

REPO = Path(__file__).parents[2]
KEY = "a key for the tests only, not a secret"
PHONE = "13812345678"
LIMITED = "max_text_chars: 100"


def raw(number: str, text: str) -> bytes:
    fields = {"id": number, "source": "wenzheng", "title": "来信", "text": text, "author": "张三丰"}
    return json.dumps({**fields, "published_at": "2026-11-09T08:00:00+08:00"}, ensure_ascii=False).encode()


def dlq(road: Road, *words: str) -> tuple[int, Any]:
    """Exit code and what `dlq … --json` prints."""
    env = {
        "OPINION_KAFKA_BOOTSTRAP": road.settings.bootstrap(),
        "OPINION_TOPIC_PREFIX": road.settings.topic_prefix,
        "OPINION_PSEUDONYM_KEY": KEY,
        "OPINION_CONFIG": str(road.settings.config),
    }
    done = CliRunner().invoke(build(("dlq",)), ["dlq", *words, "--json"], env=env)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, json.loads(done.stdout)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A policy that takes texts of 100 characters at most."""
    shutil.copytree(REPO / "config", tmp_path / "config")
    rewrite(tmp_path / "config", "max_text_chars: 20000", LIMITED)
    return tmp_path / "config"


def rewrite(policy: Path, old: str, new: str) -> None:
    file = policy / "collection.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


async def collected(road: Road) -> list[dict[str, Any]]:
    return [json.loads(record.value or b"") for record in (await everything(road))["mentions.collected"]]


async def invoke(road: Road, *words: str) -> tuple[int, Any]:
    """`dlq` in a thread, since the command runs an event loop of its own."""
    return await asyncio.to_thread(dlq, road, *words)


async def test_a_replay_fails_again_and_is_parked_then_the_limit_is_raised_and_it_arrives_as_itself(
    new_road: Callable[..., Awaitable[Road]], policy: Path
) -> None:
    road = await new_road([Stage.COLLECTION], config=policy)
    long = raw("long-1", f"路灯坏了，请联系{PHONE}。" + "请尽快维修。" * 40)
    await Sender(road).send([raw("good-1", "南街的路灯坏了一个星期，请尽快维修。"), long, b"no json at all"])
    await rest(road, stages=[Stage.COLLECTION])

    code, listed = await invoke(road, "list")
    assert (code, len(listed)) == (0, 2)
    [letter] = [each for each in listed if each["kind"] == "text_too_long"]
    name = letter["id"]

    _, shown = await invoke(road, "show", name[:8])
    told = json.dumps(shown, ensure_ascii=False)
    assert "路灯坏了" in told
    assert PHONE not in told
    assert "张三丰" not in told

    code, plan = await invoke(road, "replay", name, "--dry-run")
    assert (code, plan["would_replay"]) == (0, [name])

    code, done = await invoke(road, "replay", name, "--wait", "60")
    assert (code, done["states"]) == (0, {"parked": 1})
    _, [parked] = await invoke(road, "list", "--state", "parked")
    assert (parked["id"], parked["attempts"], parked["kind"]) == (name, 1, "text_too_long")

    code, refused = await invoke(road, "replay", name)
    assert code == 1
    assert refused["replayed"] == []
    assert "--force" in refused["skipped"][name]

    rewrite(policy, LIMITED, "max_text_chars: 20000")
    road.workers().kill(Stage.COLLECTION)
    road.workers().wait_ready(90)
    code, done = await invoke(road, "replay", name, "--force", "--note", f"上限已改 {PHONE}", "--wait", "60")
    assert (code, done["states"]) == (0, {"resolved": 1})

    found = sorted(await collected(road), key=lambda mention: mention["id"])
    assert [each["id"] for each in found] == ["wenzheng:good-1", "wenzheng:long-1"]
    assert PHONE not in found[1]["text"]
    stored = (await everything(road))["dead-letters"]
    assert not any(PHONE.encode() in (record.value or b"") for record in stored)
    states = [json.loads(r.value or b"")["state"] for r in stored if r.key == name.encode()]
    assert states[0] == "open"
    assert sorted(states) == sorted(["open", "replayed", "parked", "replayed", "resolved"])
    inbound = [r for r in (await everything(road))["mentions.inbound"] if r.value == long]
    assert len(inbound) == 3
    assert len({(record.key, record.partition) for record in inbound}) == 1, "the same key and place"
    assert (await invoke(road, "list"))[1] != [], "the one that is no JSON is still open"


async def test_a_command_that_dies_half_way_is_run_again_and_doubles_nothing(
    new_road: Callable[..., Awaitable[Road]], policy: Path
) -> None:
    road = await new_road([Stage.COLLECTION], config=policy)
    await Sender(road).send([raw(f"long-{n}", f"第{n}封来信。" + "请尽快维修路灯。" * 30) for n in range(8)])
    await rest(road, stages=[Stage.COLLECTION])
    rewrite(policy, LIMITED, "max_text_chars: 20000")
    road.workers().kill(Stage.COLLECTION)
    road.workers().wait_ready(90)

    async with window(road.settings) as opened:
        chosen = list((await opened.standings()).values())
        with pytest.raises(DeliveryError):
            await dying(opened).replay(chosen, "operator", "")
    assert [s.state for s in chosen] == [DeadLetterState.OPEN] * 8

    code, done = await invoke(road, "replay", "--all", "--wait", "60")
    assert code == 0
    # Those of the first run may have been resolved already: then there is nothing left to replay.
    assert set(done.get("states", {"resolved": 0})) == {"resolved"}
    await rest(road, stages=[Stage.COLLECTION])

    ids = [each["id"] for each in await collected(road)]
    assert sorted(ids) == sorted(f"wenzheng:long-{n}" for n in range(8))
    assert (await invoke(road, "list"))[1] == []


def dying(opened: Window) -> Window:
    """A window whose process dies once the records have been written, before it can say so."""
    send = opened._producer.send_all

    class Dying:
        async def send_all(self, records: list[Outgoing]) -> list[int]:
            if records and records[0].topic.endswith("dead-letters"):
                raise DeliveryError("died")
            return await send(records)

    return Window(opened._settings, opened._read, Dying())  # type: ignore[arg-type]


async def test_what_is_discarded_stays_on_the_topic_with_role_and_reason(
    new_road: Callable[..., Awaitable[Road]],
) -> None:
    road = await new_road([Stage.COLLECTION])
    await Sender(road).send([b"no json at all", b"[]"])
    await rest(road, stages=[Stage.COLLECTION])

    code, done = await invoke(
        road, "discard", "--reason", "not_json", "--role", "operator", "--note", "来源的测试数据", "--yes"
    )

    assert (code, len(done["discarded"])) == (0, 1)
    assert [each["kind"] for each in (await invoke(road, "list"))[1]] == ["not_an_object"]
    events = [json.loads(r.value or b"") for r in of_letter(await everything(road), done["discarded"][0])]
    assert [(e["state"], e["role"], e["note"]) for e in events] == [
        ("open", "", ""),
        ("discarded", "operator", "来源的测试数据"),
    ]
    assert events[1]["original_sealed"] == "", "the bytes are kept no longer than without it"
    code, refused = await invoke(road, "replay", done["discarded"][0])
    assert (code, refused["replayed"]) == (1, [])


def of_letter(found: dict[str, list[Stored]], name: str) -> list[Stored]:
    return [record for record in found["dead-letters"] if record.key == name.encode()]
