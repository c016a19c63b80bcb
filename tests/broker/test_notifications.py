"""The notification service on a broker: each notice told once, over restarts and failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import builders
from opinion_stream.adapters.admin import apply_topics
from opinion_stream.adapters.notifier import Notifier
from opinion_stream.adapters.producer import BatchProducer, Outgoing
from opinion_stream.adapters.sent_log import SentLog
from opinion_stream.domain.notify.planner import Message
from opinion_stream.models.base import Grade
from opinion_stream.models.escalation import Escalation
from opinion_stream.settings import Settings, load_settings
from opinion_stream.topics import ESCALATIONS, full_name
from running import running

pytestmark = pytest.mark.broker


class Desk:
    """A sender that keeps what it is given, and fails as long as it is told to."""

    def __init__(self) -> None:
        self.down = False
        self.tried = asyncio.Event()
        self.got: list[str] = []
        self._changed = asyncio.Event()

    async def send(self, message: Message) -> bool:
        self.tried.set()
        if self.down:
            return False
        self.got += message.notice_ids
        self._changed.set()
        return True

    async def has(self, number: int) -> None:
        async with asyncio.timeout(60):
            while len(self.got) < number:
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
async def settings(bootstrap: str, unique_prefix: str, real_kafka: bool) -> Settings:
    """Topics of their own."""
    settings = load_settings(
        kafka_bootstrap=bootstrap, topic_prefix=unique_prefix, partitions=2, session_seconds=6 if real_kafka else 3
    )
    await apply_topics(settings)
    return settings


@asynccontextmanager
async def notifier(settings: Settings, desk: Desk, path: Path) -> AsyncIterator[None]:
    with SentLog(path) as sent:
        service = Notifier(settings, builders.small_policy(), desk, sent, ["duty-desk"])
        async with running(service.run):
            yield


def urgent(number: int) -> Escalation:
    return builders.escalation(id=f"e-{number}", incident_id=f"i-{number}", grade=Grade.I)


@pytest.fixture
def tell(settings: Settings) -> Callable[..., object]:
    async def send(*numbers: int) -> None:
        producer = BatchProducer(settings.bootstrap(), client_id="test")
        await producer.start()
        topic = full_name(settings.topic_prefix, ESCALATIONS)
        await producer.send_all([Outgoing(topic, f"i-{n}".encode(), urgent(n).to_bytes()) for n in numbers])
        await producer.stop()

    return send


async def test_each_notice_is_told_once_over_a_restart(
    settings: Settings, tell: Callable[..., object], tmp_path: Path
) -> None:
    desk = Desk()
    await tell(1, 2, 3)
    async with notifier(settings, desk, tmp_path / "sent"):
        await desk.has(3)
    await tell(3, 4)
    async with notifier(settings, desk, tmp_path / "sent"):
        await desk.has(4)
    assert sorted(desk.got) == ["e-1", "e-2", "e-3", "e-4"]


async def test_what_could_not_be_sent_is_sent_after_the_restart(
    settings: Settings, tell: Callable[..., object], tmp_path: Path
) -> None:
    desk = Desk()
    desk.down = True
    await tell(1)
    async with notifier(settings, desk, tmp_path / "sent"):
        async with asyncio.timeout(60):
            await desk.tried.wait()
    desk.down = False
    async with notifier(settings, desk, tmp_path / "sent"):
        await desk.has(1)
    assert desk.got == ["e-1"]
