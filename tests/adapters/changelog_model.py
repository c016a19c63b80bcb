"""A changelog partition in memory, with workers that write to it as the runner does, stop anywhere, and wake late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from opinion_stream.adapters.partition_state import DictBackend, PartitionState
from opinion_stream.adapters.replica import Entry, Replica


@dataclass
class Log:
    """The records of one partition, in order; offsets stay when compaction takes records out."""

    entries: list[Entry] = field(default_factory=list)
    end: int = 0

    def append(self, key: bytes, value: bytes | None, batch: int | None) -> int:
        """Write a record; its offset."""
        self.entries.append(Entry(self.end, key, value, batch))
        self.end += 1
        return self.end - 1

    def compact(self, before: int) -> None:
        """Keep the last record of each key among those before an offset, as the broker's cleaner does."""
        last = {entry.key: entry.offset for entry in self.entries if entry.offset < before}
        self.entries = [e for e in self.entries if e.offset >= before or last[e.key] == e.offset]

    def read(self, replica: Replica) -> None:
        """Bring a copy up to the end, a few records at a time."""
        rest = [entry for entry in self.entries if entry.offset >= replica.position]
        for at in range(0, len(rest), 3):
            part = rest[at : at + 3]
            replica.apply(part, part[-1].offset + 1)
        replica.apply([], self.end)


class Worker:
    """One worker with a partition: what it is about to write waits in `waiting` and may be written late, or never."""

    def __init__(self, log: Log, backend: DictBackend | None = None) -> None:
        self.log = log
        self.backend = backend or DictBackend()
        replica = Replica(self.backend)
        log.read(replica)
        self.state = PartitionState(replica)
        self.waiting: list[tuple[bytes, bytes | None, int]] = []

    def put(self, writes: Mapping[str, bytes | None]) -> None:
        """Write to the store."""
        for key, value in writes.items():
            if value is None:
                self.state.delete(key)
            else:
                self.state.put(key, value)

    def stage(self, offsets: Mapping[str, int]) -> None:
        """Begin a batch: its entries wait to be written."""
        entries = self.state.stage(offsets)
        self.waiting = [(key, value, self.state.staged) for key, value in entries.items()]

    def flush(self, count: int | None = None) -> list[int]:
        """Have the first `count` of what waits (all: None) reach the log; their offsets."""
        count = len(self.waiting) if count is None else count
        out, self.waiting = self.waiting[:count], self.waiting[count:]
        return [self.log.append(key, value, batch) for key, value, batch in out]

    def seal(self) -> None:
        """The marker waits to be written."""
        key, value = self.state.seal()
        self.waiting = [(key, value, self.state.staged)]

    def commit(self, **offsets: int) -> None:
        """A whole batch. Raises Fenced when another has written in between."""
        self.stage(offsets)
        self.state.wrote(self.flush())
        self.seal()
        self.state.wrote(self.flush())
        self.state.finish()

    @property
    def content(self) -> dict[str, bytes]:
        """All that is in the store."""
        return dict(self.state.items(""))
