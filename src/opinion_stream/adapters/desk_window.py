"""Tasks as they stand on the topic, and commands sent to the desk: what the command line and a web desk do."""

from __future__ import annotations

import time
from collections.abc import Iterable

from opinion_stream.adapters.producer import BatchProducer, Outgoing
from opinion_stream.adapters.reading import Stored, reader
from opinion_stream.domain.ids import incident_id
from opinion_stream.models.task import ResponseTask, TaskCommand
from opinion_stream.settings import Settings
from opinion_stream.topics import TASK_COMMANDS, TASKS, full_name


async def tasks_now(settings: Settings) -> dict[str, ResponseTask]:
    """The latest version of every task on the topic, by id. Raises BrokerError when the broker does not answer."""
    async with reader(settings.bootstrap()) as read:
        return _latest(await read.read_to_end([full_name(settings.topic_prefix, TASKS)]))


async def send(settings: Settings, command: TaskCommand, wait_seconds: float) -> ResponseTask | None:
    """Send a command; the task once the agent has carried it out, or None if that is not seen in time.

    Raises DeliveryError when the broker does not take it.
    """
    producer = BatchProducer(settings.bootstrap(), client_id="opinion-stream-cli")
    name = full_name(settings.topic_prefix, TASKS)
    async with reader(settings.bootstrap()) as read:
        await read.seek([name], from_beginning=False)
        await producer.start()
        try:
            topic = full_name(settings.topic_prefix, TASK_COMMANDS)
            await producer.send_all([Outgoing(topic, incident_id(command.task_id).encode(), command.to_bytes())])
        finally:
            await producer.stop()
        deadline = time.monotonic() + wait_seconds
        while (left := deadline - time.monotonic()) > 0:
            for task in _latest(await read.next_batch(min(200, int(left * 1000) + 1))).values():
                if task.id == command.task_id and any(event.cause == command.id for event in task.history):
                    return task
    return None


def _latest(records: Iterable[Stored]) -> dict[str, ResponseTask]:
    found: dict[str, ResponseTask] = {}
    for record in records:
        if record.value:
            task = ResponseTask.model_validate_json(record.value)
            if task.id not in found or task.version >= found[task.id].version:
                found[task.id] = task
    return found
