"""The bridge from another body's topic: its records become ours; the offset is kept in our cursor, not in a group."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from pydantic import JsonValue

from opinion_stream.adapters.connection import client_options
from opinion_stream.adapters.environment import secret, variable
from opinion_stream.adapters.sources.base import Cursor, Failure, Page, Record, Surroundings
from opinion_stream.domain.collection.mapping import Mapper
from opinion_stream.errors import SettingsError, SourceError
from opinion_stream.policy.mapping import FieldMapping
from opinion_stream.policy.source_data import KafkaSource
from opinion_stream.settings import Broker

_WAIT_MS = 200
_QUIET_LOOKS = 3
"""Fetches without a record after which a partition whose end is not known counts as read."""


class KafkaConnector:
    """Reads to the end of the topic as it is, and ends. No group: what is acknowledged is what our cursor says."""

    def __init__(self, source: KafkaSource, mapping: FieldMapping | None, around: Surroundings) -> None:
        self._source = source
        self._mapper = Mapper(mapping, source.mapping or "", around.zone) if mapping is not None else None
        self._around = around

    async def poll(self, cursor: Cursor) -> AsyncGenerator[Page, None]:
        """See `Connector`. Offsets that the topic no longer has are a failure that is told, and reading goes on."""
        consumer = self._consumer()
        try:
            await consumer.start()
            partitions = await self._partitions(consumer)
            offsets, failures = await self._starts(consumer, partitions, cursor)
            if failures or not cursor:
                yield Page((), _cursor(offsets), tuple(failures))
            async for page in self._pages(consumer, offsets):
                yield page
        except KafkaError as error:
            raise SourceError(
                "kafka",
                f"topic {self._source.topic} of {self._source.bootstrap}: {type(error).__name__}; "
                "check address, security and rights (docs/sources.md)",
            ) from error
        finally:
            await consumer.stop()

    async def _pages(self, consumer: AIOKafkaConsumer, offsets: dict[int, int]) -> AsyncGenerator[Page, None]:
        read, quiet = 0, 0
        while read < self._source.max_records and quiet < _QUIET_LOOKS:
            size = min(self._source.page_records, self._source.max_records - read)
            batches = await consumer.getmany(timeout_ms=_WAIT_MS, max_records=size)
            found = [record for partition in sorted(batches) for record in batches[partition]]
            if not found:
                quiet += 1
                if remade := [p for p in consumer.assignment() if _is_beyond(consumer, p, offsets)]:
                    yield await self._begin_anew(consumer, remade, offsets)
                elif all([await _at_end(consumer, partition) for partition in consumer.assignment()]):
                    return
                continue
            quiet = 0
            read += len(found)
            failures: list[Failure] = []
            records = [made for record in found if (made := self._record(record, failures)) is not None]
            for record in found:
                offsets[record.partition] = record.offset + 1
            yield Page(tuple(records), _cursor(offsets), tuple(failures))

    async def _begin_anew(
        self, consumer: AIOKafkaConsumer, partitions: list[TopicPartition], offsets: dict[int, int]
    ) -> Page:
        first = await consumer.beginning_offsets(partitions)
        for partition in partitions:
            consumer.seek(partition, first[partition])
            offsets[partition.partition] = first[partition]
        numbers = ", ".join(str(partition.partition) for partition in sorted(partitions))
        reason = f"{self._source.topic} partition {numbers}: made anew there; read from its beginning"
        return Page((), _cursor(offsets), (Failure("reset", reason),))

    def _record(self, record: ConsumerRecord, failures: list[Failure]) -> Record | None:
        if record.value is None:
            return None
        try:
            data: JsonValue = orjson.loads(record.value)
        except orjson.JSONDecodeError:
            return bytes(record.value)
        if self._mapper is not None:
            mapped = self._mapper.map(data)
            failures += [Failure("unmapped", f"mapping {self._mapper.name}: {f.text()}") for f in mapped.faults]
            data = mapped.record
        if not isinstance(data, dict):
            return bytes(record.value)
        # Without an id of its own the record's place is one, the same however often it is read.
        own = data.get("id") or f"{record.topic}-{record.partition}-{record.offset}"
        return {**data, "id": own, "source": self._source.name}

    async def _partitions(self, consumer: AIOKafkaConsumer) -> list[TopicPartition]:
        topic = self._source.topic
        # What `consumer.topics()` asks; a consumer that reads nothing yet is told by Kafka of no topic's partitions.
        metadata = await consumer._client.fetch_all_metadata()
        if numbers := metadata.partitions_for_topic(topic):
            return [TopicPartition(topic, number) for number in sorted(numbers)]
        raise SourceError(
            "topic",
            f"{self._source.bootstrap} shows no topic {topic}: mend the name, or ask its owner for the right to it",
        )

    async def _starts(
        self, consumer: AIOKafkaConsumer, partitions: list[TopicPartition], cursor: Cursor
    ) -> tuple[dict[int, int], list[Failure]]:
        stored = cursor.get("offsets")
        known = stored if isinstance(stored, dict) else {}
        first = await consumer.beginning_offsets(partitions)
        consumer.assign(partitions)
        latest = self._source.start == "latest" and not cursor
        offsets: dict[int, int] = {}
        failures: list[Failure] = []
        for partition in partitions:
            at = known.get(str(partition.partition))
            start = at if isinstance(at, int) else first[partition]
            if start < first[partition]:
                lost = first[partition] - start
                where = f"{partition.topic} partition {partition.partition}"
                failures.append(Failure("gap", f"{where}: {lost} records were deleted there before we read them"))
                start = first[partition]
            if latest:
                await consumer.seek_to_end(partition)
                start = await consumer.position(partition)
            consumer.seek(partition, start)
            offsets[partition.partition] = start
        return offsets, failures

    def _consumer(self) -> AIOKafkaConsumer:
        source = self._source
        name, environ = variable("SOURCE", source.name), self._around.environ
        login: dict[str, str | None] = {}
        if source.security == "sasl_tls":
            login = {part: secret(f"{name}_{part.upper()}", environ) for part in ("username", "password")}
            if not all(login.values()):
                raise SourceError(
                    "secret", f"source {source.name} needs {name}_USERNAME and {name}_PASSWORD, or {name}_PASSWORD_FILE"
                )
        paths = {part: environ.get(f"{name}_{part.upper()}") for part in ("ca", "certificate", "key")}
        broker = Broker(
            bootstrap=source.bootstrap,
            security=source.security,
            mechanism=source.mechanism,
            username=login.get("username"),
            password=login.get("password"),
            ca=Path(paths["ca"]) if paths["ca"] else None,
            certificate=Path(paths["certificate"]) if paths["certificate"] else None,
            key=Path(paths["key"]) if paths["key"] else None,
        )
        try:
            options = client_options(broker)
        except SettingsError as error:
            raise SourceError("secret", f"source {source.name}: {name}_…: {error}") from error
        return AIOKafkaConsumer(
            client_id="opinion-stream-bridge",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=100,
            **options,
        )


def _is_beyond(consumer: AIOKafkaConsumer, partition: TopicPartition, offsets: dict[int, int]) -> bool:
    end = consumer.highwater(partition)
    return end is not None and offsets[partition.partition] > end


async def _at_end(consumer: AIOKafkaConsumer, partition: TopicPartition) -> bool:
    # The consumer's own position and not our offset: of a topic made anew it is set back to the beginning.
    end = consumer.highwater(partition)
    return end is not None and bool(await consumer.position(partition) >= end)


def _cursor(offsets: dict[int, int]) -> Cursor:
    return {"offsets": {str(number): offset for number, offset in sorted(offsets.items())}}
