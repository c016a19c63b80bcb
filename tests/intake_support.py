"""What the intake's tests share: a writer that stands in for the broker, tokens, and a client of the application."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Sequence

import httpx
import orjson
from starlette.applications import Starlette

import builders
from opinion_stream.adapters.intake.server import make_app
from opinion_stream.adapters.intake.tokens import Client, Tokens
from opinion_stream.adapters.producer import Outgoing
from opinion_stream.errors import DeliveryError
from opinion_stream.settings import Settings, load_settings

TOKEN = "osi_a-token-for-tests"
CLIENT = Client(
    name="hotline-office", sha256=(hashlib.sha256(TOKEN.encode()).hexdigest(),), sources=frozenset({"hotline", "app"})
)
TOKENS = Tokens((CLIENT,))
AUTH = {"Authorization": f"Bearer {TOKEN}"}


class Shelf:
    """A writer that keeps what it is given; `up` and `gate` make it fail or wait."""

    def __init__(self) -> None:
        self.records: list[Outgoing] = []
        self.writes: list[int] = []
        self.up = True
        self.topics = 4
        self.gate = asyncio.Event()
        self.gate.set()

    async def start(self) -> None:
        if not self.up:
            raise DeliveryError("away")

    async def stop(self) -> None:
        pass

    async def partitions(self, topic: str) -> int:
        if not self.up:
            raise DeliveryError("away")
        return self.topics

    async def send_all(self, records: Sequence[Outgoing]) -> list[int]:
        await self.gate.wait()
        if not self.up:
            raise DeliveryError("away")
        self.records += records
        self.writes.append(len(records))
        return list(range(len(records)))

    def values(self) -> list[dict[str, object]]:
        """What was written, decoded."""
        return [orjson.loads(record.value or b"") for record in self.records]


def settings(**more: object) -> Settings:
    """Settings for an intake without a broker."""
    return load_settings(kafka_bootstrap="127.0.0.1:1", **more)


def app_on(shelf: Shelf, tokens: Tokens = TOKENS, **more: object) -> Starlette:
    """The application on a shelf instead of a broker."""
    return make_app(settings(**more), builders.small_policy(), tokens, lambda: shelf)


@contextlib.asynccontextmanager
async def client_of(app: Starlette, address: str = "127.0.0.1") -> AsyncIterator[httpx.AsyncClient]:
    """A client that holds the token, while the application runs."""
    transport = httpx.ASGITransport(app, client=(address, 4000))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://intake", headers=AUTH) as client,
    ):
        yield client


def mention(number: int = 1, **more: object) -> dict[str, object]:
    """A sound item."""
    item = {"id": f"n{number}", "source": "hotline", "text": f"第{number}盏路灯不亮，晚上看不见路。"}
    return {**item, "published_at": "2026-03-02T09:30:00+08:00", **more}
