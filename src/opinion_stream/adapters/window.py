"""A look at the topics and a hand to them, for the command line and a web desk: what stands there, and one record."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar

from opinion_stream.adapters.producer import BatchProducer, Outgoing
from opinion_stream.adapters.reading import Stored, reader
from opinion_stream.models.base import WireModel
from opinion_stream.settings import Settings
from opinion_stream.topics import Topic, full_name

M = TypeVar("M", bound=WireModel)
CLIENT_ID = "opinion-stream-cli"


def decoded(records: Iterable[Stored], model: type[M]) -> list[M]:
    """The records as models, in order; deletions (records without a value) are left out."""
    return [model.model_validate_json(record.value) for record in records if record.value]


async def standing(settings: Settings, topic: Topic, model: type[M]) -> list[M]:
    """Everything that stands on a topic now, all versions. Raises BrokerError when the broker does not answer."""
    async with reader(settings.broker()) as read:
        return decoded(await read.read_to_end([full_name(settings.topic_prefix, topic)]), model)


@asynccontextmanager
async def producer(settings: Settings) -> AsyncIterator[BatchProducer]:
    """A producer of the command line, stopped at the end."""
    made = BatchProducer(settings.broker(), client_id=CLIENT_ID)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


def outgoing(settings: Settings, topic: Topic, key: str, record: WireModel) -> Outgoing:
    """A record for a topic of this installation, under a key."""
    return Outgoing(full_name(settings.topic_prefix, topic), key.encode(), record.to_bytes())


async def send_record(settings: Settings, topic: Topic, key: str, record: WireModel) -> None:
    """Write one record; back once the broker has it. Raises DeliveryError when it does not take it."""
    async with producer(settings) as made:
        await made.send_all([outgoing(settings, topic, key, record)])
