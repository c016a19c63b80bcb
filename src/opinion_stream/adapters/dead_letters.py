"""Dead letters as they stand on the topic; replaying and discarding them: for the command line and a web desk."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

from opinion_stream.adapters.inbound import inbound_key
from opinion_stream.adapters.producer import BatchProducer, Outgoing
from opinion_stream.adapters.reading import Reader, reader
from opinion_stream.adapters.seal import Sealer
from opinion_stream.adapters.window import producer
from opinion_stream.domain.dead_letters.decisions import discarded, next_attempt, replayed
from opinion_stream.domain.dead_letters.standing import Standing, Standings
from opinion_stream.errors import OpinionStreamError
from opinion_stream.models.control import DeadLetter
from opinion_stream.settings import Settings
from opinion_stream.topics import BY_NAME, DEAD_LETTERS, INBOUND, Topic, full_name

CHUNK = 200
CHUNK_BYTES = 64 * 1024 * 1024
"""Most bytes of originals held at once."""

Step = Callable[[int], None]


def sealer_of(settings: Settings) -> Sealer:
    """What opens the sealed bytes. Raises SettingsError when there is no key."""
    return Sealer(settings.secret_key())


@dataclass
class Done:
    """What became of a replay: ids that went back, with the version that will tell the outcome; why others did not."""

    replayed: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


class Window:
    """A look at the dead letters of an installation and a hand to them."""

    def __init__(self, settings: Settings, read: Reader, producer: BatchProducer) -> None:
        self._settings = settings
        self._read = read
        self._producer = producer
        self._topic = full_name(settings.topic_prefix, DEAD_LETTERS)

    async def standings(self) -> dict[str, Standing]:
        """Every dead letter as it stands now, by id, without originals: memory grows with their number alone."""
        found = Standings()
        async for letter in self._letters():
            found.take(letter)
        return found.by_id

    async def originals(self, ids: Iterable[str]) -> dict[str, str]:
        """The sealed originals of these letters, by id; those that are kept no longer are left out."""
        wanted = set(ids)
        found: dict[str, str] = {}
        async for letter in self._letters():
            if letter.id in wanted and letter.original_sealed:
                found[letter.id] = letter.original_sealed
        return found

    async def outcomes(self, versions: Mapping[str, int], seconds: float) -> dict[str, Standing]:
        """How these letters (id to version awaited) stand once each has that version, or after `seconds`."""
        deadline = time.monotonic() + seconds
        found = Standings()
        await self._read.seek([self._topic], from_beginning=True)
        while time.monotonic() < deadline:
            for record in await self._read.next_batch(200):
                if record.value:
                    found.take(DeadLetter.model_validate_json(record.value))
            known = found.by_id
            if all(name in known and known[name].letter.version >= version for name, version in versions.items()):
                break
        return {name: found.by_id[name] for name in versions if name in found.by_id}

    async def replay(self, chosen: Sequence[Standing], role: str, note: str, step: Step = lambda n: None) -> Done:
        """Write the original bytes back to the partition they came from, under their key, marked as a replay.

        The record goes before the word that it went: should the command die between the two, the letter still
        stands as it was and is replayed again, which brings nothing new downstream, where ids tell repeats apart.
        """
        done = Done()
        sealer = sealer_of(self._settings)
        current = await self._current_values(chosen)
        rest = iter(chosen)
        while chunk := list(_chunk(rest)):
            sealed = await self.originals(standing.id for standing in chunk)
            records: list[Outgoing] = []
            news: list[DeadLetter] = []
            for standing in chunk:
                try:
                    records.append(await self._record(standing, sealer, sealed.get(standing.id), current))
                except OpinionStreamError as error:
                    done.skipped[standing.id] = str(error)
                    continue
                news.append(replayed(standing, datetime.now(UTC), role, note))
            await self._producer.send_all(records)
            await self._write(news)
            done.replayed |= {letter.id: letter.version + 1 for letter in news}
            step(len(chunk))
        return done

    async def discard(self, chosen: Sequence[Standing], role: str, note: str, step: Step = lambda n: None) -> list[str]:
        """Write down who discarded them and why; returns their ids. Nothing is deleted before its retention ends."""
        rest = iter(chosen)
        while chunk := list(islice(rest, CHUNK)):
            await self._write([discarded(standing, datetime.now(UTC), role, note) for standing in chunk])
            step(len(chunk))
        return [standing.id for standing in chosen]

    async def _letters(self) -> AsyncIterator[DeadLetter]:
        async for batch in self._read.batches_to_end([self._topic]):
            for record in batch:
                if record.value:
                    yield DeadLetter.model_validate_json(record.value)

    async def _write(self, letters: Sequence[DeadLetter]) -> None:
        await self._producer.send_all([Outgoing(self._topic, each.id.encode(), each.to_bytes()) for each in letters])

    async def _record(
        self, standing: Standing, sealer: Sealer, sealed: str | None, current: dict[tuple[str, bytes | None], bytes]
    ) -> Outgoing:
        letter = standing.letter
        topic = topic_of(letter)
        if sealed is None:
            raise OpinionStreamError("原始记录已超过保存期，不能重放")
        value = sealer.open(sealed)
        key = _key(letter, topic, value, sealer)
        name = full_name(self._settings.topic_prefix, topic)
        if topic.compacted and current.get((name, key), value) != value:
            raise OpinionStreamError("主题上已有同一对象的新版本，重放会盖掉它；请作废这条死信")
        exists = {p.partition for p in await self._read.partitions([name])}
        if letter.partition not in exists:
            raise OpinionStreamError(f"主题 {name} 没有第 {letter.partition} 分区，请先核对 OPINION_PARTITIONS")
        return Outgoing(name, key, value, letter.partition, headers=next_attempt(standing).headers())

    async def _current_values(self, chosen: Sequence[Standing]) -> dict[tuple[str, bytes | None], bytes]:
        """The latest value of each key on the compacted topics among those of the letters."""
        names = {topic.name for topic in BY_NAME.values() if topic.compacted}
        topics = sorted({standing.letter.topic for standing in chosen} & names)
        found: dict[tuple[str, bytes | None], bytes] = {}
        if topics:
            full = [full_name(self._settings.topic_prefix, BY_NAME[name]) for name in topics]
            async for batch in self._read.batches_to_end(full):
                found |= {(record.topic, record.key): record.value or b"" for record in batch}
        return found


def topic_of(letter: DeadLetter) -> Topic:
    """The topic it came from. Raises OpinionStreamError when this version knows no such topic."""
    if letter.topic not in BY_NAME:
        raise OpinionStreamError(f"这一版本没有主题 {letter.topic}，不能重放")
    return BY_NAME[letter.topic]


def _key(letter: DeadLetter, topic: Topic, value: bytes, sealer: Sealer) -> bytes | None:
    if letter.key_sealed is not None:
        return sealer.open(letter.key_sealed)
    # Letters of an older version do not tell their key; that of a raw record follows from its words.
    return inbound_key(value) if topic == INBOUND else None


def _chunk(rest: Iterable[Standing]) -> Iterable[Standing]:
    size = 0
    for standing in islice(rest, CHUNK):
        yield standing
        size += standing.letter.size
        if size > CHUNK_BYTES:
            return


@asynccontextmanager
async def window(settings: Settings) -> AsyncIterator[Window]:
    """A connected window. Raises BrokerError when the broker does not answer."""
    async with reader(settings.bootstrap()) as read, producer(settings) as made:
        yield Window(settings, read, made)
