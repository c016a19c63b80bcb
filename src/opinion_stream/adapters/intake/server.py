"""The intake as a process: where it listens, what it refuses to start without, and how it stops."""

from __future__ import annotations

import contextlib
from asyncio import create_task
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from ipaddress import ip_address

import structlog
import uvicorn
from starlette.applications import Starlette

from opinion_stream.adapters.environment import secret
from opinion_stream.adapters.intake.app import Intake, build_app
from opinion_stream.adapters.intake.door import Door
from opinion_stream.adapters.intake.gather import Gatherer, Writer
from opinion_stream.adapters.intake.metrics import IntakeMetrics
from opinion_stream.adapters.intake.tokens import Tokens, read_tokens
from opinion_stream.adapters.producer import BatchProducer
from opinion_stream.adapters.signals import stop_on_signals
from opinion_stream.errors import SettingsError
from opinion_stream.policy import Policy
from opinion_stream.settings import Settings
from opinion_stream.topics import INBOUND, full_name

GRACE_SECONDS = 20
log = structlog.get_logger("opinion_stream.intake")


class _Server(uvicorn.Server):
    """A uvicorn that leaves signals to us: its own handling would end a clean stop with the signal's exit code."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def checked_tokens(settings: Settings, environment: Mapping[str, str]) -> Tokens:
    """The tokens, if the service may start as it is set. Raises SettingsError naming what is missing and the cure."""
    if (settings.intake_tls_cert is None) != (settings.intake_tls_key is None):
        raise SettingsError("OPINION_INTAKE_TLS_CERT and OPINION_INTAKE_TLS_KEY go together: set both or neither")
    for name, path in (("CERT", settings.intake_tls_cert), ("KEY", settings.intake_tls_key)):
        if path is not None and not path.is_file():
            raise SettingsError(f"OPINION_INTAKE_TLS_{name}: {path}: no such file")
    tokens = read_tokens(secret("OPINION_INTAKE_TOKENS", environment))
    if not _loopback(settings.intake_host) and settings.intake_tls_cert is None and not settings.intake_behind_proxy:
        raise SettingsError(
            f"OPINION_INTAKE_HOST={settings.intake_host} is not of this machine alone: without TLS tokens and texts "
            "would be read on the way. Set OPINION_INTAKE_TLS_CERT and OPINION_INTAKE_TLS_KEY, or say --behind-proxy "
            "when a proxy before it ends TLS."
        )
    return tokens


def make_app(
    settings: Settings,
    policy: Policy,
    tokens: Tokens,
    make_writer: Callable[[], Writer] | None = None,
) -> Starlette:
    """The application on the broker of the settings, or on another writer."""
    metrics = IntakeMetrics()
    gatherer = Gatherer(
        make_writer or partial(BatchProducer, settings.broker(), client_id="opinion-intake"),
        full_name(settings.topic_prefix, INBOUND),
        metrics,
        most_records=settings.intake_queue_mentions,
        most_bytes=settings.intake_queue_bytes,
        patience=settings.intake_ack_seconds,
    )
    return build_app(Intake(settings, tokens, Door(policy), gatherer, metrics))


async def serve(settings: Settings, app: Starlette, on_ready: Callable[[int], None] = lambda port: None) -> None:
    """Serve until SIGTERM or Ctrl-C; then take no more, finish what is in flight, and write what is waiting.

    `on_ready` is given the port. Raises SettingsError when the address cannot be had.
    """
    config = uvicorn.Config(
        app,
        host=settings.intake_host,
        port=settings.intake_port,
        http="httptools",
        loop="none",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_certfile=settings.intake_tls_cert,
        ssl_keyfile=settings.intake_tls_key,
    )
    config.load()
    try:
        listener = config.bind_socket()
    except (OSError, SystemExit):
        raise SettingsError(
            f"OPINION_INTAKE_HOST, OPINION_INTAKE_PORT: cannot listen on {settings.intake_host}:{settings.intake_port}"
        ) from None
    server = _Server(config)
    stop = stop_on_signals()

    async def end() -> None:
        await stop.wait()
        server.should_exit = True

    ending = create_task(end())
    port = int(listener.getsockname()[1])
    log.info("listening", host=settings.intake_host, port=port, tls=settings.intake_tls_cert is not None)
    on_ready(port)
    try:
        await server.serve(sockets=[listener])
    finally:
        ending.cancel()


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
