"""List pages and the articles they lead to: each article is fetched once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

from opinion_stream.adapters.sources.article import Article, article_links, read_article
from opinion_stream.adapters.sources.base import Cursor, Failure, Json, Page, Record, Surroundings
from opinion_stream.adapters.sources.encoding import decoded
from opinion_stream.adapters.sources.identity import Seen, source_id
from opinion_stream.adapters.sources.nesting import check_nesting
from opinion_stream.adapters.sources.queue import Queue
from opinion_stream.adapters.sources.web_client import Reply, WebClient
from opinion_stream.errors import SourceError
from opinion_stream.policy.source_web import WebSource

_FAILURES_IN_A_ROW = 3
"""After so many articles in a row that could not be read the site is left alone for this poll."""
_NEVER = frozenset({"not_html", "too_large", "too_complex", "http_410"})
"""Failures that another attempt does not mend."""


class WebConnector:
    """See `Connector`. The cursor holds the lists' validators, the articles still to fetch, and marks of those read."""

    def __init__(self, source: WebSource, client: WebClient, around: Surroundings) -> None:
        self._source = source
        self._client = client
        self._around = around

    async def poll(self, cursor: Cursor) -> AsyncGenerator[Page]:
        """See `Connector`. Raises SourceError when no list page can be read, or articles fail one after the other."""
        state = _State(cursor, self._source.remember)
        yield await self._lists(state)
        in_a_row = 0
        for item in state.queue.due(self._around.clock.now(), self._source.max_articles):
            try:
                record = await self._article(item.url)
            except SourceError as error:
                if error.kind == "bad_selector":
                    raise
                give_up = timedelta(0 if error.kind in _NEVER else self._source.give_up_hours / 24)
                given_up = state.queue.failed(item, self._around.clock.now(), give_up)
                if given_up:
                    state.seen.add(item.url)
                reason = f"{error.reason} ({'given up' if given_up else 'to be tried again'})"
                yield Page((), state.to_json(), (Failure(error.kind, reason),))
                in_a_row = 0 if error.kind in _NEVER else in_a_row + 1
                if in_a_row >= _FAILURES_IN_A_ROW or error.retry_after:
                    raise
                continue
            in_a_row = 0
            state.queue.done(item)
            state.seen.add(item.url)
            yield Page((record,), state.to_json())

    async def _lists(self, state: _State) -> Page:
        """Read the list pages and queue what is new. Raises SourceError when none can be read."""
        failures: list[SourceError] = []
        links: dict[str, None] = {}
        for url in self._source.pages:
            try:
                reply = await self._client.get(url, validators=state.validators_of(url))
                if reply.not_modified:
                    continue
                read = partial(article_links, self._text(reply), reply.url, self._source)
                found = await asyncio.to_thread(read)
            except SourceError as error:
                failures.append(error)
                continue
            # Lists begin with the newest; the oldest is to be sent first.
            new = [link for link in reversed(found) if link not in state.seen and link not in state.queue]
            added = [state.queue.add(link) for link in new]
            state.validators[url] = dict(reply.validators) if all(added) else {}
            links.update(dict.fromkeys(found))
        if failures and len(failures) == len(self._source.pages):
            raise failures[0]
        state.seen.touch(links)
        return Page((), state.to_json(), tuple(Failure(error.kind, error.reason) for error in failures))

    async def _article(self, url: str) -> Record:
        reply = await self._client.get(url)
        kind = reply.headers.get("content-type", "text/html").partition(";")[0].strip().lower()
        if kind not in ("text/html", "application/xhtml+xml", "text/plain", ""):
            parts = urlsplit(url)
            raise SourceError("not_html", f"{parts.netloc}{parts.path} is {kind}, not a page")
        fetched, zone = self._around.clock.now(), self._around.zone
        read = partial(read_article, self._text(reply), reply.url, self._source.selectors, fetched, zone)
        article: Article = await asyncio.to_thread(read)
        return {
            "id": source_id(url),
            "title": article.title or None,
            "text": article.text,
            "published_at": article.published_at or fetched,
            "author": article.author,
            "url": url if len(url) <= 4000 else None,
        }

    def _text(self, reply: Reply) -> str:
        html = decoded(reply.body, reply.headers.get("content-type", ""), self._source.encoding)
        parts = urlsplit(reply.url)
        check_nesting(html, f"{parts.netloc}{parts.path}")
        return html


class _State:
    """The cursor, opened."""

    def __init__(self, cursor: Cursor, remember: int) -> None:
        self.queue = Queue(cursor.get("queue"))
        self.seen = Seen(cursor.get("seen"), remember)
        stored = cursor.get("lists")
        self.validators: dict[str, Json] = dict(stored) if isinstance(stored, dict) else {}

    def validators_of(self, url: str) -> dict[str, Json] | None:
        known = self.validators.get(url)
        return known if isinstance(known, dict) else None

    def to_json(self) -> Cursor:
        return {"lists": dict(self.validators), "queue": self.queue.to_json(), "seen": self.seen.to_json()}
