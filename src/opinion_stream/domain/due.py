"""An ordered index of due times: what is due by now, without looking at what is not."""

from __future__ import annotations

import heapq
from datetime import datetime
from typing import Generic, TypeVar

K = TypeVar("K", str, tuple[str, str])


class DueIndex(Generic[K]):
    """Keys with one due time each. It lives in memory only: its owner rebuilds it from the store.

    `set` and `pop` cost O(log n); a time that was replaced stays in the heap until it surfaces or until
    such leftovers outnumber the keys, whichever is first, so memory stays proportional to the keys.
    """

    def __init__(self) -> None:
        self._at: dict[K, datetime] = {}
        self._heap: list[tuple[datetime, K]] = []

    def __len__(self) -> int:
        return len(self._at)

    def set(self, key: K, at: datetime | None) -> None:
        """Make `at` the due time of `key`; None: it has none any more."""
        if at is None:
            self._at.pop(key, None)
            return
        if self._at.get(key) == at:
            return
        self._at[key] = at
        heapq.heappush(self._heap, (at, key))
        if len(self._heap) > 2 * len(self._at) + 64:
            self._heap = [(due, name) for name, due in self._at.items()]
            heapq.heapify(self._heap)

    def pop(self, now: datetime) -> list[K]:
        """Take out the keys due at or before `now`, earliest first, equal times in order of the key."""
        due: list[K] = []
        while self._heap and self._heap[0][0] <= now:
            at, key = heapq.heappop(self._heap)
            if self._at.get(key) == at:
                del self._at[key]
                due.append(key)
        return due
