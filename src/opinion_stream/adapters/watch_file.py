"""The file of watch rules, looked at now and then, so that a change is taken up without a restart."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import structlog

from opinion_stream.domain.collection.watch.watcher import Watcher
from opinion_stream.errors import PolicyError
from opinion_stream.policy.loader import load_watch
from opinion_stream.policy.watch import Watch

log = structlog.get_logger(__name__)

Outcome = Literal["same", "taken", "refused"]


class WatchFile:
    """Call it for the rules in force. Looks at the file at most every `every` seconds of the clock `now`.

    A file that cannot be read or is wrong is refused: it is logged once with all its problems, and the rules stay as
    they were. `told` hears of every changed file: `same` (only comments or layout differ), `taken` or `refused`.
    """

    def __init__(
        self,
        path: Path,
        rules: Watch,
        *,
        every: float = 3.0,
        now: Callable[[], float] = time.monotonic,
        told: Callable[[Outcome], None] = lambda outcome: None,
    ) -> None:
        self._path = path
        self._every = every
        self._now = now
        self._told = told
        self._watcher = Watcher(rules)
        self._digest: bytes | None = None
        self._looked = -float("inf")

    @property
    def version(self) -> str:
        """Of the rules in force; when `told` hears of `taken` it is the new one."""
        return self._watcher.version

    def __call__(self) -> Watcher:
        """The rules in force."""
        if self._now() - self._looked >= self._every:
            self._looked = self._now()
            if self._changed():
                self._take_up()
        return self._watcher

    def _changed(self) -> bool:
        # By content and not by time and size, which a second change within one tick of the clock may leave as they
        # were; a file of rules is small.
        try:
            digest = hashlib.blake2b(self._path.read_bytes()).digest()
        except OSError:
            digest = b"unreadable"
        changed = digest != self._digest
        self._digest = digest
        return changed

    def _take_up(self) -> None:
        before = self._watcher.version
        try:
            watcher = Watcher(load_watch(self._path))
        except PolicyError as error:
            self._refuse(error.problems, before)
            return
        except OSError as error:
            self._refuse([f"{self._path}: cannot be read: {error.strerror}"], before)
            return
        if watcher.version == before:
            self._told("same")
            return
        self._watcher = watcher
        log.info("watch_rules_taken", version=watcher.version, before=before, rules=len(watcher.rules.priority))
        self._told("taken")

    def _refuse(self, problems: list[str], version: str) -> None:
        log.error("watch_rules_refused", problems=problems, version_in_force=version)
        self._told("refused")
