"""What the tests of the ledger share: a ledger on either database, records of every topic, and a fake of their log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import builders
from opinion_stream.adapters.ledger.export import export
from opinion_stream.adapters.ledger.writing import Batch, Place, Writer
from opinion_stream.adapters.reading import Stored
from opinion_stream.models.base import WireModel
from opinion_stream.topics import Topic

Record = tuple[Topic, WireModel]


class Topics:
    """The records of a run as they stand on the topics: one partition each, in order."""

    def __init__(self, records: Sequence[Record] = ()) -> None:
        self.records: list[Stored] = []
        self._ends: dict[str, int] = {}
        for topic, record in records:
            self.add(topic, record)

    def add(self, topic: Topic, record: WireModel | bytes) -> None:
        """Write one more record."""
        offset = self._ends.get(topic.name, 0)
        self._ends[topic.name] = offset + 1
        value = record if isinstance(record, bytes) else record.to_bytes()
        at = builders.T0 + timedelta(milliseconds=len(self.records))
        self.records.append(Stored(topic.name, 0, offset, None, value, at))

    def compacted(self) -> Topics:
        """What a compacted topic keeps: the latest record of each id."""
        import json

        latest: dict[tuple[str, str], Stored] = {}
        for record in self.records:
            latest[record.topic, json.loads(record.value or b"")["id"]] = record
        left = Topics()
        left.records = [r for r in self.records if r in latest.values()]
        return left


def feed(writer: Writer, topics: Topics, size: int) -> None:
    """Let the ledger read on from where it stands, in batches of so many records."""
    stands = writer.offsets()
    rest = [r for r in topics.records if r.offset >= stands.get((r.topic, r.partition), 0)]
    for at in range(0, len(rest), size):
        part: dict[Place, list[Stored]] = {}
        for record in rest[at : at + size]:
            part.setdefault((record.topic, record.partition), []).append(record)
        batch = Batch(part, {place: stands.get(place) for place in part})
        writer.write(batch)
        stands |= batch.after()


def exported(engine: object, folder: Path) -> dict[str, bytes]:
    """The ledger's content, file by file."""
    export(engine, folder)  # type: ignore[arg-type]
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
