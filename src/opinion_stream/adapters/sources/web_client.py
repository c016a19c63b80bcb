"""A polite web client: says who it is, obeys robots.txt, keeps its distance, asks only for what has changed."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import TracebackType
from urllib.parse import urljoin, urlsplit

import httpx

from opinion_stream import __version__
from opinion_stream.adapters.sources.base import Json, Surroundings
from opinion_stream.adapters.sources.hosts import Hosts
from opinion_stream.adapters.sources.robots import Robots
from opinion_stream.errors import SourceError
from opinion_stream.policy.sources import HttpManners

_REDIRECTS = (301, 302, 303, 307, 308)
_TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Reply:
    """An answer: status 2xx, or 304 when a condition was given. `url` is the one that answered in the end."""

    url: str
    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def not_modified(self) -> bool:
        """Nothing has changed since the validators were given out."""
        return self.status == 304

    @property
    def validators(self) -> dict[str, str]:
        """What to give to `get` next time: `etag` and `modified`, as far as the server states them."""
        stated = {"etag": self.headers.get("etag"), "modified": self.headers.get("last-modified")}
        return {name: value for name, value in stated.items() if value}


class WebClient:
    """Shared by all connectors of a process, since politeness is owed to hosts and not by sources."""

    def __init__(
        self, manners: HttpManners, around: Surroundings, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._manners = manners
        self._around = around
        self._hosts = Hosts(manners, around)
        self._robots = Robots(manners.agent, manners.robots_hours, self._ask_robots, around.clock)
        self._http = httpx.AsyncClient(
            headers={"User-Agent": f"{manners.agent}/{__version__} (+{manners.contact})"},
            timeout=manners.timeout_seconds,
            follow_redirects=False,
            transport=transport,
            # Cookies would make one reader's visits into a trail, and answers depend on it.
            cookies=None,
        )

    async def __aenter__(self) -> WebClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def get(
        self,
        url: str,
        *,
        validators: Mapping[str, Json] | None = None,
        headers: Mapping[str, str] | None = None,
        robots: bool = True,
    ) -> Reply:
        """Fetch an address, following redirects, trying again where that may help.

        `validators`: those of an earlier `Reply`; the answer may then be `not_modified`. `robots` False: the address
        is an interface we are entitled to by contract, not a page. Secrets in `headers` stay on the first host.
        Raises SourceError.
        """
        given = dict(headers or {})
        known = validators or {}
        conditions: dict[str, str] = {}
        for name, header in (("etag", "If-None-Match"), ("modified", "If-Modified-Since")):
            value = known.get(name)
            if isinstance(value, str):
                conditions[header] = value
        return await self.request("GET", url, headers={**given, **conditions}, robots=robots)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        robots: bool = True,
    ) -> Reply:
        """The same for any method; a body is sent again with each try."""
        sent, home = dict(headers or {}), urlsplit(url)
        for _ in range(self._manners.max_redirects + 1):
            delay = await self._robots.crawl_delay(url) if robots else 0.0
            reply = await self._with_patience(method, url, sent, content, delay)
            target = reply.headers.get("location") if reply.status in _REDIRECTS else None
            if target is None:
                return reply
            url = urljoin(url, target)
            _check_redirect(home.hostname or "", url)
            if urlsplit(url).netloc != home.netloc or (home.scheme, urlsplit(url).scheme) == ("https", "http"):
                sent, content = {}, None
            if reply.status == 303:
                method, content = "GET", None
        raise SourceError("redirects", f"{_place(url)}: more than {self._manners.max_redirects} redirects")

    async def _with_patience(
        self, method: str, url: str, headers: dict[str, str], content: bytes | None, delay: float
    ) -> Reply:
        manners = self._manners
        for attempt in range(1, manners.attempts + 1):
            try:
                reply = await self._ask(method, url, headers, content, delay)
            except SourceError as error:
                if error.kind not in ("timeout", "connection") or attempt == manners.attempts:
                    raise
                wait = 0.0
            else:
                if reply.status < 400:
                    return reply
                wait = self._asked_to_wait(reply)
                failure = SourceError(
                    f"http_{reply.status}", f"{_place(url)} answers {reply.status}", retry_after=wait or None
                )
                if reply.status not in _TRY_AGAIN or attempt == manners.attempts or wait > manners.longest_wait_seconds:
                    raise failure
                self._hosts.hold_off(_host(url), wait)
            pause = manners.retry_seconds * 2 ** (attempt - 1) * (0.5 + self._around.chance() / 2)
            await self._around.sleep(max(pause, wait))
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _ask(self, method: str, url: str, headers: dict[str, str], content: bytes | None, delay: float) -> Reply:
        limit = self._manners.max_bytes
        async with self._hosts.turn(_host(url), delay):
            try:
                async with self._http.stream(method, url, headers=headers, content=content) as response:
                    body = bytearray()
                    async for part in response.aiter_bytes():
                        body += part
                        if len(body) > limit:
                            raise SourceError("too_large", f"{_place(url)} is larger than {limit} bytes")
            except httpx.TimeoutException as error:
                seconds = self._manners.timeout_seconds
                raise SourceError("timeout", f"{_place(url)} does not answer within {seconds:g} s") from error
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise SourceError("connection", f"{_place(url)} cannot be read: {type(error).__name__}") from error
            finally:
                self._http.cookies.clear()
        return Reply(url, response.status_code, response.headers, bytes(body))

    async def _ask_robots(self, url: str) -> tuple[int, bytes]:
        for _ in range(self._manners.max_redirects + 1):
            try:
                reply = await self._with_patience("GET", url, {}, None, 0.0)
            except SourceError as error:
                # RFC 9309, 2.3.1.3: other client errors mean that there are no rules.
                if error.kind.startswith("http_4") and error.kind != "http_429":
                    return 404, b""
                raise
            target = reply.headers.get("location") if reply.status in _REDIRECTS else None
            if target is None:
                return reply.status, reply.body
            url = urljoin(url, target)
        return 404, b""

    def _asked_to_wait(self, reply: Reply) -> float:
        stated = reply.headers.get("retry-after", "").strip()
        if stated.isdigit():
            return float(stated[:9])
        try:
            until = parsedate_to_datetime(stated)
        except ValueError:
            return 0.0
        if until.tzinfo is None:
            return 0.0
        return max(0.0, (until - self._around.clock.now()).total_seconds())


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def _place(url: str) -> str:
    """Host and path: an address's query and user part may hold secrets or names."""
    return f"{_host(url)}{urlsplit(url).path}"


def _check_redirect(home: str, url: str) -> None:
    """A public site must not lead us into the inner network (cloud metadata, admin pages)."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SourceError("redirects", f"{_host(url)}: a redirect to something that is no web address")
    if _is_inner(parts.hostname) and not _is_inner(home):
        raise SourceError("redirects", f"{home}: a redirect to an address of an inner network")


def _is_inner(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False
