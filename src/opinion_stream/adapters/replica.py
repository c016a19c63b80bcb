"""A local copy of one changelog partition, and the rule by which a former owner is shut out.

A worker that was stopped (SIGSTOP, a long pause of a virtual machine) past its session may wake and go on writing to a
partition that another owns by now. The broker does not stop it: the changelog is fenced by its own order.

- Batch numbers only grow along a changelog, and a new owner begins with a higher epoch (the high part of the number).
  A record whose number goes down, or which belongs to a batch whose marker has passed, is a *stray*: it does not count.
- An owner's records stand without a gap, as nobody else writes. If the offsets that the broker answers show a gap,
  somebody did: the writer stops before it says anything to the outside, and whoever comes next reads the truth from the
  log. Of two that claim one partition, the one whose claim follows what it has read is the owner.
- Compaction keeps the last record of a key, and that may be a stray. So an owner that has met strays writes the valid
  values of their keys again with its first batch; `min.compaction.lag.ms` leaves it a day.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from opinion_stream.adapters.partition_state import MARKER, Backend, Marker, batch_of

POSITION = b"\x00position"
BATCH_HEADER = "batch"
"""The record header in which a deletion, which has no value to hold it, carries its batch number."""
_BOOKS = struct.Struct(">QQ")
"""Next offset to be read; highest batch number that was met."""


class Entry(NamedTuple):
    """A record of a changelog. `batch`: what the header says, None if it says nothing."""

    offset: int
    key: bytes
    value: bytes | None
    batch: int | None = None


class Replica:
    """The valid part of a changelog partition up to `position`; see the module for what does not count."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        books = backend.get(POSITION)
        self.position, self.top = _BOOKS.unpack(books) if books else (0, 0)
        """`position`: the next offset to be read; `top`: the highest batch number that was met."""
        self._marked = Marker.unpack(backend.get(MARKER)).batch
        self.strays: set[bytes] = set()
        """Keys that a stray has touched since the last batch of ours."""

    def apply(self, entries: Iterable[Entry], position: int) -> None:
        """Take over records in the order of the log; `position` is the offset after them."""
        changes: dict[bytes, bytes | None] = {}
        top, marked = self.top, self._marked
        for entry in entries:
            key, value = entry.key, entry.value
            if key == MARKER:
                batch = Marker.unpack(value).batch
                valid = batch >= top and batch > marked
                marked = batch if valid else marked
            elif value is None:
                batch = -1 if entry.batch is None else entry.batch
                valid = batch >= top and batch > marked
            else:
                batch = batch_of(value)
                valid = batch >= top and batch > marked
            if valid:
                top = batch
                changes[key] = value
                self.strays.discard(key)
            elif key[:1] != b"\x00" and batch >= 0:
                self.strays.add(key)
        self.top, self._marked, self.position = top, marked, position
        if not self.strays:
            # With strays the place is not kept before they are made good: a restart must meet them again.
            changes[POSITION] = _BOOKS.pack(position, top)
        self.backend.write(changes)

    def committed(self, entries: Mapping[bytes, bytes | None], position: int) -> None:
        """Take over what this worker has written itself, in one write; `position` is the offset after it."""
        batch = Marker.unpack(entries.get(MARKER)).batch
        self.backend.write({**entries, POSITION: _BOOKS.pack(position, batch)})
        self.top, self._marked, self.position = batch, batch, position
        self.strays.clear()
