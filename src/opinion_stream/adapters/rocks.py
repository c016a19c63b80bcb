"""The backend of a partition's state in the RocksDB of a Faust table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import rocksdict

from opinion_stream.adapters.partition_state import MARKER

_SIZES = ("estimate-num-keys", "total-sst-files-size", "cur-size-all-mem-tables")


class RocksBackend:
    """Raw access to one partition of a table; Faust's own bookkeeping key stays out of sight."""

    def __init__(self, db: rocksdict.Rdict, hidden: bytes) -> None:
        self._db = db
        self._hidden = hidden

    def get(self, key: bytes) -> bytes | None:
        """The value, or None."""
        value: bytes | None = self._db.get(key)
        return value

    def write(self, entries: Mapping[bytes, bytes | None]) -> None:
        """Set the values in one atomic write; None deletes."""
        batch = rocksdict.WriteBatch(raw_mode=True)
        for key, value in entries.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        self._db.write(batch)

    def scan(self) -> Iterator[tuple[bytes, bytes]]:
        """All entries but the hidden one."""
        for key, value in self._db.items():
            if isinstance(key, bytes) and key not in (self._hidden, MARKER):
                yield key, value

    def size(self) -> tuple[int, int]:
        """Entries and bytes as RocksDB estimates them."""
        entries, files, memory = (self._db.property_int_value(f"rocksdb.{name}") or 0 for name in _SIZES)
        return entries, files + memory
