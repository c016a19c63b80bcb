"""The publishing service on a broker: each approved response stands in the folder once, over a restart."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

import builders
from opinion_stream.adapters.admin import apply_topics
from opinion_stream.adapters.press import Press
from opinion_stream.adapters.producer import BatchProducer, Outgoing
from opinion_stream.adapters.publishers import FolderPublisher
from opinion_stream.adapters.sent_log import SentLog
from opinion_stream.models.base import Grade
from opinion_stream.models.task import PublicResponse
from opinion_stream.settings import load_settings
from opinion_stream.topics import RESPONSES, full_name
from running import running

pytestmark = pytest.mark.broker


class Website:
    """A folder that counts what it is given, and tells when it has a number of pages."""

    def __init__(self, folder: Path) -> None:
        self._folder = FolderPublisher(folder, "站")
        self.got: list[str] = []
        self._changed = asyncio.Event()

    async def publish(self, response: PublicResponse) -> bool:
        self.got.append(response.id)
        done = await self._folder.publish(response)
        self._changed.set()
        return done

    async def has(self, number: int) -> None:
        async with asyncio.timeout(60):
            while len(self.got) < number:
                self._changed.clear()
                await self._changed.wait()


def response(number: int, grade: Grade) -> PublicResponse:
    at = builders.T0 + timedelta(minutes=number)
    return builders.public_response(id=f"r-{number}", published_at=at, grade=grade)


async def test_each_response_is_published_once_the_gravest_first(
    bootstrap: str, unique_prefix: str, real_kafka: bool, tmp_path: Path
) -> None:
    settings = load_settings(
        kafka_bootstrap=bootstrap, topic_prefix=unique_prefix, partitions=1, session_seconds=6 if real_kafka else 3
    )
    await apply_topics(settings)
    website = Website(tmp_path / "site")
    producer = BatchProducer(settings.bootstrap(), client_id="test")
    topic = full_name(unique_prefix, RESPONSES)

    async def tell(*responses: PublicResponse) -> None:
        await producer.send_all([Outgoing(topic, b"i-1", item.to_bytes()) for item in responses])

    async def until(number: int) -> None:
        with SentLog(tmp_path / "sent") as sent:
            press = Press(settings, builders.small_policy(), {"website": website}, sent)
            async with running(press.run):
                await website.has(number)

    await producer.start()
    try:
        await tell(response(1, Grade.IV), response(2, Grade.III), response(3, Grade.I))
        await until(3)
        await tell(response(3, Grade.I), response(4, Grade.IV))
        await until(4)
    finally:
        await producer.stop()
    assert website.got == ["r-3", "r-1", "r-2", "r-4"]
    assert len(list((tmp_path / "site").rglob("*.md"))) == 4
