"""Writes batches of records and returns when the broker has acknowledged every one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from opinion_stream.adapters.connection import Address, client_options
from opinion_stream.errors import DeliveryError

MAX_REQUEST_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True)
class Outgoing:
    """One record for a topic by its full name. Without a partition the key decides."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    timestamp_ms: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class BatchProducer:
    """An aiokafka producer that waits for all replicas and keeps order within a partition."""

    def __init__(self, address: Address, *, client_id: str, patience_seconds: float = 60.0) -> None:
        """`patience_seconds`: so long records wait for a broker that is away before they count as not written."""
        self._patience = patience_seconds
        self._address = address
        self._client_id = client_id
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Connect. Raises KafkaError when the broker cannot be reached."""
        self._producer = AIOKafkaProducer(
            **client_options(self._address),
            client_id=self._client_id,
            acks="all",
            linger_ms=2,
            max_batch_size=1024 * 1024,
            max_request_size=MAX_REQUEST_BYTES,
            request_timeout_ms=60_000,
        )
        # aiokafka has one time for two things: how long a request may hang (a minute, or a dead connection is noticed
        # late), and how long a record may wait for a broker to send it to. A test fails if the names change.
        self._producer._message_accumulator._batch_ttl = self._patience
        self._producer._request_timeout_ms = self._patience * 1000
        try:
            await self._producer.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Write what is waiting and disconnect."""
        if self._producer is not None:
            await self._producer.stop()
            self._producer = None

    async def partitions(self, topic: str) -> int:
        """Ask the broker, now, how many partitions the topic has; 0: there is no such topic.

        Raises DeliveryError when the producer is not started, KafkaError when no broker answers.
        """
        if self._producer is None:
            raise DeliveryError("the producer is not started")
        metadata = await self._producer.client.fetch_all_metadata()
        return len(metadata.partitions_for_topic(topic) or ())

    async def send_all(self, records: Sequence[Outgoing]) -> list[int]:
        """Write the records; returns the offset of each once all are acknowledged.

        Raises DeliveryError when one could not be written; some of the others may have been.
        """
        if self._producer is None:
            raise DeliveryError("the producer is not started")
        try:
            waiting = [
                await self._producer.send(
                    record.topic,
                    value=record.value,
                    key=record.key,
                    partition=record.partition,
                    timestamp_ms=record.timestamp_ms,
                    headers=list(record.headers),
                )
                for record in records
            ]
            written = await asyncio.gather(*waiting)
        except KafkaError as error:
            raise DeliveryError(f"the broker did not take {len(records)} records: {error!r}") from error
        return [metadata.offset for metadata in written]
