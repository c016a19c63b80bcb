"""What was told of each source, kept beside its cursor, so that a restart tells nothing twice."""

from __future__ import annotations

from pathlib import Path

import structlog
from pydantic import ValidationError

from opinion_stream.adapters.whole_file import replace
from opinion_stream.domain.sources.standing import Standing

log = structlog.get_logger("opinion_stream.collect")


class StandingStore:
    """Files `<folder>/<source>.health.json`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, source: str) -> Standing:
        """What was kept; empty for a new source, or if the file is damaged (then a fault is told again)."""
        try:
            return Standing.model_validate_json(self._path(source).read_bytes())
        except FileNotFoundError:
            return Standing()
        except (OSError, ValidationError) as error:
            log.error("source standing not readable", source=source, error=type(error).__name__)
            return Standing()

    def save(self, source: str, standing: Standing) -> None:
        """Keep it; a crash leaves the old or the new one. Raises OSError."""
        replace(self._path(source), standing.to_bytes())

    def _path(self, source: str) -> Path:
        return self._folder / f"{source}.health.json"
