"""RSS and Atom feeds: what is new since the last time, oldest first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime
from functools import partial

from opinion_stream.adapters.sources.base import Cursor, Failure, Page, Surroundings
from opinion_stream.adapters.sources.feed import Feed, read_feed
from opinion_stream.adapters.sources.identity import Seen
from opinion_stream.adapters.sources.web_client import WebClient
from opinion_stream.policy.source_web import RssSource

PAGE = 50


class RssConnector:
    """See `Connector`. The cursor holds the validators of the last whole answer, and marks of the entries sent."""

    def __init__(self, source: RssSource, client: WebClient, around: Surroundings) -> None:
        self._source = source
        self._client = client
        self._around = around

    async def poll(self, cursor: Cursor) -> AsyncGenerator[Page]:
        """See `Connector`. Raises SourceError when the feed cannot be fetched, or is none."""
        known = cursor.get("validators") if cursor.get("url") == self._source.url else None
        reply = await self._client.get(self._source.url, validators=known if isinstance(known, dict) else None)
        if reply.not_modified:
            return
        fetched: datetime = self._around.clock.now()
        content_type = reply.headers.get("content-type", "")
        read = partial(read_feed, reply.body, content_type, reply.url, fetched, self._around.zone)
        feed: Feed = await asyncio.to_thread(read)
        seen = Seen(cursor.get("seen"), self._source.remember)
        seen.touch(entry.id for entry in feed.entries)
        new = [entry for entry in feed.entries if entry.id not in seen]
        for start in range(0, len(new), PAGE):
            part = new[start : start + PAGE]
            for entry in part:
                seen.add(entry.id)
            # Without validators yet: after a crash between two pages the rest is still to be asked for.
            yield Page(tuple(entry.record for entry in part), {"url": self._source.url, "seen": seen.to_json()})
        failures = (Failure("bad_feed", feed.fault),) if feed.fault else ()
        end: Cursor = {"url": self._source.url, "seen": seen.to_json(), "validators": dict(reply.validators)}
        yield Page((), end, failures)
