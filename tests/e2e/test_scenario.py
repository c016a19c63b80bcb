"""The shipped scenario through the whole road, as `make run` plays it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from e2e.support import everything
from opinion_stream.adapters.producer import BatchProducer
from opinion_stream.adapters.reading import progress, reader
from opinion_stream.demo.driver import Driver
from opinion_stream.demo.figures import read_figures
from opinion_stream.demo.road import Road
from opinion_stream.demo.scenario import load_routine, load_steps
from opinion_stream.domain.summary import Summary
from opinion_stream.models.base import Grade
from opinion_stream.models.task import TaskState
from opinion_stream.policy import load_policy

pytestmark = pytest.mark.broker

FOLDER = Path(__file__).parents[2] / "examples" / "qingyang-three-days"


async def play(road: Road) -> tuple[Summary, list[str]]:
    settings = road.settings
    producer = BatchProducer(settings.bootstrap(), client_id="test")
    await producer.start()
    try:
        async with reader(settings.bootstrap()) as read, progress(settings.bootstrap(), settings.topic_prefix) as far:
            driver = Driver(settings, producer, read, far, road.workers().check, load_routine(FOLDER))
            await read.seek(driver.watched(), from_beginning=True)
            await driver.play(load_steps(FOLDER, minutes=180), lambda lines, now: None)
        async with reader(settings.bootstrap()) as read:
            return await read_figures(settings, load_policy(settings.config), read), driver.not_done
    finally:
        await producer.stop()


async def test_the_scenario_runs_to_the_end_and_leaks_nothing(new_road: Callable[..., Awaitable[Road]]) -> None:
    road = await new_road(clock="topic", commit_seconds=0.1, batch_seconds=0.02)
    planted = json.loads((FOLDER / "planted.json").read_text(encoding="utf-8"))

    summary, not_done = await play(road)

    assert not_done == []
    assert summary.lost == ()
    assert summary.mentions_in == summary.assessed + summary.duplicates + summary.dead_letters
    assert summary.mentions_in >= 400
    assert summary.dead_letters >= 12
    assert summary.incidents_by_grade["I"] + summary.incidents_by_grade["II"] >= 1
    assert all(incident.reasons for incident in summary.incidents if incident.grade is not Grade.IV)
    assert summary.receipts > 0
    assert summary.deadlines["met"] > 0
    assert summary.deadlines["missed"] > 0
    assert summary.notices
    assert summary.refused, "the illegal command of the script must be refused with its reason"
    assert summary.tasks_by_state.get(TaskState.CLOSED.value, 0) >= 6

    secrets = secrets_of(planted)
    assert len(secrets) > 30
    for topic, records in (await everything(road)).items():
        if topic == "mentions.inbound":
            continue
        for record in records:
            assert leaked(record.value or b"", secrets) == [], f"{topic} {record.partition}/{record.offset}"

    clean = road.stop()

    assert clean, "every worker must stop by itself with exit code 0"
    for log in road.logs():
        assert leaked(log.read_bytes(), secrets) == [], log.name


def secrets_of(planted: object) -> set[bytes]:
    """Every string anywhere in planted.json that is a datum (three or more characters)."""
    if isinstance(planted, str):
        return {planted.encode()} if len(planted) >= 3 else set()
    if isinstance(planted, dict):
        return {s for key, value in planted.items() if key not in ("kind", "id", "mention") for s in secrets_of(value)}
    if isinstance(planted, list):
        return {s for value in planted for s in secrets_of(value)}
    return set()


def leaked(data: bytes, secrets: set[bytes]) -> list[str]:
    return [secret.decode() for secret in secrets if secret in data]
