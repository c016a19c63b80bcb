"""Durable memory of one partition of a stage: what a batch writes becomes valid as a whole or not at all.

Faust's tables give the changelog, the local RocksDB and the recovery, but write key by key, so a crash
in the middle of a batch would leave half of it behind. Here each value is kept beside the one it replaced,
stamped with the number of its batch, and a marker names the last batch that is valid together with the
offsets it covers. A batch is committed in this order:

1. its values are written to RocksDB and to the changelog, and its outputs to their topics;
2. when the broker has acknowledged all of them, the marker is written and acknowledged;
3. only then are the inputs acknowledged.

After a crash before step 2 the values of the unfinished batch are taken back on loading, and the batch is
done again from the same inputs. After step 2 its inputs are recognised by the marker and passed over.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

MARKER = b"\x00marker"
_HEAD = struct.Struct(">QiI")
"""Batch number, length of the current value (-1: deleted), length of the previous one + 1 (0: there was none)."""


class Backend(Protocol):
    """The raw bytes of one partition."""

    def get(self, key: bytes) -> bytes | None:
        """The value, or None."""

    def write(self, entries: Mapping[bytes, bytes | None]) -> None:
        """Set the values; None deletes."""

    def scan(self) -> Iterator[tuple[bytes, bytes]]:
        """All entries."""

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

    def scan(self) -> Iterator[tuple[bytes, bytes]]:
        """All entries."""
        yield from list(self.entries.items())

    def size(self) -> tuple[int, int]:
        """Entries and bytes."""
        return len(self.entries), sum(len(key) + len(value) for key, value in self.entries.items())


@dataclass(frozen=True)
class _Envelope:
    batch: int
    current: bytes | None
    previous: bytes | None

    def pack(self) -> bytes:
        current = b"" if self.current is None else self.current
        previous = b"" if self.previous is None else self.previous
        head = _HEAD.pack(
            self.batch,
            -1 if self.current is None else len(current),
            0 if self.previous is None else len(previous) + 1,
        )
        return head + current + previous

    @staticmethod
    def unpack(raw: bytes) -> _Envelope:
        batch, length, previous = _HEAD.unpack_from(raw)
        end = _HEAD.size + max(length, 0)
        return _Envelope(
            batch,
            None if length < 0 else raw[_HEAD.size : end],
            None if previous == 0 else raw[end : end + previous - 1],
        )


@dataclass
class Marker:
    """The last valid batch, and for each input topic the next offset that has not been applied."""

    batch: int = 0
    offsets: dict[str, int] = field(default_factory=dict)

    def pack(self) -> bytes:
        """As JSON bytes."""
        return json.dumps({"batch": self.batch, "offsets": self.offsets}, sort_keys=True).encode()

    @staticmethod
    def unpack(raw: bytes | None) -> Marker:
        """From JSON bytes; None gives the marker of an empty partition."""
        if raw is None:
            return Marker()
        data = json.loads(raw)
        return Marker(int(data["batch"]), {str(k): int(v) for k, v in data["offsets"].items()})


class PartitionState:
    """A `Store` over a backend. Writes gather in memory until `stage` and `finish` make them valid."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._pending: dict[str, bytes | None] = {}
        self._buried: set[bytes] = set()
        self._staged: Marker | None = None
        self.marker = Marker.unpack(backend.get(MARKER))
        for raw_key, raw in backend.scan():
            if raw_key[:1] == b"\x00" or len(raw) < _HEAD.size:
                continue
            envelope = _Envelope.unpack(raw)
            if envelope.batch > self.marker.batch:
                # Left behind by a batch that never became valid. It must be rewritten with the next batch,
                # or that batch's marker would make it valid after all.
                self._pending[raw_key.decode()] = envelope.previous
            elif envelope.current is None:
                self._buried.add(raw_key)

    def get(self, key: str) -> bytes | None:
        """The value, or None."""
        if key in self._pending:
            return self._pending[key]
        raw = self._backend.get(key.encode())
        return None if raw is None else _Envelope.unpack(raw).current

    def put(self, key: str, value: bytes) -> None:
        """Set the value."""
        self._pending[key] = value

    def delete(self, key: str) -> None:
        """Forget the key; no error if there is none."""
        self._pending[key] = None

    def items(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """All (key, value) whose key starts with `prefix`, in key order."""
        found: dict[str, bytes] = {}
        wanted = prefix.encode()
        for raw_key, raw in self._backend.scan():
            if raw_key.startswith(wanted) and raw_key[:1] != b"\x00":
                value = _Envelope.unpack(raw).current
                if value is not None:
                    found[raw_key.decode()] = value
        for key, pending in self._pending.items():
            if key.startswith(prefix):
                if pending is None:
                    found.pop(key, None)
                else:
                    found[key] = pending
        yield from sorted(found.items())

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

    def stage(self, offsets: Mapping[str, int]) -> dict[bytes, bytes | None]:
        """Step 1: write the batch locally; `offsets` are the next offsets by topic once it is valid.

        Returns the raw entries, which the caller must write to the changelog as well.
        """
        batch = self.marker.batch + 1
        entries: dict[bytes, bytes | None] = dict.fromkeys(self._buried)
        self._buried = set()
        for key, value in self._pending.items():
            raw_key = key.encode()
            raw = self._backend.get(raw_key)
            before: bytes | None = None
            if raw is not None:
                envelope = _Envelope.unpack(raw)
                before = envelope.previous if envelope.batch > self.marker.batch else envelope.current
            entries[raw_key] = _Envelope(batch, value, before).pack()
            if value is None:
                self._buried.add(raw_key)
        self._backend.write(entries)
        self._pending = {}
        self._staged = Marker(batch, {**self.marker.offsets, **offsets})
        return entries

    def finish(self) -> tuple[bytes, bytes]:
        """Step 2: make the staged batch valid locally; returns the marker's entry for the changelog.

        Call it when the broker has acknowledged all that step 1 wrote. Raises RuntimeError if nothing is staged.
        """
        if self._staged is None:
            raise RuntimeError("finish() without stage()")
        self.marker, self._staged = self._staged, None
        packed = self.marker.pack()
        self._backend.write({MARKER: packed})
        return MARKER, packed

    def applied(self, topic: str, offset: int) -> bool:
        """Whether the record at this offset is already part of the state."""
        return offset < self.marker.offsets.get(topic, 0)
