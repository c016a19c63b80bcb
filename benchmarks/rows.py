"""One line of the table of bars: `row` prints it and hands it to `table.py`; `render` sets the lines as a table."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROWS_FILE = "OPINION_BENCH_ROWS"
"""Environment variable: the file (JSON Lines) to which every row is appended."""


@dataclass(frozen=True)
class Row:
    """What was measured, by the simplest honest method and by ours; `reached` is None where no bar stands."""

    what: str
    ours: str
    bar: str = "-"
    reached: bool | None = None
    simplest: str = "-"

    def cells(self) -> tuple[str, ...]:
        """What stands in the columns of `HEAD`."""
        reached = {None: "-", True: "yes", False: "NO"}[self.reached]
        return self.what, self.simplest, self.ours, self.bar, reached


HEAD = ("what", "simplest method", "ours", "bar", "reached")


def row(what: str, ours: str, bar: str = "-", reached: object = None, simplest: str = "-") -> None:
    """Print one figure beside its bar, and append it to the file that `OPINION_BENCH_ROWS` names."""
    line = Row(what, ours, bar, None if reached is None else bool(reached), simplest)
    print("bar: " + " | ".join(line.cells()), flush=True)
    if path := os.environ.get(ROWS_FILE):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(line), ensure_ascii=False) + "\n")


def read_rows(path: Path) -> list[Row]:
    """The rows that were appended to a file; none if there is no such file."""
    if not path.is_file():
        return []
    return [Row(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def render(rows: Sequence[Row], markdown: bool = False) -> str:
    """The rows under the head: columns of even width, or a Markdown table."""
    lines = [HEAD, *(each.cells() for each in rows)]
    if markdown:
        escaped = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
        return "\n".join([escaped[0], "|" + "---|" * len(HEAD), *escaped[1:]])
    widths = [max(len(line[k]) for line in lines) for k in range(len(HEAD))]
    plain = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([plain[0], "  ".join("-" * width for width in widths), *plain[1:]])
