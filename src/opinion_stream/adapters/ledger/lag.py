"""Asks the broker, now and then, how far the ledger is behind; also while the database takes its time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from opinion_stream.adapters.ledger.writing import Place
from opinion_stream.domain.ledger.lag import Reading, behind

SAMPLE_SECONDS = 5.0
WAIT_SECONDS = 10.0
log = structlog.get_logger("opinion_stream.ledger")


async def watch(
    consumer: AIOKafkaConsumer,
    owned: Callable[[], Sequence[TopicPartition]],
    names: Mapping[str, str],
    stands: Mapping[Place, int | None],
    tell: Callable[[Mapping[str, int]], None],
) -> None:
    """Until cancelled: `tell` how many records the topics have and the ledger has not, by short name (`names`).

    `stands` is looked at after the broker has answered, so that what is written meanwhile is not counted.
    """
    while True:
        partitions = list(owned())
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                first = await consumer.beginning_offsets(partitions) if partitions else {}
                ends = await consumer.end_offsets(partitions) if partitions else {}
                # Where the database has not told yet where it stands, the group does nearly.
                unknown = [p for p in partitions if (names[p.topic], p.partition) not in stands]
                group = {p: await consumer.committed(p) for p in unknown}
        except (KafkaError, TimeoutError) as error:
            log.warning("lag unknown", error=type(error).__name__)
        else:
            tell(
                behind(
                    Reading(names[p.topic], first[p], ends[p], stands.get((names[p.topic], p.partition), group.get(p)))
                    for p in partitions
                    if p in ends and p in first
                )
            )
        await asyncio.sleep(SAMPLE_SECONDS)
