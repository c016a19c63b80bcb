"""The small HTTP door of a service: `/metrics` for Prometheus, `/healthz` and `/readyz` for who supervises it."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import ipaddress
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from opinion_stream.errors import SettingsError
from opinion_stream.settings import Settings

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

BEAT_SECONDS = 1.0
SILENCE_SECONDS = 60.0
"""A loop that has not come round for so long hangs: no batch may take longer."""


class Pulse:
    """Tells from another thread whether an event loop still comes round."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last = now()

    async def beat(self) -> None:
        """Beat until cancelled; to be run in the loop that is watched."""
        while True:
            self._last = self._now()
            await asyncio.sleep(BEAT_SECONDS)

    def alive(self) -> bool:
        """Whether it has beaten of late."""
        return self._now() - self._last < SILENCE_SECONDS


def application(
    registry: CollectorRegistry, alive: Callable[[], bool], ready: Callable[[], bool], token: str | None = None
) -> WSGIApplication:
    """The three pages. `/metrics` asks for the bearer `token` if there is one; the others tell only yes or no."""
    metrics: WSGIApplication = make_wsgi_app(registry)

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        match environ.get("PATH_INFO", "/"):
            case "/healthz":
                return _plain(start, "200 OK" if alive() else "503 Service Unavailable")
            case "/readyz":
                return _plain(start, "200 OK" if alive() and ready() else "503 Service Unavailable")
            case "/metrics":
                given = str(environ.get("HTTP_AUTHORIZATION", ""))
                if token is not None and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
                    return _plain(start, "401 Unauthorized", ("WWW-Authenticate", "Bearer"))
                return metrics(environ, start)
            case _:
                return _plain(start, "404 Not Found")

    return answer


def _plain(start: StartResponse, status: str, *headers: tuple[str, str]) -> list[bytes]:
    start(status, [("Content-Type", "text/plain; charset=utf-8"), *headers])
    return [f"{status}\n".encode()]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Probes and scrapes are not news."""


def open_door(
    settings: Settings, registry: CollectorRegistry, alive: Callable[[], bool], ready: Callable[[], bool]
) -> int | None:
    """Serve on `metrics_host`:`metrics_port` in a thread until the process ends; returns the port, None without one.

    Raises SettingsError for a host that is not this machine alone when no token guards the figures.
    """
    if not settings.metrics_port:
        return None
    token = settings.door_token()
    if token is None and not _is_loopback(settings.metrics_host):
        raise SettingsError(
            f"OPINION_METRICS_HOST={settings.metrics_host} can be reached from other machines: set "
            "OPINION_METRICS_TOKEN or OPINION_METRICS_TOKEN_FILE, and give it to Prometheus as bearer token"
        )
    try:
        server = make_server(
            settings.metrics_host, settings.metrics_port, application(registry, alive, ready, token), _Server, _Quiet
        )
    except OSError as error:
        where = f"{settings.metrics_host}:{settings.metrics_port}"
        raise SettingsError(f"OPINION_METRICS_PORT: {where} cannot be used: {error.strerror}") from error
    threading.Thread(target=server.serve_forever, name="door", daemon=True).start()
    return server.server_port


@contextlib.asynccontextmanager
async def watched_door(
    settings: Settings, registry: CollectorRegistry, ready: Callable[[], bool] = lambda: True
) -> AsyncIterator[None]:
    """`open_door` for a service that lives as long as its loop, which is the running one, comes round."""
    pulse = Pulse()
    open_door(settings, registry, pulse.alive, ready)
    beating = asyncio.create_task(pulse.beat())
    try:
        yield
    finally:
        beating.cancel()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
