"""The response agent on a broker gives what the pure core gives, and misses no deadline while it is down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

import pytest

from builders import SMALL_POLICY, T0, command, escalation
from e2e.support import everything
from opinion_stream.adapters.desk_window import send, tasks_now
from opinion_stream.adapters.producer import BatchProducer, Outgoing
from opinion_stream.adapters.reading import Progress, Reader, progress, reader
from opinion_stream.demo.road import Road, wait_drained
from opinion_stream.domain.ids import incident_id
from opinion_stream.models.control import ClockTick, DeadLetter
from opinion_stream.models.escalation import Escalation
from opinion_stream.models.task import PublicResponse, ResponseTask, SupervisionNotice, TaskCommand, TaskState
from opinion_stream.topics import CLOCK, ESCALATIONS, TASK_COMMANDS, TOPICS, Stage, full_name
from task_sequences import Phase
from task_sequences import Sequence as Steps

pytestmark = pytest.mark.broker

ONLY = (Stage.RESPONSE,)


class Line:
    """Sends to the response stage of a road, phase by phase."""

    def __init__(self, road: Road, producer: BatchProducer, read: Reader, far: Progress) -> None:
        self.road = road
        self.producer = producer
        self.read = read
        self.far = far

    async def send(self, records: Sequence[Escalation | TaskCommand], tick: datetime | None = None) -> None:
        prefix, partitions = self.road.settings.topic_prefix, self.road.settings.partitions
        out: list[Outgoing] = []
        for record in records:
            report = isinstance(record, Escalation)
            topic = ESCALATIONS if report else TASK_COMMANDS
            key = record.incident_id if report else incident_id(record.task_id)
            out.append(Outgoing(full_name(prefix, topic), key.encode(), record.to_bytes()))
        if tick is not None:
            value = ClockTick(now=tick).to_bytes()
            out += [Outgoing(full_name(prefix, CLOCK), None, value, number) for number in range(partitions)]
        await self.producer.send_all(out)

    async def rest(self) -> None:
        await wait_drained(
            self.road.settings, self.read, self.far, check=self.road.workers().check, stages=ONLY, seconds=60
        )


async def line(stack: AsyncExitStack, road: Road) -> Line:
    settings = road.settings
    producer = BatchProducer(settings.bootstrap(), client_id="test")
    await producer.start()
    stack.push_async_callback(producer.stop)
    read = await stack.enter_async_context(reader(settings.bootstrap()))
    far = await stack.enter_async_context(progress(settings.bootstrap(), settings.topic_prefix))
    await read.seek([full_name(settings.topic_prefix, topic) for topic in TOPICS], from_beginning=True)
    return Line(road, producer, read, far)


async def test_the_same_sequence_gives_the_same_end_as_the_pure_core(
    new_road: Callable[..., Awaitable[Road]],
) -> None:
    steps = Steps(seed=20161)
    phases: list[Phase] = steps.build(rounds=4, commands=75)
    expected = steps.core.outcome
    road = await new_road(stages=ONLY, clock="topic", config=SMALL_POLICY, commit_seconds=0.1, batch_seconds=0.02)

    async with AsyncExitStack() as stack:
        desk = await line(stack, road)
        for phase in phases:
            await desk.send(phase.records, phase.tick)
            await desk.rest()

    found = await everything(road)
    versions = [ResponseTask.model_validate_json(record.value or b"") for record in found["tasks"]]
    tasks = {task.id: task for task in sorted(versions, key=lambda task: task.version)}
    assert sum(isinstance(record, TaskCommand) for phase in phases for record in phase.records) >= 300
    assert tasks == expected.tasks
    assert len({(task.id, task.version) for task in versions}) == len(versions)
    responses = [PublicResponse.model_validate_json(record.value or b"") for record in found["responses"]]
    assert sorted(r.id for r in responses) == sorted(r.id for r in expected.responses)
    notices = [SupervisionNotice.model_validate_json(record.value or b"") for record in found["supervision"]]
    assert sorted(n.id for n in notices) == sorted(n.id for n in expected.notices)
    letters = {DeadLetter.model_validate_json(record.value or b"").id for record in found["dead-letters"]}
    assert len(letters) == len(set(expected.refused))
    assert {task.state for task in tasks.values()} <= {TaskState.PUBLISHED, TaskState.CLOSED, TaskState.ARCHIVED}


async def test_a_worker_that_was_down_across_48_hours_raises_what_was_missed_once(
    new_road: Callable[..., Awaitable[Road]],
) -> None:
    road = await new_road(stages=ONLY, clock="topic", config=SMALL_POLICY, commit_seconds=0.1, batch_seconds=0.02)
    async with AsyncExitStack() as stack:
        desk = await line(stack, road)
        await desk.send([], T0)
        await desk.rest()
        await desk.send([escalation(incident_id="i-1", status_at=T0)])
        await desk.rest()

        await asyncio.to_thread(road.stop)
        await desk.send([], T0 + timedelta(hours=49))
        await asyncio.to_thread(road.start)
        await desk.rest()
        await desk.send([], T0 + timedelta(hours=50))
        await desk.rest()

        known = await tasks_now(road.settings)
        late = command(id="k", task_id="t-1", at=T0 + timedelta(hours=51))
        accepted = await send(road.settings, late, wait_seconds=30)

    assert known["t-1"].state is TaskState.PENDING
    assert accepted is not None
    assert accepted.state is TaskState.ACCEPTED
    found = await everything(road)
    notices = [SupervisionNotice.model_validate_json(record.value or b"") for record in found["supervision"]]
    assert sorted(notice.id for notice in notices) == [
        "n-1:accept:missed",
        "n-1:accept:reminder",
        "n-1:accept:second",
        "n-1:answer48:missed",
        "n-1:answer48:reminder",
    ]
    missed = next(notice for notice in notices if notice.id == "n-1:answer48:missed")
    assert missed.due_at == T0 + timedelta(hours=48)
    assert missed.at == T0 + timedelta(hours=49)
