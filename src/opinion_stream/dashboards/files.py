"""The committed dashboards: written from the code, and held against it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from opinion_stream.dashboards import duty, pipeline, response, situation
from opinion_stream.dashboards.linting import exceptions

FOLDER: Final = Path("deploy/grafana/dashboards")


def texts() -> Iterator[tuple[str, str]]:
    """File name and text of each dashboard, and the linter's exceptions."""
    boards = [module.build().build() for module in (duty, situation, response, pipeline)]
    for board in boards:
        yield f"{board.uid}.json", _text(board)
    yield ".lint", exceptions([json.loads(_text(board)) for board in boards])


def _text(board: Dashboard) -> str:
    for number, panel in enumerate(board.panels or [], 1):
        panel.id_val = number
    return json.dumps(board, cls=JSONEncoder, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def write(folder: Path = FOLDER) -> list[Path]:
    """Write all; the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in texts():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def differing(folder: Path = FOLDER) -> list[str]:
    """Names of files that are not what the code builds: changed by hand, missing, or no longer built."""
    built = dict(texts())
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    return sorted(name for name in built.keys() | there.keys() if built.get(name) != there.get(name))
