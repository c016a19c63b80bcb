"""What is started before its broker waits for it, alive and not ready, and can be stopped meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from opinion_stream.adapters import embedded_broker
from opinion_stream.adapters.admin import apply_topics
from opinion_stream.adapters.embedded_broker import EmbeddedBroker, free_port
from opinion_stream.demo.road import EMBEDDED, environment
from opinion_stream.errors import BrokerError
from opinion_stream.settings import Settings, load_settings

REPO = Path(__file__).parents[2]


@pytest.fixture
def settings(real_kafka: bool, tmp_path: Path) -> Settings:
    if real_kafka:
        pytest.skip("starts a broker of its own")
    return load_settings(
        kafka_bootstrap=f"127.0.0.1:{free_port()}",
        pseudonym_key="a key for the tests only, not a secret",
        config=REPO / "config",
        metrics_port=free_port(),
        **EMBEDDED,
    )


SERVICES: dict[str, tuple[list[str], dict[str, str]]] = {
    "worker": (["worker", "response", "--ready-file", "{folder}/ready"], {}),
    "ledger": (["ledger", "run"], {"OPINION_LEDGER_URL": "sqlite:///{folder}/ledger.sqlite"}),
    "notify": (["notify"], {"OPINION_NOTIFY_DUTY_DESK": "json://127.0.0.1:9/"}),
    "publish": (["publish"], {"OPINION_PUBLISH_WEBSITE": "{folder}/website"}),
    "collect": (["collect", "sample-message-board"], {}),
}
"""What is told to `opinion-stream`, and the variables it needs beside those of all."""


@pytest.fixture(params=SERVICES)
def service(settings: Settings, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    command, more = SERVICES[request.param]
    (tmp_path / "website").mkdir()
    command = [word.format(folder=tmp_path) for word in command]
    more = {name: value.format(folder=tmp_path) for name, value in more.items()}
    yield from started(settings, tmp_path, command, more)


def started(
    settings: Settings, folder: Path, command: list[str], more: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    env = {**os.environ, **environment(settings, folder), "OPINION_METRICS_PORT": str(settings.metrics_port), **more}
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "opinion_stream", *command], env=env, stdout=log, stderr=log, cwd=folder
        )
    yield process
    process.kill()
    process.wait()


def page(settings: Settings, path: str) -> int | None:
    """The status that the worker's door gives; None while it is not open."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{settings.metrics_port}{path}", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
    except OSError:
        return None


def until(happened: Callable[[], bool], worker: subprocess.Popen[bytes], log: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        said = log.read_text(encoding="utf-8")
        assert worker.poll() is None, said
        assert time.monotonic() < deadline, said
        time.sleep(0.05)


def broker_of(settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch) -> EmbeddedBroker:
    """A broker where the settings expect it, started."""
    port = int(settings.bootstrap().rpartition(":")[2])
    monkeypatch.setattr(embedded_broker, "free_port", lambda: port)
    broker = EmbeddedBroker(folder / "broker.log")
    try:
        broker.start()
    except BrokerError as error:
        pytest.skip(str(error))
    return broker


def test_it_gets_ready_soon_after_the_broker_and_its_topics_are_there(
    settings: Settings, service: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "worker.log"
    until(lambda: "broker_away" in log.read_text(encoding="utf-8"), service, log)
    assert page(settings, "/healthz") == 200
    assert page(settings, "/readyz") == 503

    broker = broker_of(settings, tmp_path, monkeypatch)
    try:
        asyncio.run(apply_topics(settings))
        until(lambda: page(settings, "/readyz") == 200, service, log)
        if "--ready-file" in service.args:  # type: ignore[operator]
            until((tmp_path / "ready").exists, service, log)
        service.send_signal(signal.SIGTERM)
        assert service.wait(30) == 0, log.read_text(encoding="utf-8")
    finally:
        broker.stop()


def test_it_can_be_told_to_stop_while_it_waits(
    settings: Settings, service: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    log = tmp_path / "worker.log"
    until(lambda: "broker_away" in log.read_text(encoding="utf-8"), service, log)
    told = time.monotonic()
    service.send_signal(signal.SIGTERM)
    assert service.wait(10) == 0
    assert time.monotonic() - told < 5
    assert "Traceback" not in log.read_text(encoding="utf-8")
