"""Builds a ledger from the topics: the same writer, read from the beginning to the end as it is at the start."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from opinion_stream.adapters.ledger.rows import SOURCES
from opinion_stream.adapters.ledger.writing import Batch, Place, Writer
from opinion_stream.adapters.reading import Reader, Stored
from opinion_stream.settings import Settings
from opinion_stream.topics import full_name


async def fill(
    settings: Settings, read: Reader, writer: Writer, on_read: Callable[[int, int], None] = lambda done, of: None
) -> int:
    """Write all that stands on the topics into an empty ledger; how many records that were.

    `on_read` is told after each batch how far it is: records (offsets) passed, and all there are.
    """
    names = {full_name(settings.topic_prefix, topic): topic.name for topic in SOURCES}
    ends = await read.ends(list(names))
    whole = sum(ends.values())
    stands: dict[Place, int | None] = {}
    number = 0
    waiting: dict[Place, list[Stored]] = {}

    async def write() -> None:
        nonlocal waiting
        batch = Batch(waiting, {place: stands.get(place) for place in waiting})
        await asyncio.to_thread(writer.write, batch)
        stands.update(batch.after())
        waiting = {}
        on_read(sum(offset or 0 for offset in stands.values()), whole)

    async for records in read.batches_to_end(list(names)):
        for record in records:
            waiting.setdefault((names[record.topic], record.partition), []).append(record)
            number += 1
            if sum(map(len, waiting.values())) >= settings.ledger_batch:
                await write()
    if waiting:
        await write()
    return number
