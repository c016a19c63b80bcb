"""Addresses, senders and the sent log of the notification service, against a real web server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from opinion_stream.adapters.addresses import addresses_of, variable
from opinion_stream.adapters.senders import AppriseSender
from opinion_stream.adapters.sent_log import KEPT, SentLog
from opinion_stream.domain.notify.planner import Message
from opinion_stream.errors import SettingsError

MESSAGE = Message("n-1", "duty-desk", "标题", "正文", ("e-1",))


class Receiver(ThreadingHTTPServer):
    """A webhook receiver that remembers what it got, and answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 200
        self.got: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.server_address[1]}/hook"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.status == 200:
            self.server.got.append(json.loads(body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_an_address_comes_from_the_environment_or_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("json://one\njson://two\n", encoding="utf-8")
    environment = {"OPINION_NOTIFY_DUTY_DESK": "json://here", "OPINION_NOTIFY_LEADER_DESK_FILE": str(secret)}
    found = addresses_of(["duty-desk", "leader-desk", "other"], environment)
    assert found == {"duty-desk": ("json://here",), "leader-desk": ("json://one", "json://two")}


def test_a_file_that_is_missing_is_named_by_its_variable(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="OPINION_NOTIFY_DUTY_DESK_FILE"):
        addresses_of(["duty-desk"], {f"{variable('duty-desk')}_FILE": str(tmp_path / "none")})


def test_an_address_that_is_none_is_refused_without_being_quoted() -> None:
    with pytest.raises(SettingsError, match="OPINION_NOTIFY_DUTY_DESK: address 1") as error:
        AppriseSender({"duty-desk": ("no-such-scheme://token-42",)})
    assert "token-42" not in str(error.value)


async def test_a_message_reaches_the_webhook(receiver: Receiver) -> None:
    assert await AppriseSender({"duty-desk": (receiver.url,)}).send(MESSAGE)
    [got] = receiver.got
    assert got["title"] == "标题"
    assert got["message"] == "正文\n（通知编号 n-1）"


async def test_a_message_that_the_webhook_refuses_is_not_sent(receiver: Receiver) -> None:
    receiver.status = 503
    assert not await AppriseSender({"duty-desk": (receiver.url,)}).send(MESSAGE)


def test_what_was_sent_is_remembered_over_a_restart_but_not_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "state" / "notify.sqlite"
    start = datetime(2026, 3, 2, tzinfo=UTC)
    with SentLog(path) as log:
        log.add(["e-1", "e-2"], start)
    with SentLog(path) as log:
        assert "e-1" in log
        assert "e-3" not in log
        log.add(["e-3"], start + KEPT + timedelta(days=1))
        assert "e-1" not in log
        assert "e-3" in log
