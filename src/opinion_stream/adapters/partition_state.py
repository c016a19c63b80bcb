"""Durable memory of one partition of a stage: what a batch writes becomes valid as a whole or not at all.

The changelog topic is the truth, the local database a copy of its valid part. In the changelog each value is kept
beside the one it replaced, stamped with the number of its batch, and a marker names the last batch that is valid
together with the offsets it covers. A batch is committed in this order:

1. its values are written to the changelog, and what it says to the outside with them (`outbox`);
2. when the broker has acknowledged all of them, the marker is written and acknowledged;
3. values, marker and the place in the changelog go to the local database in one write;
4. what it says goes to its topics, and only then are the inputs acknowledged.

After a crash before step 2 the values of the unfinished batch are taken back on loading, and the batch is
done again from the same inputs. After step 2 its inputs are recognised by the marker and passed over, and what it said
is said again in the same words. Who takes a partition over begins with a batch of a new *epoch*, the high part of the
batch number: see `replica` for what that shuts out.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from opinion_stream.errors import Fenced

MARKER = b"\x00marker"
OUTBOX = b"\x00outbox/"
EPOCH_BITS = 40
"""A batch number is the owner's epoch shifted by so much, plus a running number."""
_HEAD = struct.Struct(">QiI")
"""Batch number, length of the current value (-1: deleted), length of the previous one + 1 (0: there was none)."""

_TOLD_ENTRIES = 10_000


