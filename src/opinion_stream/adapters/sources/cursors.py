"""Where cursors are kept: a small JSON file a source, replaced whole, durably, with a lock against a second reader."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import orjson

from opinion_stream.adapters.sources.base import Cursor
from opinion_stream.adapters.whole_file import replace
from opinion_stream.errors import SourceError

FOLDER = "sources"
"""Below the state folder of the installation."""


class CursorStore:
    """The cursors of all sources below one folder (`settings.state_dir / FOLDER`)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, name: str) -> Cursor:
        """The stored cursor; {} for a source that was never read. Raises SourceError when the file is damaged."""
        path = self._folder / f"{name}.json"
        try:
            data = orjson.loads(path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, orjson.JSONDecodeError) as error:
            raise self._damaged(path) from error
        if not isinstance(data, dict) or not isinstance(data.get("cursor"), dict):
            raise self._damaged(path)
        return cast(Cursor, data["cursor"])

    def save(self, name: str, cursor: Cursor) -> None:
        """Store the cursor, durably once this returns; a crash leaves the old or the new one. Raises OSError."""
        replace(self._folder / f"{name}.json", orjson.dumps({"version": 1, "cursor": cursor}))

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        """Hold the source alone while the block runs. Raises SourceError when another process holds it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / f"{name}.lock").open("wb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise SourceError(
                    "locked", f"source {name} is being read by another `collect` on {self._folder}; end that one first"
                ) from error
            yield

    def _damaged(self, path: Path) -> SourceError:
        return SourceError(
            "cursor",
            f"{path} is not readable; remove it to read the source anew (what was sent before has the same ids)",
        )
