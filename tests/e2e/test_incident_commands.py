"""Persons decide on incidents through the topic: an override, a merge and a refusal, seen on the topics and the CLI."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from e2e.support import Sender, rest
from opinion_stream.adapters.incident_commands import Outcome, current_incidents, send_and_wait
from opinion_stream.demo.road import Road
from opinion_stream.models.base import Grade
from opinion_stream.models.command import IncidentCommand
from opinion_stream.models.incident import Incident

pytestmark = pytest.mark.broker

SAID = (
    ("1", "西峰区南街停水", "西峰区南街从昨天起停水，自来水公司没有通知，请尽快恢复供水。"),
    ("2", "西峰区公交改线", "西峰区公交线路调整之后老人出行不方便，希望恢复原来的站点。"),
)


def line(number: str, title: str, text: str) -> bytes:
    said = {"id": number, "source": "wenzheng", "title": title, "text": text, "author": f"a-{number}"}
    return json.dumps({**said, "published_at": "2026-11-09T08:00:00+08:00"}).encode()


async def decide(road: Road, incident: Incident, action: str, **parts: object) -> Outcome:
    basics = {"id": f"k-{action}", "incident_id": incident.id, "action": action, "at": datetime.now(UTC)}
    command = IncidentCommand.model_validate({**basics, "by_role": "duty_officer", "reason": "经核实", **parts})
    return await send_and_wait(road.settings, command, incident.region.code, 60)


async def test_an_override_and_a_merge_reach_the_partition_of_the_incident(
    new_road: Callable[..., Awaitable[Road]],
) -> None:
    road = await new_road()
    await Sender(road).send([line(*said) for said in SAID])
    await rest(road)
    water, bus = sorted(await current_incidents(road.settings), key=lambda incident: incident.title, reverse=True)

    overridden = await decide(road, water, "override_grade", grade="II")
    again = await decide(road, water, "override_grade", grade="II")
    merged = await decide(road, bus, "merge", into=water.id)
    refused = await decide(road, bus, "close")
    await asyncio.to_thread(road.workers().check)

    assert [(i.id, i.grade, i.rule_grade) for i in overridden.incidents] == [(water.id, Grade.II, water.grade)]
    assert again.incidents == overridden.incidents
    assert {i.id: i.status for i in merged.incidents} == {water.id: "open", bus.id: "merged"}
    assert refused.refused is not None
    assert water.id in refused.refused
    survivor = next(i for i in await current_incidents(road.settings) if i.id == water.id)
    assert (survivor.counts.mentions, survivor.grade, survivor.absorbed) == (2, Grade.II, (bus.id,))
