"""Puts the collector together: connectors of the sources in the policy, a web client, a producer, files for cursors."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

from aiokafka.errors import KafkaError

from opinion_stream.adapters.admin import unanswered
from opinion_stream.adapters.clock import SystemClock
from opinion_stream.adapters.producer import BatchProducer
from opinion_stream.adapters.sources.base import SourceLog, Surroundings
from opinion_stream.adapters.sources.collector import Collector, Reading
from opinion_stream.adapters.sources.cursors import FOLDER, CursorStore
from opinion_stream.adapters.sources.journal import PollJournal
from opinion_stream.adapters.sources.records import Stamp
from opinion_stream.adapters.sources.registry import connector_of
from opinion_stream.adapters.sources.web_client import WebClient
from opinion_stream.errors import BrokerError
from opinion_stream.policy import Policy
from opinion_stream.policy.sources import Source
from opinion_stream.settings import Settings
from opinion_stream.topics import INBOUND, full_name


def surroundings(policy: Policy) -> Surroundings:
    """The real clock, sleep, chance and environment."""
    return Surroundings(
        clock=SystemClock(),
        zone=ZoneInfo(policy.jurisdiction.timezone),
        sleep=asyncio.sleep,
        chance=random.random,
        environ=os.environ,
    )


@asynccontextmanager
async def collector(
    settings: Settings,
    policy: Policy,
    sources: Sequence[Source],
    around: Surroundings | None = None,
    ledger: SourceLog | None = None,
) -> AsyncIterator[Collector]:
    """A collector of those sources that sends to the inbound topic. Raises BrokerError when no broker answers."""
    around = around or surroundings(policy)
    folder = settings.state_dir / FOLDER
    producer = BatchProducer(settings.broker(), client_id="opinion-stream-collect")
    try:
        await producer.start()
    except KafkaError as error:
        await producer.stop()
        raise BrokerError(unanswered(settings.broker(), error)) from error
    try:
        async with WebClient(policy.sources.defaults.http, around) as client:
            readings = [
                Reading(
                    source=source,
                    connector=connector_of(source, policy.mappings, client, around),
                    stamp=Stamp(source, policy),
                    schedule=policy.sources.schedule_of(source),
                )
                for source in sources
            ]
            yield Collector(
                readings,
                producer,
                full_name(settings.topic_prefix, INBOUND),
                CursorStore(folder),
                ledger or PollJournal(folder),
                policy.sources.defaults,
                around,
            )
    finally:
        await producer.stop()
