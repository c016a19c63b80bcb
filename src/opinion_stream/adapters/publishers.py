"""Publishers: where a response is put so that the public can read it. A folder, or a system with an HTTP door."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import httpx
import structlog

from opinion_stream.adapters import environment as env
from opinion_stream.adapters.whole_file import replace
from opinion_stream.domain.publishing.page import as_markdown, feed_item
from opinion_stream.errors import SettingsError
from opinion_stream.models.task import PublicResponse

FEED = "feed.json"
FEED_ITEMS = 200
TIMEOUT_SECONDS = 20.0
_SAFE = re.compile(r"[A-Za-z0-9._-]+")
log = structlog.get_logger("opinion_stream.publish")


class Publisher(Protocol):
    """Puts a response before the public. The same response again must change nothing."""

    async def publish(self, response: PublicResponse) -> bool:
        """True once it stands there."""


class FolderPublisher:
    """Writes `YYYY/MM/<id>.md` and `feed.json` (JSON Feed 1.1) into a folder that a website serves or builds from."""

    def __init__(self, folder: Path, title: str) -> None:
        self._folder = folder
        self._title = title

    async def publish(self, response: PublicResponse) -> bool:
        """See `Publisher`."""
        try:
            self._write(response)
        except OSError as error:
            log.error("folder not writable", response=response.id, error=error.strerror)
            return False
        return True

    def _write(self, response: PublicResponse) -> None:
        if not _SAFE.fullmatch(response.id):
            raise OSError(0, "the id is no file name")
        at = response.published_at
        page = self._folder / f"{at:%Y}" / f"{at:%m}" / f"{response.id}.md"
        replace(page, as_markdown(response).encode())
        path = self._folder / FEED
        old = json.loads(path.read_text(encoding="utf-8"))["items"] if path.exists() else []
        items = [feed_item(response), *(item for item in old if item["id"] != response.id)]
        items.sort(key=lambda item: (str(item["date_published"]), str(item["id"])), reverse=True)
        feed = {"version": "https://jsonfeed.org/version/1.1", "title": self._title, "items": items[:FEED_ITEMS]}
        replace(path, (json.dumps(feed, ensure_ascii=False, indent=2) + "\n").encode())


class HttpPublisher:
    """Posts the response as JSON; the receiver tells repeats by the `Idempotency-Key` header, which is its id."""

    def __init__(self, url: str, token: str | None) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def publish(self, response: PublicResponse) -> bool:
        """See `Publisher`. 409 means that the receiver has it already."""
        headers = {**self._headers, "Idempotency-Key": response.id, "Content-Type": "application/json"}
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
                answer = await client.post(self._url, content=response.to_bytes(), headers=headers)
        except httpx.HTTPError as error:
            log.error("outlet does not answer", response=response.id, error=type(error).__name__)
            return False
        if answer.is_success or answer.status_code == httpx.codes.CONFLICT:
            return True
        log.error("outlet refused", response=response.id, status=answer.status_code)
        return False


def variable(publication: str) -> str:
    """Name of the environment variable that says where responses of that kind go."""
    return env.variable("PUBLISH", publication)


def publishers_of(publications: Mapping[str, str], environment: Mapping[str, str], title: str) -> dict[str, Publisher]:
    """Publication -> publisher, for those that the environment names a folder or an http(s) address for.

    `publications`: code to name. A token for an address stands in `<variable>_TOKEN` or in the file that
    `<variable>_TOKEN_FILE` names. Raises SettingsError naming the variable.
    """
    found: dict[str, Publisher] = {}
    for code in publications:
        name = variable(code)
        where = environment.get(name, "").strip()
        if not where:
            continue
        scheme = urlsplit(where).scheme
        if scheme in ("http", "https"):
            found[code] = HttpPublisher(where, env.secret(f"{name}_TOKEN", environment) or None)
        elif "://" in where:
            raise SettingsError(f"{name}: {scheme}:// is not supported; name a folder or an http(s) address")
        else:
            found[code] = FolderPublisher(Path(where), f"{title}·{publications[code]}")
    return found
