"""The intake as a process on a broker: what it says it took stands on the topic, and nothing else does."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import orjson
import pytest

import builders
from intake_support import AUTH, CLIENT, mention
from opinion_stream.adapters.admin import apply_topics
from opinion_stream.adapters.embedded_broker import EmbeddedBroker
from opinion_stream.adapters.inbound import inbound_key
from opinion_stream.adapters.reading import Stored, reader
from opinion_stream.domain.collection.pipeline import Collector, Received
from opinion_stream.domain.collection.repeats import Repeats
from opinion_stream.domain.state import DictStore
from opinion_stream.errors import BrokerError, Rejected
from opinion_stream.settings import Settings, load_settings
from opinion_stream.topics import INBOUND, full_name

pytestmark = pytest.mark.broker


Running = tuple[asyncio.subprocess.Process, httpx.AsyncClient]


@pytest.fixture
async def settings(bootstrap: str, unique_prefix: str) -> Settings:
    made = load_settings(kafka_bootstrap=bootstrap, topic_prefix=unique_prefix)
    await apply_topics(made)
    return made


@asynccontextmanager
async def service(
    settings: Settings, **more: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, httpx.AsyncClient]]:
    """The command in a process of its own, and a client that holds the token."""
    tokens = {"clients": [CLIENT.model_dump(mode="json")]}
    env = {
        **os.environ,
        "OPINION_KAFKA_BOOTSTRAP": settings.bootstrap(),
        "OPINION_TOPIC_PREFIX": settings.topic_prefix,
        "OPINION_CONFIG": str(builders.SMALL_POLICY),
        "OPINION_INTAKE_TOKENS": orjson.dumps(tokens).decode(),
        **more,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "opinion_stream", "intake", "--port", "0", env=env, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(60):
            while not (found := re.search(rb"listening on port (\d+)", line := await process.stderr.readline())):
                assert line, "the service ended"
        drain = asyncio.create_task(process.stderr.read())
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{int(found[1])}", headers=AUTH, timeout=30) as client:
            async with asyncio.timeout(60):
                while not await answers(client):
                    await asyncio.sleep(0.05)
            yield process, client
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()
        await drain


async def answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/healthz")).status_code == 200
    except httpx.ConnectError:
        return False


async def inbound(settings: Settings) -> list[Stored]:
    async with reader(settings.bootstrap()) as read:
        return await read.read_to_end([full_name(settings.topic_prefix, INBOUND)])


async def test_what_is_accepted_and_nothing_else_stands_on_the_topic_and_counts_once(settings: Settings) -> None:
    async with service(settings) as (process, client):
        single = [await client.post("/v1/mentions", json=mention(n)) for n in range(5)]
        bulk = await client.post("/v1/mentions:bulk", json=[mention(n) for n in range(3, 200)] + [mention(7, text="")])
        for headers in ({"Authorization": "Bearer wrong"}, {"Authorization": ""}):
            assert (await client.post("/v1/mentions", json=mention(900), headers=headers)).status_code == 401
        assert (await client.post("/v1/mentions", json=mention(901, source="paper"))).status_code == 403
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0

    accepted = [item["id"] for answer in (*single, bulk) for item in answer.json()["accepted"]]
    records = await inbound(settings)
    assert sorted(orjson.loads(record.value or b"")["id"] for record in records) == sorted(accepted)
    assert all(record.key == inbound_key(record.value or b"") for record in records)
    assert bulk.json()["refused"][0]["index"] == 197

    collector = Collector(builders.small_policy(), b"a key for this test")
    mentions = collector.collect([Received(record.value or b"", datetime.now(UTC)) for record in records])
    assert not [found for found in mentions if isinstance(found, Rejected)], "what the door takes, collection takes"
    repeats = Repeats(DictStore(), timedelta(days=30))
    kept = [m for m in repeats.mark([m for m in mentions if not isinstance(m, Rejected)]) if m is not None]
    assert sorted(m.source_id or "" for m in kept) == sorted({f"n{n}" for n in range(200)})


async def test_a_stop_in_the_middle_loses_nothing_that_was_promised(settings: Settings) -> None:
    promised: set[str] = set()

    async def send(client: httpx.AsyncClient, sender: int) -> None:
        for number in range(10_000):
            item = mention(number, id=f"{sender}-{number}")
            try:
                answer = await client.post("/v1/mentions", json=item)
            except httpx.TransportError:
                return
            if answer.status_code == 202:
                promised.add(str(item["id"]))

    async with service(settings) as (process, client):
        senders = [asyncio.create_task(send(client, sender)) for sender in range(8)]
        async with asyncio.timeout(60):
            while len(promised) < 200:
                await asyncio.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        await asyncio.gather(*senders)
        assert await process.wait() == 0

    assert promised <= {orjson.loads(record.value or b"")["id"] for record in await inbound(settings)}


async def test_a_broker_that_goes_away_gives_503_and_no_false_202(tmp_path: Path, unique_prefix: str) -> None:
    broker = EmbeddedBroker(tmp_path / "broker.log")
    try:
        broker.start()
    except BrokerError as error:
        pytest.skip(str(error))
    try:
        settings = load_settings(kafka_bootstrap=broker.bootstrap, topic_prefix=unique_prefix, partitions=1)
        await apply_topics(settings)
        async with service(settings, OPINION_INTAKE_ACK_SECONDS="1") as (_, client):
            before = await client.post("/v1/mentions", json=mention(1))
            broker.stop()
            after = [await client.post("/v1/mentions", json=mention(n)) for n in range(2, 5)]
            ready = await client.get("/readyz")
    finally:
        broker.stop()

    assert before.status_code == 202
    assert {answer.status_code for answer in (*after, ready)} == {503}
    assert all(answer.headers["retry-after"] for answer in after)


async def test_a_port_that_is_taken_is_named(settings: Settings) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        env = {
            **os.environ,
            "OPINION_INTAKE_TOKENS": orjson.dumps({"clients": [CLIENT.model_dump(mode="json")]}).decode(),
            "OPINION_CONFIG": str(builders.SMALL_POLICY),
            "OPINION_KAFKA_BOOTSTRAP": settings.bootstrap(),
            "OPINION_INTAKE_PORT": str(holder.getsockname()[1]),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "opinion_stream", "intake", env=env, stderr=asyncio.subprocess.PIPE
        )
        _, errors = await process.communicate()
    assert process.returncode == 2
    assert b"OPINION_INTAKE_PORT" in errors
