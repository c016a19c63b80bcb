"""The queue of articles still to be fetched: kept in the cursor, tried again ever less often, given up after a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from opinion_stream.adapters.sources.base import Json

FIRST_RETRY = timedelta(minutes=5)
LONGEST_RETRY = timedelta(hours=6)
LIMIT = 20_000
"""Articles that may wait at once; a list page that brings more is asked for again later."""


@dataclass
class Waiting:
    """An article's address and what became of the attempts so far."""

    url: str
    tries: int = 0
    since: datetime | None = None
    """When it first failed."""
    again: datetime | None = None
    """Not to be tried before."""


class Queue:
    """Addresses in the order in which they are to be fetched."""

    def __init__(self, stored: Json) -> None:
        """`stored`: as `to_json` gave it."""
        self._waiting: dict[str, Waiting] = {}
        for item in stored if isinstance(stored, list) else []:
            if isinstance(item, list) and len(item) == 4 and isinstance(item[0], str):
                tries = item[1] if isinstance(item[1], int) else 0
                self._waiting[item[0]] = Waiting(item[0], tries, _time(item[2]), _time(item[3]))

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, url: str) -> bool:
        return url in self._waiting

    def add(self, url: str) -> bool:
        """Put an address at the end; False when there is no room."""
        if len(self._waiting) >= LIMIT:
            return False
        self._waiting.setdefault(url, Waiting(url))
        return True

    def due(self, now: datetime, count: int) -> list[Waiting]:
        """The next addresses, at most `count`: those never tried first."""
        ready = [item for item in self._waiting.values() if item.again is None or item.again <= now]
        return sorted(ready, key=lambda item: item.tries)[:count]

    def done(self, item: Waiting) -> None:
        """Fetched, or given up."""
        del self._waiting[item.url]

    def failed(self, item: Waiting, now: datetime, give_up: timedelta) -> bool:
        """It could not be read: wait before the next attempt. True when it is given up, and out of the queue."""
        item.since = item.since or now
        item.tries += 1
        if now - item.since >= give_up:
            self.done(item)
            return True
        item.again = now + min(FIRST_RETRY * 2 ** min(item.tries - 1, 20), LONGEST_RETRY)
        return False

    def to_json(self) -> list[Json]:
        """For the cursor."""
        return [
            [
                item.url,
                item.tries,
                item.since.isoformat() if item.since else None,
                item.again.isoformat() if item.again else None,
            ]
            for item in self._waiting.values()
        ]


def _time(value: Json) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
