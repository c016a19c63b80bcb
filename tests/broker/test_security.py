"""Doors that are shut: on a real Kafka with TLS, logins and an authorizer each service may do its own and no more.

Needs a real Kafka (`make test-kafka`): the embedded broker knows neither logins nor rights.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError

from opinion_stream.access import COLLECT, DESK, SERVICES, Service, rights, upstream, user_of
from opinion_stream.adapters.admin import admin_client, apply_topics
from opinion_stream.adapters.connection import client_options
from opinion_stream.adapters.inbound import inbound_key
from opinion_stream.adapters.processes import WorkerPool
from opinion_stream.adapters.producer import BatchProducer, Outgoing
from opinion_stream.adapters.reading import reader
from opinion_stream.adapters.rights import grant
from opinion_stream.demo.road import environment
from opinion_stream.errors import BrokerError
from opinion_stream.settings import Settings, load_settings
from opinion_stream.topics import ASSESSED, ESCALATIONS, INBOUND, RECEIPTS, REFERRALS, TOPICS, Stage, Topic, full_name

pytestmark = pytest.mark.broker
REPO = Path(__file__).parents[2]
KAFKA = REPO / "deploy" / "kafka"
PREFIX = "opinion"
EVERY = (*SERVICES, upstream("upstream"))


@pytest.fixture(scope="module")
def secure_kafka(real_kafka: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Settings]]:
    """A secured node with all topics and rights; the settings of each user by service name, and of `admin`."""
    if not real_kafka:
        pytest.skip("needs a real Kafka: run `make test-kafka`")
    folder = tmp_path_factory.mktemp("secure")
    subprocess.run([sys.executable, KAFKA / "certificates.py", folder, "127.0.0.1"], check=True)
    users = {"admin": "admin"} | {service.name: user_of(PREFIX, service) for service in EVERY}
    passwords = {name: secrets.token_hex(12) for name in users}
    (folder / "users").write_text("".join(f"{users[name]}:{passwords[name]}\n" for name in users), encoding="utf-8")
    started = subprocess.run(["bash", KAFKA / "kafka.sh", "secure", folder], check=True, capture_output=True, text=True)
    common = {
        "kafka_bootstrap": started.stdout.strip(),
        "kafka_security": "sasl_tls",
        "kafka_ca": folder / "ca.pem",
        "topic_prefix": PREFIX,
        "partitions": 2,
        "session_seconds": 6,
        "commit_seconds": 0.2,
        "pseudonym_key": "a key for the tests only, not a secret",
        "config": REPO / "config",
    }
    try:
        found = {
            name: load_settings(**common, kafka_username=users[name], kafka_password=passwords[name]) for name in users
        }
        asyncio.run(_provision(found["admin"]))
        yield found
    finally:
        subprocess.run(["bash", KAFKA / "kafka.sh", "stop", folder], check=True)


async def _provision(settings: Settings) -> None:
    await apply_topics(settings)
    async with admin_client(settings.broker()) as admin:
        await grant(admin, rights(PREFIX))
        await grant(admin, rights(PREFIX))  # giving them again changes nothing
    producer = BatchProducer(settings.broker(), client_id="test")
    await producer.start()
    await producer.send_all([Outgoing(full_name(PREFIX, topic), b"k", b"{}", partition=0) for topic in TOPICS])
    await producer.stop()


@asynccontextmanager
async def clients(settings: Settings) -> AsyncIterator[tuple[AIOKafkaProducer, AIOKafkaConsumer]]:
    options = client_options(settings.broker())
    async with (
        AIOKafkaProducer(**options, acks="all", request_timeout_ms=10_000) as producer,
        AIOKafkaConsumer(**options, group_id=None, fetch_max_wait_ms=50) as consumer,
    ):
        yield producer, consumer


async def visible(settings: Settings) -> list[Topic]:
    """The topics that the user may know of; of any other the broker says no more than that it is refused."""
    async with admin_client(settings.broker()) as admin:
        answers = await admin.describe_topics([full_name(PREFIX, topic) for topic in TOPICS])
    refused = {answer["topic"] for answer in answers if answer["error_code"] == TopicAuthorizationFailedError.errno}
    known = {answer["topic"] for answer in answers if answer["error_code"] == 0}
    assert len(refused) + len(known) == len(TOPICS)
    return [topic for topic in TOPICS if full_name(PREFIX, topic) in known]


async def may_write(producer: AIOKafkaProducer, topic: Topic) -> bool:
    try:
        await producer.send_and_wait(full_name(PREFIX, topic), b"{}", key=b"k", partition=0)
    except TopicAuthorizationFailedError:
        return False
    return True


async def may_read(consumer: AIOKafkaConsumer, topic: Topic) -> bool:
    partition = TopicPartition(full_name(PREFIX, topic), 0)
    consumer.assign([partition])
    consumer.seek(partition, 0)
    try:
        async with asyncio.timeout(20):
            while not await consumer.getmany(timeout_ms=200):
                pass
    except TopicAuthorizationFailedError:
        return False
    return True


@pytest.mark.parametrize("service", EVERY, ids=lambda service: service.name)
async def test_each_service_may_do_its_own_and_nothing_else(
    secure_kafka: dict[str, Settings], service: Service
) -> None:
    seen = await visible(secure_kafka[service.name])
    async with clients(secure_kafka[service.name]) as (producer, consumer):
        reads = {topic.name for topic in seen if await may_read(consumer, topic)}
        writes = {topic.name for topic in seen if await may_write(producer, topic)}
    assert reads == {topic.name for topic in service.reads}
    assert writes == {topic.name for topic in service.writes}


async def test_an_upstream_body_reads_escalations_and_writes_receipts_alone(secure_kafka: dict[str, Settings]) -> None:
    assert set(await visible(secure_kafka["upstream"])) == {ESCALATIONS, RECEIPTS, REFERRALS}
    async with clients(secure_kafka["upstream"]) as (producer, consumer):
        assert await may_read(consumer, ESCALATIONS)
        assert await may_write(producer, RECEIPTS)
        assert not await may_write(producer, ESCALATIONS)
        assert not await may_read(consumer, RECEIPTS)


async def test_nobody_joins_the_group_of_another(secure_kafka: dict[str, Settings]) -> None:
    options = client_options(secure_kafka["upstream"].broker())
    for group, allowed in (("opinion-upstream", True), ("opinion-upstream.night", True), ("opinion-notify", False)):
        consumer = AIOKafkaConsumer(full_name(PREFIX, ESCALATIONS), **options, group_id=group)
        try:
            await consumer.start()
            async with asyncio.timeout(30):
                while not consumer.assignment():
                    await consumer.getmany(timeout_ms=200)
            joined = True
        except GroupAuthorizationFailedError:
            joined = False
        finally:
            await consumer.stop()
        assert joined is allowed, group


async def test_a_service_cannot_give_rights_or_make_topics(secure_kafka: dict[str, Settings]) -> None:
    settings = secure_kafka[DESK.name]
    async with admin_client(settings.broker()) as admin:
        with pytest.raises(BrokerError, match="was not given"):
            await grant(admin, rights(PREFIX)[:1])
    with pytest.raises(BrokerError, match="was not created"):
        await apply_topics(settings.model_copy(update={"topic_prefix": "other"}))


@pytest.mark.parametrize(
    "changes",
    [
        {"kafka_password": "not the password"},
        {"kafka_username": "nobody"},
        {"kafka_security": "plaintext"},
        {"kafka_security": "tls"},
        {"kafka_ca": None},
    ],
    ids=lambda changes: next(iter(changes)) + "=" + str(next(iter(changes.values()))),
)
async def test_without_the_right_login_and_authority_nobody_gets_in(
    secure_kafka: dict[str, Settings], changes: dict[str, object]
) -> None:
    values = {name: value for name, value in secure_kafka[COLLECT.name].model_dump().items() if value is not None}
    settings = Settings.model_validate({**values, **changes})
    with pytest.raises((BrokerError, KafkaError)):
        async with asyncio.timeout(60), reader(settings.broker()) as read:
            await read.partitions([full_name(PREFIX, INBOUND)])


async def test_the_road_runs_with_a_user_for_each_stage(secure_kafka: dict[str, Settings], tmp_path: Path) -> None:
    pools = [
        WorkerPool(tmp_path, environment(secure_kafka[stage.value], tmp_path), [stage])
        for stage in (Stage.COLLECTION, Stage.ASSESSMENT, Stage.INCIDENTS)
    ]
    text = "西峰区南大街自来水管昨晚爆裂，整条街停水，请尽快抢修。"
    raw = json.dumps({"id": "1", "source": "test", "text": text, "published_at": "2026-11-10T08:00:00+08:00"})
    try:
        for pool in pools:
            pool.start()
        for pool in pools:
            await asyncio.to_thread(pool.wait_ready, 90)
        producer = BatchProducer(secure_kafka[COLLECT.name].broker(), client_id="test")
        await producer.start()
        await producer.send_all([Outgoing(full_name(PREFIX, INBOUND), inbound_key(raw.encode()), raw.encode())])
        await producer.stop()
        async with reader(secure_kafka[DESK.name].broker()) as read, asyncio.timeout(90):
            await read.seek([full_name(PREFIX, topic) for topic in TOPICS if topic in DESK.reads], from_beginning=True)
            seen: set[str] = set()
            while not {full_name(PREFIX, ASSESSED), f"{PREFIX}.incidents"} <= seen:
                for pool in pools:
                    pool.check()
                seen |= {r.topic for r in await read.next_batch(200) if "停水".encode() in (r.value or b"")}
    finally:
        assert [pool.stop() for pool in pools] == [True] * len(pools)


def test_no_password_stands_in_the_log(secure_kafka: dict[str, Settings]) -> None:
    settings = secure_kafka[DESK.name]
    assert settings.kafka_password is not None
    secret = settings.kafka_password.get_secret_value()
    assert secret not in repr(settings)
    assert secret not in repr(settings.broker())
    assert os.environ.get("OPINION_KAFKA_PASSWORD") != secret
