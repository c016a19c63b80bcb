"""Ids and short marks of what sources give: the same thing gives the same id, however often it is read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from urllib.parse import urldefrag

from opinion_stream.adapters.sources.base import Json

MAX_ID = 200
"""As in `RawMention.id`."""


def source_id(*parts: str) -> str:
    """The id of an item: the first part as it is if it is short and the only one, else a hash of all of them."""
    if len(parts) == 1 and 0 < len(parts[0]) <= MAX_ID:
        return parts[0]
    return "h-" + hashlib.blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()


def address(url: str) -> str:
    """The address of a page without the part behind #, which names a place in the same page."""
    return urldefrag(url.strip()).url


class Seen:
    """Which items were sent: short marks, the oldest of which are forgotten."""

    def __init__(self, marks: Json, limit: int) -> None:
        """`marks`: as `to_json` gave them."""
        known = marks if isinstance(marks, list) else []
        self._marks = dict.fromkeys(mark for mark in known if isinstance(mark, str))
        self._limit = limit

    def __contains__(self, item_id: str) -> bool:
        return self._mark(item_id) in self._marks

    def add(self, item_id: str) -> None:
        """Remember the item."""
        mark = self._mark(item_id)
        self._marks.pop(mark, None)
        self._marks[mark] = None

    def touch(self, item_ids: Iterable[str]) -> None:
        """These are still on offer, so of those that are remembered none is forgotten, whatever the limit."""
        present = {mark for mark in map(self._mark, item_ids) if mark in self._marks}
        for mark in present:
            del self._marks[mark]
        for mark in list(self._marks)[: max(0, len(self._marks) + len(present) - self._limit)]:
            del self._marks[mark]
        self._marks.update(dict.fromkeys(sorted(present)))

    def to_json(self) -> list[Json]:
        """The marks, oldest first."""
        return list(self._marks)

    @staticmethod
    def _mark(item_id: str) -> str:
        return hashlib.blake2b(item_id.encode("utf-8", "replace"), digest_size=9).hexdigest()
