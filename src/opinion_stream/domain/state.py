"""What a stateful stage remembers: a small key-value store, and a map whose entries expire."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Protocol

_STEPS = 24
_CLOCKS = "expiring-clock/"


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
    replay of old records behaves as the records did when they were new. Expiry runs in steps of 1/24 window: an
    entry lives for one window at least and a step more at most. With a `limit` no more entries than that are
    kept; those put first of the oldest step go first, and `forgotten_early` counts them.
    """

    def __init__(self, store: Store, prefix: str, window: timedelta, limit: int | None = None) -> None:
        self._store = store
        self._prefix = prefix
        self._clock_key = f"{_CLOCKS}{prefix}"
        self._step = window.total_seconds() / _STEPS
        self._limit = limit
        self._values: dict[str, str] = {}
        self._buckets: dict[int, deque[str]] = defaultdict(deque)
        self._oldest = -(2**62)
        self._puts = 0
        self._latest: tuple[datetime, int] | None = None
        self.forgotten_early = 0
        # A million entries are no rarity at a start: sorted within their steps, and equal values held once.
        found: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
        known: dict[str, str] = {}
        skip = len(prefix)
        for full_key, raw in store.items(prefix):
            head, _, value = raw.decode().partition("|")
            # An entry of an older version has no number; those keep the order of their keys, before all others.
            bucket, _, number = head.partition(".")
            found[bucket].append((int(number) if number else 0, full_key[skip:], known.setdefault(value, value)))
        for bucket in sorted(found, key=int):
            rows = found.pop(bucket)
            rows.sort()
            self._values.update((key, value) for _, key, value in rows)
            self._buckets[int(bucket)].extend(key for _, key, _ in rows)
            self._puts = max(self._puts, rows[-1][0])
        if self._buckets:
            self._oldest = max(self._buckets) - _STEPS
        if (clock := store.get(self._clock_key)) is not None:
            self._oldest = max(self._oldest, int(clock))

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: str) -> str | None:
        """The value that was put within the window, or None."""
        return self._values.get(key)

    def advance(self, at: datetime) -> None:
        """Let time move to `at` if it is later than all seen: what is older than one window is forgotten."""
        oldest = self._bucket_of(at) - _STEPS
        if oldest > self._oldest:
            self._oldest = oldest
            # Entries alone would tell of the time only as long as they last.
            self._store.put(self._clock_key, str(oldest).encode())
            self._expire()

    def put(self, key: str, value: str, at: datetime) -> None:
        """Remember `value` from time `at` on for one window. A key that is remembered keeps its first value."""
        bucket = self._bucket_of(at)
        if key in self._values or bucket < self._oldest:
            return
        self._puts += 1
        self._values[key] = value
        self._buckets[bucket].append(key)
        head = str(bucket) if self._limit is None else f"{bucket}.{self._puts}"
        self._store.put(self._prefix + key, f"{head}|{value}".encode())
        if bucket - _STEPS > self._oldest:
            self._oldest = bucket - _STEPS
            self._expire()
        while self._limit is not None and len(self._values) > self._limit:
            self._forget_first()

    def _bucket_of(self, at: datetime) -> int:
        latest = self._latest
        if latest is not None and latest[0] is at:  # all records of a batch have one time
            return latest[1]
        bucket = int(at.timestamp() // self._step)
        self._latest = at, bucket
        return bucket

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

    def _forget_first(self) -> None:
        oldest = min(self._buckets)
        key = self._buckets[oldest].popleft()
        if not self._buckets[oldest]:
            del self._buckets[oldest]
        del self._values[key]
        self._store.delete(self._prefix + key)
        self.forgotten_early += 1
