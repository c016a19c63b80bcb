"""A matter handed down by another body: a task with its deadline, and a report back at each step, over the topics."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from builders import SMALL_POLICY, command, receipt
from e2e.support import rest
from opinion_stream.adapters.desk_window import send as act
from opinion_stream.adapters.desk_window import tasks_now
from opinion_stream.adapters.reporting_window import escalations_now, replies_now
from opinion_stream.adapters.reporting_window import send as hand_in
from opinion_stream.demo.road import Road
from opinion_stream.models.sharing import Referral, ReferralKind
from opinion_stream.models.task import CommandKind
from opinion_stream.topics import Stage

pytestmark = pytest.mark.broker

STAGES = (Stage.REPORTING, Stage.RESPONSE)
PHONE = "13812345678"


async def test_a_referred_matter_is_answered_in_public_and_reported_back_once_each(
    new_road: Callable[..., Awaitable[Road]],
) -> None:
    road = await new_road(stages=STAGES, config=SMALL_POLICY)
    now = datetime.now(UTC)
    referral = Referral(
        id="2026-17",
        from_body="北原省人民政府办公厅",
        kind=ReferralKind.HANDED_DOWN,
        title="关于柳树镇供水问题的交办件",
        text=f"群众来电{PHONE}反映停水。",
        at=now,
        due_at=now + timedelta(hours=20),
        unit="housing",
    )
    await hand_in(road.settings, referral)
    await hand_in(road.settings, referral)
    await rest(road, stages=STAGES)

    (told,) = (await escalations_now(road.settings)).values()
    received = receipt(escalation_id=told.id, incident_id=told.incident_id, at=datetime.now(UTC))
    await hand_in(road.settings, received)
    await rest(road, stages=STAGES)
    (task,) = (await tasks_now(road.settings)).values()
    assert task.unit.code == "housing"
    assert any(clock.due_at == referral.due_at for clock in task.clocks)
    steps = [
        {"kind": CommandKind.ACCEPT},
        {"kind": CommandKind.DRAFT, "text": "破裂的管道已经修复，今晚恢复供水。"},
        {"kind": CommandKind.SUBMIT},
        {"kind": CommandKind.APPROVE, "role": "direct_responsible"},
        {"kind": CommandKind.PUBLISH, "publication": "website"},
        {"kind": CommandKind.CLOSE},
    ]
    for number, step in enumerate(steps):
        done = command(id=f"c-{number}", task_id=task.id, at=datetime.now(UTC), **step)
        assert await act(road.settings, done, wait_seconds=30) is not None, step
    await rest(road, stages=STAGES)

    replies = sorted((await replies_now(road.settings)).values(), key=lambda reply: reply.at)
    assert [reply.status.value for reply in replies] == ["received", "answered", "closed"]
    assert all(reply.referral_id == "2026-17" and reply.in_time for reply in replies)
    assert not any(PHONE in reply.model_dump_json() for reply in replies)
    assert PHONE not in (await tasks_now(road.settings))[task.id].model_dump_json()