class Backend(Protocol):
    """The raw bytes of one partition, on this machine."""

    def get(self, key: bytes) -> bytes | None:
        """The value, or None."""

    def write(self, entries: Mapping[bytes, bytes | None]) -> None:
        """Set the values, all or none of them; None deletes."""

    def scan(self, prefix: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """All entries whose key starts with `prefix`, in key order."""

    def size(self) -> tuple[int, int]:
        """About how many entries and bytes it holds; must cost nothing."""


class DictBackend:
    """A backend in memory, for tests."""

    def __init__(self) -> None:
        self.entries: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        """The value, or None."""
        return self.entries.get(key)

    def write(self, entries: Mapping[bytes, bytes | None]) -> None:
        """Set the values; None deletes."""
        for key, value in entries.items():
            if value is None:
                self.entries.pop(key, None)
            else:
                self.entries[key] = value

    def scan(self, prefix: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """All entries whose key starts with `prefix`, in key order."""
        yield from sorted((key, value) for key, value in self.entries.items() if key.startswith(prefix))

    def size(self) -> tuple[int, int]:
        """Entries and bytes."""
        return len(self.entries), sum(len(key) + len(value) for key, value in self.entries.items())


class Copy(Protocol):
    """The local copy of a changelog partition, read to its end; see `replica.Replica`."""

    backend: Backend
    position: int
    top: int
    strays: set[bytes]

    def committed(self, entries: Mapping[bytes, bytes | None], position: int) -> None:
        """Take over what this worker has written itself: entries, and the next offset of the changelog."""


@dataclass(frozen=True)
class Envelope:
    """A value as it stands in the changelog; None: deleted."""

    batch: int
    current: bytes | None
    previous: bytes | None

    def pack(self) -> bytes:
        """As bytes."""
        current = b"" if self.current is None else self.current
        previous = b"" if self.previous is None else self.previous
        head = _HEAD.pack(
            self.batch,
            -1 if self.current is None else len(current),
            0 if self.previous is None else len(previous) + 1,
        )
        return head + current + previous

    @staticmethod
    def unpack(raw: bytes) -> Envelope:
        """From bytes."""
        batch, length, previous = _HEAD.unpack_from(raw)
        end = _HEAD.size + max(length, 0)
        return Envelope(
            batch,
            None if length < 0 else raw[_HEAD.size : end],
            None if previous == 0 else raw[end : end + previous - 1],
        )


def batch_of(raw: bytes) -> int:
    """The batch number of a packed envelope."""
    number: int = _HEAD.unpack_from(raw)[0]
    return number


def is_envelope(key: bytes, raw: bytes) -> bool:
    """Whether an entry holds a value, not the books of the store."""
    return key[:1] != b"\x00" and len(raw) >= _HEAD.size


@dataclass(frozen=True)
class Marker:
    """The last valid batch, and for each input topic the next offset that has not been applied.

    `outbox`: the batch whose outputs may not have been written yet, and in how many entries they stand; None: all are.
    `tick`: the time that was let pass in this batch, for whoever wants to follow what was done.
    """

    batch: int = 0
    offsets: Mapping[str, int] = field(default_factory=dict)
    outbox: tuple[int, int] | None = None
    tick: str | None = None

    def pack(self) -> bytes:
        """As JSON bytes."""
        data: dict[str, object] = {"batch": self.batch, "offsets": self.offsets}
        if self.outbox is not None:
            data["outbox"] = self.outbox
        if self.tick is not None:
            data["tick"] = self.tick
        return json.dumps(data, sort_keys=True).encode()

    @staticmethod
    def unpack(raw: bytes | None) -> Marker:
        """From JSON bytes; None gives the marker of an empty partition."""
        if raw is None:
            return Marker()
        data = json.loads(raw)
        outbox = data.get("outbox")
        return Marker(
            int(data["batch"]),
            {str(k): int(v) for k, v in data["offsets"].items()},
            (int(outbox[0]), int(outbox[1])) if outbox else None,
            data.get("tick"),
        )


class PartitionState:
    """A `Store` over the copy of a changelog partition. Writes gather in memory until a batch makes them valid."""

    def __init__(self, copy: Copy) -> None:
        self._copy = copy
        self._backend = copy.backend
        self._pending: dict[str, bytes | None] = {}
        self._buried: set[bytes] = set()
        self._staged: tuple[Marker, dict[bytes, bytes | None]] | None = None
        self._next = copy.position
        self._claimed = False
        self.on_read: Callable[[int], None] | None = None
        """Hears of every so many entries that `items` has read, and of the rest at its end."""
        self.marker = Marker.unpack(self._backend.get(MARKER))
        valid, head_of = self.marker.batch, _HEAD.unpack_from
        for raw_key, raw in self._backend.scan():
            if not is_envelope(raw_key, raw):
                continue
            batch, length, _ = head_of(raw)
            if batch > valid:
                # Left behind by a batch that never became valid. It must be rewritten with the next batch,
                # or that batch's marker would make it valid after all.
                self._pending[raw_key.decode()] = Envelope.unpack(raw).previous
            elif length < 0:
                self._buried.add(raw_key)
        for raw_key in copy.strays:
            # Written by one who no longer owned the partition: said again, or compaction would keep the stray's word.
            self._pending.setdefault(raw_key.decode(), self._valid(raw_key))

    def _valid(self, raw_key: bytes) -> bytes | None:
        raw = self._backend.get(raw_key)
        if raw is None:
            return None
        envelope = Envelope.unpack(raw)
        return envelope.previous if envelope.batch > self.marker.batch else envelope.current

    def get(self, key: str) -> bytes | None:
        """The value, or None."""
        if key in self._pending:
            return self._pending[key]
        raw = self._backend.get(key.encode())
        return None if raw is None else Envelope.unpack(raw).current

    def put(self, key: str, value: bytes) -> None:
        """Set the value."""
        self._pending[key] = value

    def delete(self, key: str) -> None:
        """Forget the key; no error if there is none."""
        self._pending[key] = None

    def items(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """All (key, value) whose key starts with `prefix`, in key order, as they stand when the first is asked for."""
        changed = {key: value for key, value in self._pending.items() if key.startswith(prefix)}
        if not changed:  # as at a start, when much is read: nothing gathered, nothing sorted
            yield from self._written(prefix)
            return
        found = dict(self._written(prefix))
        for key, pending in changed.items():
            if pending is None:
                found.pop(key, None)
            else:
                found[key] = pending
        yield from sorted(found.items())

    def _written(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        head, head_of, read = _HEAD.size, _HEAD.unpack_from, 0
        for raw_key, raw in self._backend.scan(prefix.encode()):
            read += 1
            if read == _TOLD_ENTRIES:
                self._was_read(read)
                read = 0
            if is_envelope(raw_key, raw):
                length = head_of(raw)[1]
                if length >= 0:
                    yield raw_key.decode(), raw[head : head + length]
        self._was_read(read)

    def _was_read(self, entries: int) -> None:
        if self.on_read is not None:
            self.on_read(entries)

    def savepoint(self) -> dict[str, bytes | None]:
        """What is written and not yet staged, to come back to with `restore`."""
        return dict(self._pending)

    def restore(self, savepoint: dict[str, bytes | None]) -> None:
        """Forget what was written since the savepoint."""
        self._pending = dict(savepoint)

    def size(self) -> tuple[int, int]:
        """About how many entries and bytes it holds on this machine."""
        return self._backend.size()

    @property
    def dirty(self) -> bool:
        """Whether anything was written since the last commit."""
        return bool(self._pending)

    def stage(
        self, offsets: Mapping[str, int], outbox: Sequence[bytes] = (), tick: str | None = None
    ) -> dict[bytes, bytes | None]:
        """Step 1: the entries of the batch, which the caller must write to the changelog, in this order.

        `offsets` are the next offsets by topic once it is valid, `outbox` what it says, packed. The first batch of a
        worker opens an epoch; what an earlier owner may not have said stays in the outbox for it.
        """
        batch = self._number()
        entries: dict[bytes, bytes | None] = {}
        for key, value in self._pending.items():
            raw_key = key.encode()
            raw = self._backend.get(raw_key)
            before: bytes | None = None
            if raw is not None:
                envelope = Envelope.unpack(raw)
                before = envelope.previous if envelope.batch > self.marker.batch else envelope.current
            entries[raw_key] = Envelope(batch, value, before).pack()
        # Buried two batches ago and not put again: nobody needs to take the deletion back any more.
        entries |= dict.fromkeys(sorted(self._buried - entries.keys()))
        for number, chunk in enumerate(outbox):
            entries[OUTBOX + b"%d" % number] = Envelope(batch, chunk, None).pack()
        unsaid: tuple[int, int] | None = (batch, len(outbox)) if outbox else None
        if not self._claimed and unsaid is None:
            unsaid = self.marker.outbox
        self._buried = {raw_key for raw_key, raw in entries.items() if raw is not None and self._deletes(raw)}
        self._pending = {}
        self._staged = Marker(batch, {**self.marker.offsets, **offsets}, unsaid, tick), entries
        return entries

    def _number(self) -> int:
        if self._claimed:
            return self.marker.batch + 1
        epoch = max(self.marker.batch, self._copy.top) >> EPOCH_BITS
        running = self.marker.batch & ((1 << EPOCH_BITS) - 1)
        return (epoch + 1) << EPOCH_BITS | (running + 1)

    @staticmethod
    def _deletes(raw: bytes) -> bool:
        length: int = _HEAD.unpack_from(raw)[1]
        return length < 0

    def wrote(self, offsets: Sequence[int]) -> None:
        """What the broker said where it put the entries. Raises Fenced if another has written in between."""
        if list(offsets) != list(range(self._next, self._next + len(offsets))):
            raise Fenced(f"the changelog went on without us: expected offset {self._next}, got {list(offsets)[:3]}")
        self._next += len(offsets)

    def seal(self) -> tuple[bytes, bytes]:
        """Step 2: the marker's entry for the changelog. Call it when the broker has acknowledged all of step 1.

        Raises RuntimeError if nothing is staged.
        """
        if self._staged is None:
            raise RuntimeError("seal() without stage()")
        return MARKER, self._staged[0].pack()

    def finish(self) -> None:
        """Step 3: make the batch valid on this machine. Call it when the broker has acknowledged the marker."""
        if self._staged is None:
            raise RuntimeError("finish() without stage()")
        marker, entries = self._staged
        self._copy.committed({**entries, MARKER: marker.pack()}, self._next)
        self.marker, self._staged, self._claimed = marker, None, True

    def unsaid(self) -> list[bytes]:
        """The packed outputs of a valid batch that may not have been written, in order; empty if all are.

        An entry of a later batch tells that all are: nobody begins a batch before the last one has had its say.
        """
        if self.marker.outbox is None:
            return []
        batch, count = self.marker.outbox
        chunks: list[bytes] = []
        for number in range(count):
            raw = self._backend.get(OUTBOX + b"%d" % number)
            envelope = None if raw is None else Envelope.unpack(raw)
            if envelope is not None and envelope.batch > batch:
                return []
            if envelope is None or envelope.batch != batch or envelope.current is None:
                raise Fenced(f"entry {number} of the outbox of batch {batch} is not there")
            chunks.append(envelope.current)
        return chunks

    @property
    def staged(self) -> int:
        """The number of the batch that is staged. Raises RuntimeError if nothing is."""
        if self._staged is None:
            raise RuntimeError("nothing is staged")
        return self._staged[0].batch

    def applied(self, topic: str, offset: int) -> bool:
        """Whether the record at this offset is already part of the state."""
        return offset < self.marker.offsets.get(topic, 0)
