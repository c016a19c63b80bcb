"""JSON interfaces (data vendors, 12345 hotlines): page by page, only what is new, nothing passed over."""

from __future__ import annotations

import codecs
from collections.abc import AsyncGenerator, Mapping
from typing import Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import orjson
from pydantic import JsonValue

from opinion_stream.adapters.environment import secret, variable
from opinion_stream.adapters.sources.base import Cursor, Failure, Page, Surroundings
from opinion_stream.domain.collection.mapping import Mapper, at
from opinion_stream.domain.collection.paging import first_position, next_position, parameters, placed
from opinion_stream.domain.collection.progress import ReadProgress, Round, digest_of, since_parameters
from opinion_stream.errors import SourceError
from opinion_stream.policy.mapping import FieldMapping
from opinion_stream.policy.source_data import ApiSource, Links

_START_ANEW = ("http_400", "http_404", "http_410", "http_416", "http_422")
"""What servers answer to a token or page that they know no more."""


class Answer(Protocol):
    """What the client gives back."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, found whatever the case of their names."""

    @property
    def body(self) -> bytes:
        """The content."""


class Client(Protocol):
    """What this connector needs of the polite web client: limits, repeats and errors are its matter."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        robots: bool = True,
    ) -> Answer:
        """Ask; raises SourceError."""


class ApiConnector:
    """Reads one interface. The secret is looked up at every poll, so that a new one needs no restart."""

    def __init__(
        self,
        source: ApiSource,
        mapping: FieldMapping,
        client: Client,
        around: Surroundings,
    ) -> None:
        self._source = source
        self._zone = ZoneInfo(mapping.zone) if mapping.zone else around.zone
        self._mapper = Mapper(mapping, source.mapping, around.zone)
        self._client = client
        self._around = around

    async def poll(self, cursor: Cursor) -> AsyncGenerator[Page, None]:
        """See `Connector`. A round of pages that was cut off is gone on with; where the server knows its place no
        more, the round begins anew and what was sent is left out."""
        source, progress = self._source, ReadProgress.of(cursor, self._source.remember)
        first, anew = first_position(source.paging), False
        for _ in range(source.max_pages):
            under_way = progress.round or progress.begin(first, self._around.clock.now(), anew=anew)
            try:
                url, answer, link = await self._ask(under_way)
            except SourceError as error:
                if error.kind not in _START_ANEW or under_way.position == first or anew:
                    raise
                progress.round, anew = None, True
                continue
            items = self._items(answer)
            yield self._page(progress, under_way, items, answer, link, url)
            if progress.round is None:
                return

    def _page(
        self, progress: ReadProgress, now: Round, items: list[JsonValue], answer: JsonValue, link: str, url: str
    ) -> Page:
        records: list[dict[str, JsonValue]] = []
        failures: list[Failure] = []
        whole = digest_of(orjson.dumps(items))
        # Some servers answer a page beyond the last with the last.
        repeated = bool(items) and whole == now.last
        digests: list[str] = []
        for item in () if repeated else items:
            if self._source.since is not None:
                progress.note(item, self._source.since, self._zone)
            mapped = self._mapper.map(item)
            given = mapped.record.get("id")
            digests.append(digest_of(given.encode() if isinstance(given, str) else orjson.dumps(item)))
            if progress.is_new(digests[-1]):
                records.append(mapped.record)
                failures += [Failure("unmapped", f"mapping {self._mapper.name}: {f.text()}") for f in mapped.faults]
        now.read += len(items)
        now.last = whole
        position = next_position(self._source.paging, now.position, answer, link, len(items), now.read, url)
        known = self._source.newest_first and all(progress.is_older(digest) for digest in digests)
        if repeated or known or position is None:
            progress.complete()
        elif position == now.position:
            raise SourceError("paging", f"{_place(url)}: the answer names the page it stands on as the next one")
        else:
            now.position = position
        return Page(tuple(records), progress.stored(), tuple(failures))

    async def _ask(self, now: Round) -> tuple[str, JsonValue, str]:
        source = self._source
        url, headers = source.url, {"Accept": "application/json"}
        given = {**since_parameters(source.since, now, self._zone), **parameters(source.paging, now.position)}
        query = dict(source.query)
        content = None
        if isinstance(source.paging, Links) and isinstance(now.position, str):
            # The server's own address, with all parameters in it; the secret goes to no other host.
            url, given, query = now.position, {}, {}
            if urlsplit(url)[:2] != urlsplit(source.url)[:2]:
                raise SourceError("paging", f"{_place(source.url)}: the next page is said to be on another host")
        if source.auth is not None:
            token = source.auth.prefix + self._token()
            if source.auth.header is not None:
                headers[source.auth.header] = token
            elif source.auth.query is not None:
                query[source.auth.query] = token
        if source.body is not None:
            content = orjson.dumps(placed(source.body, given))
            headers["Content-Type"] = "application/json"
        else:
            query |= {name: value if isinstance(value, str) else str(value) for name, value in given.items()}
        url = _with_query(url, query)
        reply = await self._client.request(source.method, url, headers=headers, content=content, robots=False)
        return url, self._checked(reply.body), reply.headers.get("link", "")

    def _token(self) -> str:
        name = variable("SOURCE", self._source.name) + "_TOKEN"
        token = secret(name, self._around.environ)
        if not token:
            raise SourceError(
                "token", f"source {self._source.name} needs a token: set {name}, or {name}_FILE to a file with it"
            )
        return token

    def _checked(self, body: bytes) -> JsonValue:
        place, expect = _place(self._source.url), self._source.expect
        try:
            text = body.removeprefix(codecs.BOM_UTF8).decode()
        except UnicodeDecodeError:
            text = body.decode("gb18030", "replace")
        try:
            answer: JsonValue = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise SourceError("not_json", f"{place}: the answer is no JSON ({len(body)} bytes)") from error
        if expect is not None:
            found = at(answer, expect.at)
            if (str(found).lower() if isinstance(found, bool) else str(found)) not in expect.values:
                shown = repr(found) if isinstance(found, int) or (isinstance(found, str) and len(found) <= 20) else "…"
                raise SourceError("refused", f"{place}: {expect.at} is {shown}, not {' or '.join(expect.values)}")
        return answer

    def _items(self, answer: JsonValue) -> list[JsonValue]:
        where = self._source.items
        items = at(answer, where) if where else answer
        if items is None and where and isinstance(answer, dict):
            head, _, last = where.rpartition(".")
            parent = at(answer, head) if head else answer
            # Many servers say null where the list is empty.
            if self._source.items_may_be_missing or (isinstance(parent, dict) and last in parent):
                return []
        if not isinstance(items, list):
            keys = ", ".join(sorted(map(str, answer))[:10]) if isinstance(answer, dict) else type(answer).__name__
            raise SourceError(
                "shape",
                f"{_place(self._source.url)}: no list at `items: {where or '(the answer)'}`; the answer has: {keys}",
            )
        return items


def _with_query(url: str, query: Mapping[str, str]) -> str:
    if not query:
        return url
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in query]
    return urlunsplit(parts._replace(query=urlencode([*kept, *query.items()])))


def _place(url: str) -> str:
    """Host and path: the query may hold secrets."""
    parts = urlsplit(url)
    return f"{parts.netloc.rpartition('@')[2]}{parts.path}"
