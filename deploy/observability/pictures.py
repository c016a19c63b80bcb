"""Draws the dashboards from what the proof's servers answered. These are renderings by matplotlib, not screenshots."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import drawing as d
from matplotlib import font_manager
from matplotlib.figure import Figure
from PIL import Image

from opinion_stream.dashboards.reading import boards

ROOT = Path(__file__).parents[2]
FONTS = ("WenQuanYi Micro Hei", "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "PingFang SC", "SimHei")
LARGEST = 300_000
"""Bytes of a picture, at most: they stand in the repository."""
Answers = dict[tuple[str, str, str], dict[str, Any]]
_DRAW: dict[str, Callable[[d.Canvas, d.Box, dict[str, Any], list[dict[str, Any]]], None]] = {
    "stat": d.stat,
    "timeseries": d.curves,
    "table": d.table,
    "bargauge": d.bars,
    "piechart": d.ring,
}


def main() -> int:
    """One picture per dashboard."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / ".opinion-stream" / "observability.json")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    arguments = parser.parse_args()
    if not arguments.data.is_file():
        print(f"{arguments.data} is not there: run `make observability` first", file=sys.stderr)
        return 1
    known = {font.name for font in font_manager.fontManager.ttflist}
    font = next((name for name in FONTS if name in known), None)
    if font is None:
        print(
            "no font with Chinese characters: install one (Debian: apt-get install fonts-wqy-microhei)", file=sys.stderr
        )
        return 3
    found = json.loads(arguments.data.read_text(encoding="utf-8"))["answers"]
    answers = {(a["query"]["board"], a["query"]["title"], a["query"]["ref"]): a for a in found}
    arguments.out.mkdir(parents=True, exist_ok=True)
    for board in boards(ROOT / "deploy" / "grafana" / "dashboards"):
        path = arguments.out / f"{board['uid'].removeprefix('opinion-')}.png"
        _draw(board, answers, font, path)
        size = path.stat().st_size
        print(f"{path.name}: {size // 1024} KB")
        if size > LARGEST:
            print(f"{path}: larger than {LARGEST} bytes", file=sys.stderr)
            return 1
    return 0


def _draw(board: dict[str, Any], answers: Answers, font: str, path: Path) -> None:
    height = max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in board["panels"])
    canvas = d.Canvas(board["title"], board["description"], height, font)
    for mark in board.get("annotations", {}).get("list", []):
        for row in answers[board["uid"], mark["name"], ""]["rows"]:
            canvas.marks.append((datetime.fromisoformat(row[0]).astimezone(d.ZONE), mark["iconColor"]))
    for panel in board["panels"]:
        place = panel["gridPos"]
        if panel["type"] == "row":
            canvas.heading(place["y"], panel["title"])
            continue
        box = canvas.panel(place["x"], place["y"], place["w"], place["h"], panel["title"])
        own = [answers[board["uid"], panel["title"], target["refId"]] for target in panel["targets"]]
        own = [a for a in own if any(v is not None for row in a["rows"] for v in row) or a["series"]]
        if own:
            _DRAW[panel["type"]](canvas, box, panel, own)
        else:
            canvas.nothing(box, panel["fieldConfig"]["defaults"].get("noValue", "没有数据"))
    _save(canvas.figure, path)


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=d.DPI, facecolor=d.BACK)
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(colors=128, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
