"""The shipped scenario through the whole road, as `make run` plays it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from e2e.support import everything
from opinion_stream.adapters.producer import BatchProducer
from opinion_stream.adapters.reading import progress, reader
from opinion_stream.contracts.schemas import schema_of
from opinion_stream.demo.driver import Driver
from opinion_stream.demo.figures import read_figures
from opinion_stream.demo.road import Road
from opinion_stream.demo.scenario import load_routine, load_steps
from opinion_stream.domain.summary import Summary
from opinion_stream.domain.supervision.figures import bulletin
from opinion_stream.domain.supervision.period import Period
from opinion_stream.domain.supervision.render import render, shipped_template
from opinion_stream.models.base import Grade
from opinion_stream.models.brief import Brief, BriefStatus
from opinion_stream.models.mention import Mention
from opinion_stream.models.task import ClockState, TaskState
from opinion_stream.policy import Policy, load_policy
from opinion_stream.topics import CLOCK, TOPICS

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


async def grave_matters_have_a_brief(road: Road, summary: Summary) -> None:
    """Each of grade I or II has a brief for approval that quotes mentions by their id."""
    topics = await everything(road)
    mentions = [Mention.model_validate_json(r.value or b"") for r in topics["mentions.collected"]]
    said = {mention.id: mention.title + mention.text for mention in mentions}
    briefs = {
        brief.incident_id: brief for brief in (Brief.model_validate_json(r.value or b"") for r in topics["briefs"])
    }
    grave = {incident.id for incident in summary.incidents if incident.grade in (Grade.I, Grade.II)}
    assert grave
    assert grave <= set(briefs)
    for brief in briefs.values():
        assert brief.status is BriefStatus.FOR_APPROVAL
        assert brief.happened
        assert all(statement.text in said[statement.mention_id] for statement in brief.happened)
        assert brief.risks
        assert brief.measures


async def every_record_holds_its_contract(road: Road) -> None:
    """What we write is as the JSON Schema of its topic says."""
    topics = await everything(road)
    for topic in TOPICS:
        if topic.writers and topic is not CLOCK:
            schema = Draft202012Validator(schema_of(topic), format_checker=FormatChecker())
            for record in topics[topic.name][:100]:
                schema.validate(json.loads(record.value or b"null"))


async def test_the_scenario_runs_to_the_end_and_leaks_nothing(new_road: Callable[..., Awaitable[Road]]) -> None:
    road = await new_road(clock="topic", commit_seconds=0.1, batch_seconds=0.02)
    planted = json.loads((FOLDER / "planted.json").read_text(encoding="utf-8"))

    summary, not_done = await play(road)

    assert not_done == []
    assert summary.lost == ()
    assert summary.mentions_in == summary.assessed + summary.duplicates + summary.set_aside + summary.dead_letters
    assert summary.set_aside == sum(summary.set_aside_rules.values()) > 0
    assert summary.mentions_in >= 400
    assert summary.dead_letters >= 12
    # Mentions of one county come in another order in every run, so a stray one may stand alone; a matter that has
    # fallen apart shows as many grave incidents and many late tasks.
    grave = summary.incidents_by_grade["I"] + summary.incidents_by_grade["II"]
    assert 1 <= grave <= 5
    late = {task.id for task in summary.tasks for clock in task.clocks if clock.state is ClockState.MISSED}
    assert 1 <= len(late) <= 8
    assert all(incident.reasons for incident in summary.incidents if incident.grade is not Grade.IV)
    assert summary.receipts > 0
    assert summary.deadlines["met"] > 0
    assert summary.deadlines["missed"] > 0
    assert summary.notices
    assert summary.refused, "the illegal command of the script must be refused with its reason"
    assert summary.tasks_by_state.get(TaskState.CLOSED.value, 0) >= 6

    figures_match_the_topics(summary, load_policy(road.settings.config))

    await grave_matters_have_a_brief(road, summary)
    await every_record_holds_its_contract(road)

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


def figures_match_the_topics(summary: Summary, policy: Policy) -> None:
    """The bulletin is made of tasks alone; responses and notices are other topics and must tell the same."""
    now = max(task.updated_at for task in summary.tasks) + timedelta(seconds=1)
    period = Period(min(task.opened_at for task in summary.tasks), now, "三天")
    total = bulletin(summary.tasks, period, policy, now).total
    clocks = policy.deadlines.clocks
    missed = {(n.task_id, n.clock) for n in summary.notices if n.level == "missed"}
    late_answers = {found for found in missed if "accept" not in clocks[found[1]].met_by}
    answered = {response.task_id for response in summary.responses}
    lawfully = {task.id for task in summary.tasks if task.closed_ground is not None}
    assert total.received == len(summary.tasks)
    assert total.answered_in_time.of - total.answered_in_time.hits == len(late_answers)
    assert total.accepted_in_time.of - total.accepted_in_time.hits == len(missed - late_answers)
    assert total.answered.hits == len(answered | lawfully)
    assert total.not_published == len(lawfully - answered)
    text = render(bulletin(summary.tasks, period, policy, now), policy, shipped_template())
    assert f"| 新交办任务 | {len(summary.tasks)} 件 |" in text


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
