"""A response put into a folder and through an HTTP door, against a real web server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from builders import public_response
from opinion_stream.adapters.publishers import FEED, FolderPublisher, HttpPublisher, publishers_of
from opinion_stream.errors import SettingsError
from opinion_stream.models.task import PublicResponse

NAMES = {"website": "政府网站", "weibo": "政务微博"}


def response(name: str = "1") -> PublicResponse:
    return public_response(id=f"r-{name}", text="已修复。")


class Door(ThreadingHTTPServer):
    """Remembers what was posted, and answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 201
        self.got: list[tuple[dict[str, str], dict[str, object]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/posts"


class _Handler(BaseHTTPRequestHandler):
    server: Door

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.got.append((dict(self.headers.items()), body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def door() -> Iterator[Door]:
    with Door() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


async def test_a_folder_gets_a_page_and_an_entry_and_the_same_again_changes_nothing(tmp_path: Path) -> None:
    publisher = FolderPublisher(tmp_path, "庆阳市·政府网站")
    assert await publisher.publish(response("1"))
    assert await publisher.publish(response("2"))
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert await publisher.publish(response("1"))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files
    assert len(list(tmp_path.rglob("*.md"))) == 2
    assert [item["id"] for item in json.loads((tmp_path / FEED).read_text(encoding="utf-8"))["items"]] == ["r-2", "r-1"]


async def test_an_id_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    assert not await FolderPublisher(tmp_path / "in", "站").publish(response("/../../../out"))
    assert not list(tmp_path.rglob("*.md"))


async def test_a_folder_that_cannot_be_written_is_a_failure_to_try_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert not await FolderPublisher(tmp_path / "file" / "in", "站").publish(response())


async def test_a_door_gets_the_record_its_key_and_the_token(door: Door) -> None:
    assert await HttpPublisher(door.url, "secret").publish(response())
    [(headers, body)] = door.got
    assert headers["Idempotency-Key"] == "r-1"
    assert headers["Authorization"] == "Bearer secret"
    assert body["text"] == "已修复。"


@pytest.mark.parametrize(("status", "stands"), [(200, True), (409, True), (500, False), (401, False)])
async def test_only_success_and_known_already_count(door: Door, status: int, stands: bool) -> None:
    door.status = status
    assert await HttpPublisher(door.url, None).publish(response()) is stands


async def test_nobody_at_the_door_is_a_failure_to_try_again() -> None:
    assert not await HttpPublisher("http://127.0.0.1:9/none", None).publish(response())


def test_the_environment_says_what_goes_where(tmp_path: Path) -> None:
    found = publishers_of(NAMES, {"OPINION_PUBLISH_WEBSITE": str(tmp_path)}, "庆阳市")
    assert list(found) == ["website"]
    assert isinstance(found["website"], FolderPublisher)
    found = publishers_of(NAMES, {"OPINION_PUBLISH_WEIBO": "https://desk.example/api"}, "庆阳市")
    assert isinstance(found["weibo"], HttpPublisher)


def test_what_is_neither_folder_nor_web_address_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="OPINION_PUBLISH_WEIBO"):
        publishers_of(NAMES, {"OPINION_PUBLISH_WEIBO": "ftp://desk.example"}, "庆阳市")
    environment = {
        "OPINION_PUBLISH_WEIBO": "https://desk.example",
        "OPINION_PUBLISH_WEIBO_TOKEN_FILE": str(tmp_path / "none"),
    }
    with pytest.raises(SettingsError, match="OPINION_PUBLISH_WEIBO_TOKEN_FILE"):
        publishers_of(NAMES, environment, "庆阳市")
