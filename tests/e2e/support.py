"""What the end-to-end tests share: sending, waiting, and reading everything back."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from opinion_stream.adapters.inbound import inbound_key
from opinion_stream.adapters.producer import BatchProducer, Outgoing
from opinion_stream.adapters.reading import Stored, progress, reader
from opinion_stream.demo.figures import read_figures
from opinion_stream.demo.road import Road, wait_drained
from opinion_stream.domain.summary import Summary
from opinion_stream.policy import load_policy
from opinion_stream.topics import INBOUND, TOPICS, Stage, full_name

SHARED = Path(__file__).parents[3] / "shared" / "data"


def real_messages() -> list[bytes]:
    """The real messages as raw lines; skips the test where they are not at hand."""
    path = SHARED / "messages.jsonl"
    if not path.is_file():
        pytest.skip("the real messages (../shared/data/messages.jsonl) are not on this machine")
    return path.read_bytes().splitlines()


@dataclass(frozen=True)
class Sender:
    """Sends raw lines to the inbound topic of a road."""

    road: Road

    async def send(self, lines: Sequence[bytes], pause: Callable[[int], None] = lambda sent: None) -> None:
        """Send the lines in chunks; `pause` is called after each with the number sent so far."""
        settings = self.road.settings
        topic = full_name(settings.topic_prefix, INBOUND)
        producer = BatchProducer(settings.bootstrap(), client_id="test")
        await producer.start()
        try:
            for at in range(0, len(lines), 200):
                part = lines[at : at + 200]
                await producer.send_all([Outgoing(topic, inbound_key(line), line) for line in part])
                await asyncio.to_thread(pause, at + len(part))
        finally:
            await producer.stop()


async def rest(road: Road, seconds: float = 240, stages: Sequence[Stage] = tuple(Stage)) -> None:
    """Wait until the road, or those stages of it that run, has done all there is to do."""
    settings = road.settings
    names = [full_name(settings.topic_prefix, topic) for topic in TOPICS]
    async with reader(settings.bootstrap()) as read, progress(settings.bootstrap(), settings.topic_prefix) as far:
        await read.seek(names, from_beginning=True)
        await wait_drained(settings, read, far, check=road.workers().check, seconds=seconds, stages=stages)


async def everything(road: Road) -> dict[str, list[Stored]]:
    """All records of all topics, by the topic's short name."""
    prefix = road.settings.topic_prefix
    async with reader(road.settings.bootstrap()) as read:
        records = await read.read_to_end([full_name(prefix, topic) for topic in TOPICS])
    found: dict[str, list[Stored]] = {topic.name: [] for topic in TOPICS}
    for record in records:
        found[record.topic.removeprefix(f"{prefix}.")].append(record)
    return found


async def figures(road: Road) -> Summary:
    """The summary of what stands on the topics."""
    async with reader(road.settings.bootstrap()) as read:
        return await read_figures(road.settings, load_policy(road.settings.config), read)


def distinct(records: Sequence[Stored]) -> dict[tuple[str, int], bytes]:
    """What a consumer sees that keeps the first record of each id and version."""
    seen: dict[tuple[str, int], bytes] = {}
    for record in records:
        value = record.value or b""
        data = json.loads(value)
        identity = data.get("mention", data)["id"] if "mention" in data else data["id"]
        seen.setdefault((identity, data.get("version", 0)), value)
    return seen


def changed(before: dict[str, list[Stored]], after: dict[str, list[Stored]], topics: Sequence[str]) -> dict[str, int]:
    """For each topic, how many (id, version) are new, gone or different; empty when nothing changed."""
    found: dict[str, int] = {}
    for topic in topics:
        first, second = distinct(before[topic]), distinct(after[topic])
        differences = sum(1 for key in first.keys() | second.keys() if first.get(key) != second.get(key))
        if differences:
            found[topic] = differences
    return found


def in_ci() -> bool:
    """Whether this is CI, where nothing may be skipped for want of a broker."""
    return os.environ.get("CI") == "true"
