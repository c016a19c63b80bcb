"""Tasks as they stand on the topic, and commands sent to the desk: what the command line and a web desk do."""

from __future__ import annotations

import time

from opinion_stream.adapters.reading import reader
from opinion_stream.adapters.window import decoded, send_record, standing
from opinion_stream.domain.ids import incident_id
from opinion_stream.domain.summary import latest
from opinion_stream.models.task import ResponseTask, TaskCommand
from opinion_stream.settings import Settings
from opinion_stream.topics import TASK_COMMANDS, TASKS, full_name


async def tasks_now(settings: Settings) -> dict[str, ResponseTask]:
    """The latest version of every task on the topic, by id. Raises BrokerError when the broker does not answer."""
    return {task.id: task for task in latest(await standing(settings, TASKS, ResponseTask))}


async def hand_in(settings: Settings, command: TaskCommand) -> None:
    """Send a command and do not wait for its effect. Raises DeliveryError when the broker does not take it."""
    await send_record(settings, TASK_COMMANDS, incident_id(command.task_id), command)


async def send(settings: Settings, command: TaskCommand, wait_seconds: float) -> ResponseTask | None:
    """Send a command; the task once the agent has carried it out, or None if that is not seen in time.

    Raises DeliveryError when the broker does not take it.
    """
    async with reader(settings.broker()) as read:
        await read.seek([full_name(settings.topic_prefix, TASKS)], from_beginning=False)
        await hand_in(settings, command)
        deadline = time.monotonic() + wait_seconds
        while (left := deadline - time.monotonic()) > 0:
            batch = await read.next_batch(min(200, int(left * 1000) + 1))
            for task in latest(decoded(batch, ResponseTask)):
                if task.id == command.task_id and any(event.cause == command.id for event in task.history):
                    return task
    return None
