"""A real web server on 127.0.0.1 that tests script page by page, and time that passes without waiting."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Asked:
    """One request as the server saw it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    status: int


@dataclass(frozen=True)
class Answer:
    """What to answer with. `drop`: close the connection without a word."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False


@dataclass
class Site:
    """The server's pages. Pages are served with an ETag, and 304 to who has them already."""

    url: str = ""
    pages: dict[str, Answer] = field(default_factory=dict)
    troubles: dict[str, list[Answer]] = field(default_factory=dict)
    """Answers given first, one by one, before the page itself; path `*` is for all paths but robots.txt."""
    asked: list[Asked] = field(default_factory=list)

    def put(self, path: str, body: bytes | str, content_type: str = "text/html", **headers: str) -> str:
        """Serve `body` at `path`, which may hold a query; returns its address."""
        data = body.encode() if isinstance(body, str) else body
        self.pages[path] = Answer(data, headers={"Content-Type": content_type, **headers})
        return self.url + path

    def trouble(self, path: str, *answers: Answer) -> None:
        """Give these answers first."""
        self.troubles.setdefault(path, []).extend(answers)

    def paths(self, status: int | None = None) -> list[str]:
        """The paths asked for, robots.txt left out; those answered with `status`, or all."""
        return [a.path for a in self.asked if a.path != "/robots.txt" and status in (None, a.status)]

    def answer(self, path: str, headers: Mapping[str, str]) -> Answer:
        """What is served now."""
        waiting = self.troubles.get(path) or (self.troubles.get("*") if path != "/robots.txt" else None)
        if waiting:
            return waiting.pop(0)
        page = self.pages.get(path)
        if page is None:
            return Answer(b"not here", 404)
        if page.status != 200:
            return page
        etag = f'"{sha256(page.body).hexdigest()[:16]}"'
        if headers.get("If-None-Match") == etag:
            return Answer(b"", 304, {"ETag": etag})
        return Answer(page.body, 200, {**page.headers, "ETag": etag})


AnySite = TypeVar("AnySite", bound=Site)


@contextmanager
def serving_of(site: AnySite) -> Iterator[AnySite]:
    """The site, running."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = site.answer(self.path, self.headers)
            site.asked.append(Asked(self.command, self.path, dict(self.headers), body, answer.status))
            if answer.drop:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != 304:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if answer.status != 304:
                self.wfile.write(answer.body)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Tests print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def serving() -> Iterator[Site]:
    """A running site."""
    with serving_of(Site()) as site:
        yield site


class QuickTime:
    """A clock, and a sleep that only moves it on; remembers how long was slept."""

    def __init__(self, now: datetime) -> None:
        self.value = now
        self.slept: list[float] = []

    def now(self) -> datetime:
        """The present."""
        return self.value

    async def sleep(self, seconds: float) -> None:
        """Move the clock on."""
        self.slept.append(seconds)
        self.value += timedelta(seconds=seconds)

    def pass_by(self, **amount: float) -> None:
        """Let time pass: `minutes=5`."""
        self.value += timedelta(**amount)


class SimulatedTime(QuickTime):
    """A sleep that lets all tasks wake in the order of their time, and stops at an hour."""

    def __init__(self, now: datetime, until: datetime) -> None:
        super().__init__(now)
        self.until = until
        self.over = asyncio.Event()
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._number = 0

    async def sleep(self, seconds: float) -> None:
        """Sleep until it is this sleeper's turn."""
        self._number += 1
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.value + timedelta(seconds=seconds), self._number, future))
        await future

    async def drive(self, sleepers: int) -> None:
        """Wake one after the other as soon as all of them sleep."""
        while True:
            turns = 0
            while len(self._sleepers) < sleepers:
                turns += 1
                # Who waits for a server in another thread must let it work.
                await asyncio.sleep(0 if turns < 20 else 0.001)
            self._sleepers.sort(key=lambda entry: entry[:2])
            at, _, future = self._sleepers.pop(0)
            if at > self.until:
                self.over.set()
                return
            self.value = max(self.value, at)
            future.set_result(None)


def path_of(url: str) -> str:
    """The path of an address."""
    return urlsplit(url).path
