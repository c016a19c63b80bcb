"""Provisions the topics of the registry and tells what stands on the broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from opinion_stream.adapters.connection import Address, client_options, name_of
from opinion_stream.errors import BrokerError
from opinion_stream.settings import Settings
from opinion_stream.topics import DAY_MS, STATEFUL, TOPICS, changelog_name, full_name

SIMULATED = {
    "message.timestamp.type": "CreateTime",
    "message.timestamp.after.max.ms": str(2**63 - 1),
    "retention.ms": "-1",
}
"""In a simulation records carry simulated time, which may lie far before or after that of the broker."""


@dataclass(frozen=True)
class TopicState:
    """A topic as the registry wants it and as the broker has it (0 partitions: it is missing)."""

    name: str
    wanted: int
    found: int
    config: dict[str, str]


def unanswered(address: Address, error: Exception) -> str:
    """What to tell the operator when the broker does not let us in."""
    return (
        f"no Kafka broker answers at {name_of(address)}: {error}. Check OPINION_KAFKA_BOOTSTRAP, and with TLS or a "
        "login OPINION_KAFKA_SECURITY, OPINION_KAFKA_CA, OPINION_KAFKA_USERNAME and the password."
    )


@asynccontextmanager
async def admin_client(address: Address) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected admin client. Raises BrokerError when the broker does not answer."""
    admin = AIOKafkaAdminClient(**client_options(address), client_id="opinion-stream-admin")
    try:
        await admin.start()
    except KafkaError as error:
        raise BrokerError(unanswered(address, error)) from error
    try:
        yield admin
    finally:
        await admin.close()


def wanted_topics(settings: Settings) -> dict[str, tuple[int, dict[str, str]]]:
    """Full name to (partitions, config) of every topic, the changelogs of the stateful stages among them."""
    prefix = settings.topic_prefix
    simulated = SIMULATED if settings.clock == "topic" else {}
    topics = {
        full_name(prefix, topic): (settings.partitions if topic.partitioned else 1, {**topic.config(), **simulated})
        for topic in TOPICS
    }
    for stage in STATEFUL:
        config = {
            "cleanup.policy": "compact",
            "max.message.bytes": str(8 * 1024 * 1024),
            # Not the worker's: with a clock an hour ahead the broker would refuse what it writes.
            "message.timestamp.type": "LogAppendTime",
            "min.compaction.lag.ms": str(DAY_MS),  # so long a stray record can be made good, see adapters/replica.py
        }
        topics[changelog_name(prefix, stage)] = (settings.partitions, config)
    return topics


async def topic_states(settings: Settings) -> list[TopicState]:
    """Each wanted topic with what the broker has."""
    async with admin_client(settings.broker()) as admin:
        return await _states(admin, settings)


async def _states(admin: AIOKafkaAdminClient, settings: Settings) -> list[TopicState]:
    wanted = wanted_topics(settings)
    existing = set(await admin.list_topics())
    present = [name for name in wanted if name in existing]
    found: dict[str, int] = {}
    if present:
        for description in await admin.describe_topics(present):
            found[description["topic"]] = len(description["partitions"])
    return [TopicState(name, count, found.get(name, 0), config) for name, (count, config) in wanted.items()]


async def apply_topics(settings: Settings) -> list[tuple[TopicState, str]]:
    """Create what is missing; each topic with what was done.

    An existing topic is never widened: that would move keys to other partitions and tear a stage's state
    apart. Raises BrokerError when the broker refuses.
    """
    done: list[tuple[TopicState, str]] = []
    async with admin_client(settings.broker()) as admin:
        states = await _states(admin, settings)
        missing = [
            NewTopic(
                name=state.name,
                num_partitions=state.wanted,
                replication_factor=settings.replication,
                topic_configs=state.config,
            )
            for state in states
            if state.found == 0
        ]
        if missing:
            response = await admin.create_topics(missing)
            for name, code, *message in response.topic_errors:
                if code and for_code(code) is not TopicAlreadyExistsError:
                    raise BrokerError(f"topic {name} was not created: {for_code(code).__name__} {message}")
            await until_visible(admin, {topic.name for topic in missing})
        for state in states:
            if state.found == 0:
                done.append((state, "created"))
            elif state.found == state.wanted:
                done.append((state, "kept"))
            else:
                done.append((state, f"differs: has {state.found} partitions, the settings ask for {state.wanted}"))
    return done


async def until_visible(admin: AIOKafkaAdminClient, names: set[str]) -> None:
    """Wait until the broker tells of topics that were created just now. Raises BrokerError after ten seconds."""
    for _ in range(100):
        if names <= set(await admin.list_topics()):
            return
        await asyncio.sleep(0.1)
    raise BrokerError(f"topics were created but are not visible yet: {', '.join(sorted(names))}")
