"""What came of each poll, kept beside the cursors: a bounded file of outcomes per source."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from opinion_stream.adapters.whole_file import replace
from opinion_stream.domain.sources.folding import FOLDED, KEPT, shortened
from opinion_stream.models.source import PollOutcome


class PollJournal:
    """A `SourceLog` in files `<folder>/<source>.polls.jsonl`, one outcome a line, oldest first."""

    def __init__(self, folder: Path, kept: int = KEPT, folded: int = FOLDED) -> None:
        """`kept`, `folded`: see `shortened`."""
        self._folder = folder
        self._kept = kept
        self._folded = folded
        self._lines: dict[str, int] = {}

    def record(self, outcome: PollOutcome) -> None:
        """Append the outcome; now and then fold and drop the oldest. Raises OSError."""
        path = self._path(outcome.source)
        if outcome.source not in self._lines:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lines[outcome.source] = sum(1 for _ in self._read(path))
        with path.open("ab") as file:
            file.write(outcome.to_bytes() + b"\n")
        self._lines[outcome.source] += 1
        if self._lines[outcome.source] >= self._folded + 2 * self._kept:
            self._shorten(outcome.source, path)

    def outcomes(self, source: str) -> list[PollOutcome]:
        """The last outcomes, oldest first; [] for a source never polled. A line cut by a crash is passed over."""
        found: list[PollOutcome] = []
        for line in self._read(self._path(source)):
            try:
                found.append(PollOutcome.model_validate_json(line))
            except ValidationError:
                continue
        return found

    def _shorten(self, source: str, path: Path) -> None:
        left = shortened(self.outcomes(source), self._kept, self._folded)
        replace(path, b"".join(outcome.to_bytes() + b"\n" for outcome in left))
        self._lines[source] = len(left)

    def _read(self, path: Path) -> Iterator[bytes]:
        try:
            with path.open("rb") as file:
                yield from file
        except FileNotFoundError:
            return

    def _path(self, source: str) -> Path:
        return self._folder / f"{source}.polls.jsonl"
