"""What a stateful stage remembers: a small key-value store, and a map whose entries expire."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Protocol


class Store(Protocol):
    """Durable memory of one partition of one stage. Keys are text, values bytes.

    What a batch writes becomes durable as a whole or not at all; the adapter under it sees to that.
    """

    def get(self, key: str) -> bytes | None:
        """The value, or None."""

    def put(self, key: str, value: bytes) -> None:
        """Set the value."""

    def delete(self, key: str) -> None:
        """Forget the key; no error if there is none."""

    def items(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """All (key, value) whose key starts with `prefix`, in any order."""


class DictStore:
    """A `Store` in a dictionary, for file commands and unit tests."""

    def __init__(self) -> None:
        self.entries: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        """The value, or None."""
        return self.entries.get(key)

    def put(self, key: str, value: bytes) -> None:
        """Set the value."""
        self.entries[key] = value

    def delete(self, key: str) -> None:
        """Forget the key; no error if there is none."""
        self.entries.pop(key, None)

    def items(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """All (key, value) whose key starts with `prefix`, in key order."""
        yield from sorted(item for item in self.entries.items() if item[0].startswith(prefix))


class ExpiringMap:
    """Text to text under a prefix of a store; an entry is forgotten `window` after its time.

    Time moves with the latest `at` seen, so that memory is bounded by what arrives within one window and a
    replay of old records behaves as the records did when they were new. Expiry runs in steps of 1/24 window.
    """

    def __init__(self, store: Store, prefix: str, window: timedelta) -> None:
        self._store = store
        self._prefix = prefix
        self._step = window.total_seconds() / 24
        self._values: dict[str, str] = {}
        self._buckets: dict[int, list[str]] = defaultdict(list)
        self._oldest = -(2**62)
        for full_key, raw in store.items(prefix):
            bucket, _, value = raw.decode().partition("|")
            key = full_key[len(prefix) :]
            self._values[key] = value
            self._buckets[int(bucket)].append(key)
        if self._buckets:
            self._oldest = max(self._buckets) - 24

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: str) -> str | None:
        """The value that was put within the window, or None."""
        return self._values.get(key)

    def put(self, key: str, value: str, at: datetime) -> None:
        """Remember `value` from time `at` on for one window. A key that is remembered keeps its first value."""
        bucket = int(at.timestamp() // self._step)
        if key in self._values or bucket < self._oldest:
            return
        self._values[key] = value
        self._buckets[bucket].append(key)
        self._store.put(self._prefix + key, f"{bucket}|{value}".encode())
        if bucket - 24 > self._oldest:
            self._oldest = bucket - 24
            self._expire()

    def replace(self, key: str, value: str) -> None:
        """Another value for a key that is remembered, for as long as the first; nothing for one that is not."""
        raw = self._store.get(self._prefix + key)
        if raw is not None and key in self._values:
            self._values[key] = value
            self._store.put(self._prefix + key, raw.partition(b"|")[0] + b"|" + value.encode())

    def _expire(self) -> None:
        for bucket in [b for b in self._buckets if b < self._oldest]:
            for key in self._buckets.pop(bucket):
                del self._values[key]
                self._store.delete(self._prefix + key)
