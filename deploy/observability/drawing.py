"""Draws panels of the four kinds we use, with the colours, units and thresholds that their JSON names."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import matplotlib.dates as mdates
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.ticker import FuncFormatter, Locator, MaxNLocator, MultipleLocator

DPI = 100
WIDTH, UNIT, GAP, TOP = 1680, 34, 7, 64
BACK, PANEL, EDGE, TEXT, DIM = "#111217", "#181B1F", "#2C3036", "#D8D9DA", "#8E9097"
ZONE = ZoneInfo("Asia/Shanghai")
PALETTE = ("#73BF69", "#F2CC0C", "#5794F2", "#FF9830", "#B877D9", "#37A2B2", "#F2495C", "#8AB8FF", "#C0D8A4", "#E0B400")
Panel, Answer = dict[str, Any], dict[str, Any]


@dataclass(frozen=True)
class Box:
    """A place on the canvas in pixels from the upper left."""

    x: float
    y: float
    w: float
    h: float


class Canvas:
    """One dashboard. Everything is placed in pixels, y downwards."""

    def __init__(self, title: str, about: str, units: int, font: str) -> None:
        self.height = TOP + units * UNIT + 40
        self.font = font
        self.marks: list[tuple[datetime, str]] = []
        self.figure = Figure(figsize=(WIDTH / DPI, self.height / DPI), dpi=DPI)
        self.axes: Axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_xlim(0, WIDTH)
        self.axes.set_ylim(self.height, 0)
        self.axes.axis("off")
        self.text(18, 24, f"政务舆情  /  {title}", 15)
        self.text(18, 48, about, 9, DIM)
        note = "matplotlib 按看板 JSON 和真实查询结果绘制的示意图，不是 Grafana 截图；数据为随附的三天虚构情景"
        self.text(WIDTH - 18, self.height - 14, note, 8, DIM, right=True)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float,
        colour: str = TEXT,
        *,
        right: bool = False,
        centre: bool = False,
    ) -> None:
        """Words at a place; $ is no mathematics."""
        align = "right" if right else "center" if centre else "left"
        self.axes.text(
            x,
            y,
            words.replace("$", r"\$"),
            fontsize=size,
            color=colour,
            ha=align,
            va="center",
            fontfamily=self.font,
            zorder=5,
        )

    def heading(self, y: int, title: str) -> None:
        """The heading of a row."""
        self.bar(Box(16, TOP + y * UNIT + UNIT / 2 - 7, 3, 14), "#5794F2")
        self.text(26, TOP + y * UNIT + UNIT / 2, title, 11)

    def panel(self, x: int, y: int, w: int, h: int, title: str) -> Box:
        """A panel's frame and title; the place left for its content."""
        wide = (WIDTH - 24) / 24
        at = Box(12 + x * wide, TOP + y * UNIT, w * wide - GAP, h * UNIT - GAP)
        self.box(at, PANEL, EDGE)
        self.text(at.x + 10, at.y + 15, shortened(title, (at.w - 16) / 7.2), 9.5)
        return Box(at.x + 8, at.y + 28, at.w - 16, at.h - 36)

    def box(self, at: Box, colour: str, edge: str = "none") -> None:
        """A rectangle with slightly round corners."""
        shape = FancyBboxPatch(
            (at.x, at.y), at.w, at.h, boxstyle="round,pad=0,rounding_size=3", fc=colour, ec=edge, lw=0.8, zorder=1
        )
        self.axes.add_patch(shape)

    def bar(self, at: Box, colour: str, zorder: float = 2) -> None:
        """A plain rectangle."""
        self.axes.add_patch(Rectangle((at.x, at.y), at.w, at.h, fc=colour, ec="none", zorder=zorder))

    def plot(self, at: Box) -> Axes:
        """Axes of their own, in pixels."""
        size = (at.x / WIDTH, 1 - (at.y + at.h) / self.height, at.w / WIDTH, at.h / self.height)
        axes: Axes = self.figure.add_axes(size, facecolor=PANEL)
        for side in axes.spines.values():
            side.set_visible(False)
        axes.tick_params(colors=DIM, labelsize=7.5, length=0)
        axes.grid(color=EDGE, linewidth=0.6)
        return axes

    def nothing(self, at: Box, words: str) -> None:
        """What stands where there is no data."""
        self.text(at.x + at.w / 2, at.y + at.h / 2 - 6, words, 11, DIM, centre=True)


def shown(value: Any, unit: str, decimals: int | None = None) -> str:
    """A number as Grafana writes it with this unit."""
    if value is None:
        return ""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return str(value)
    if math.isnan(value):
        return "–"
    match unit:
        case "percentunit":
            return f"{value * 100:.{decimals or 0}f}%"
        case "bytes":
            for name in ("B", "KiB", "MiB", "GiB"):
                if abs(value) < 1024 or name == "GiB":
                    return f"{value:.{0 if name == 'B' else 1}f} {name}"
                value /= 1024
        case "s" | "dtdurations":
            for name, size in (("天", 86_400), ("小时", 3_600), ("分", 60), ("秒", 1)):
                if abs(value) >= size:
                    return f"{value / size:.3g} {name}"
            return f"{value * 1000:.0f} 毫秒"
    number = f"{value:,.{decimals}f}" if decimals is not None else f"{value:,.3g}" if value < 100 else f"{value:,.0f}"
    return f"{number} {unit.removeprefix('suffix:').strip()}".strip() if unit.startswith("suffix:") else number


def shortened(text: str, wide: float) -> str:
    """So much of a text as fits into a width of half-width letters."""
    used = 0.0
    for n, letter in enumerate(text):
        used += 2 if unicodedata.east_asian_width(letter) in "WF" else 1.05
        if used > wide:
            return text[: max(0, n - 1)] + "…"
    return text


def reached(value: float, steps: list[dict[str, Any]]) -> str:
    """The colour of the last threshold that a value has reached."""
    colour = steps[0]["color"]
    for step in steps[1:]:
        if value >= step["value"]:
            colour = step["color"]
    return str(colour)


def last(answer: Answer) -> float | None:
    """The one number of an answer."""
    if answer["rows"]:
        value = answer["rows"][0][-1]
        return None if value is None else float(value)
    points = [value for _, value in answer["series"][0][1] if not math.isnan(value)]
    return points[-1] if points else None


def stat(canvas: Canvas, at: Box, panel: Panel, answers: list[Answer]) -> None:
    """A large number, coloured by its threshold."""
    looks = panel["fieldConfig"]["defaults"]
    value = last(answers[0])
    if value is None:
        canvas.nothing(at, looks.get("noValue", "没有数据"))
        return
    colour = reached(value, looks["thresholds"]["steps"])
    solid = panel["options"]["colorMode"] == "background" and colour != "transparent"
    if solid:
        canvas.bar(Box(at.x - 8, at.y, at.w + 16, at.h + 8), colour)
    words = shown(value, looks.get("unit", ""), looks.get("decimals"))
    ink = ("#111217" if colour == "#F2CC0C" else "#FFFFFF") if solid else TEXT if colour == "transparent" else colour
    size = min(26, at.w / max(4, sum(2 if ord(c) > 255 else 1.1 for c in words)) * 1.35)
    canvas.text(at.x + at.w / 2, at.y + at.h / 2 + 1, words, size, ink, centre=True)


def _overrides(panel: Panel, what: str) -> dict[str, Any]:
    found = {}
    for override in panel["fieldConfig"]["overrides"]:
        for item in override["properties"]:
            if item["id"] == what:
                found[override["matcher"]["options"]] = item["value"]
    return found


def _series(panel: Panel, answers: list[Answer]) -> list[tuple[str, list[datetime], list[float]]]:
    legends = {target["refId"]: target.get("legendFormat", "") for target in panel["targets"]}
    found = []
    for answer in answers:
        for labels, points in answer["series"]:
            name = legends[answer["query"]["ref"]]
            for label, value in labels.items():
                name = name.replace("{{" + label + "}}", value)
            times = [datetime.fromtimestamp(at, ZONE) for at, _ in points]
            found.append((name, times, [value for _, value in points]))
        by_name: dict[str, list[tuple[datetime, float]]] = {}
        for at, name, value in answer["rows"]:
            by_name.setdefault(name, []).append((datetime.fromisoformat(at).astimezone(ZONE), value))
        found += [(name, [at for at, _ in own], [v for _, v in own]) for name, own in by_name.items()]
    return found


def curves(canvas: Canvas, at: Box, panel: Panel, answers: list[Answer]) -> None:
    """Lines, or stacked columns."""
    looks = panel["fieldConfig"]["defaults"]
    custom = looks.get("custom", {})
    series = _series(panel, answers)
    series.sort(key=lambda one: -sum(v for v in one[2] if not math.isnan(v)))
    colours = {name: value["fixedColor"] for name, value in _overrides(panel, "color").items()}
    names = _overrides(panel, "displayName")
    plot = canvas.plot(Box(at.x + 52, at.y + 4, at.w - 60, at.h - 54))
    bars = custom.get("drawStyle") == "bars"
    bottom: dict[datetime, float] = {}
    used = []
    for n, (name, times, values) in enumerate(series):
        colour = colours.get(name, PALETTE[n % len(PALETTE)])
        used.append((names.get(name, name), colour))
        if bars:
            floors = [bottom.get(t, 0.0) for t in times]
            plot.bar(times, values, width=0.9 / 24, bottom=floors, color=colour, align="edge", linewidth=0)  # type: ignore[arg-type]
            for t, v in zip(times, values, strict=True):
                bottom[t] = bottom.get(t, 0.0) + v
        elif custom.get("stacking", {}).get("mode") == "normal":
            floors = [bottom.get(t, 0.0) for t in times]
            tops = [f + v for f, v in zip(floors, values, strict=True)]
            plot.fill_between(times, floors, tops, color=colour, alpha=0.75, linewidth=0)  # type: ignore[arg-type]
            bottom |= dict(zip(times, tops, strict=True))
        else:
            plot.plot(times, values, color=colour, linewidth=1.6)  # type: ignore[arg-type]
            plot.fill_between(times, values, color=colour, alpha=0.08, linewidth=0)  # type: ignore[arg-type]
    if custom.get("thresholdsStyle", {}).get("mode") == "dashed":
        for step in looks["thresholds"]["steps"][1:]:
            if step["value"] <= (plot.get_ylim()[1] or 1) * 1.5:
                plot.axhline(step["value"], color=step["color"], linestyle="--", linewidth=1)
    plot.set_axisbelow(True)
    if bars:
        for when, colour in canvas.marks:
            plot.axvline(when, color=colour, linestyle="--", linewidth=0.8)  # type: ignore[arg-type]
    plot.set_ylim(bottom=0, top=looks.get("max"))
    unit = looks.get("unit", "")
    short = unit if not unit.startswith("suffix:") else ""
    plot.yaxis.set_major_formatter(FuncFormatter(lambda value, _: shown(value, short)))
    plot.yaxis.set_major_locator(_ticks(unit, plot.get_ylim()[1]))
    plot.xaxis.set_major_locator(mdates.HourLocator(byhour=(0, 12), tz=ZONE) if bars else MaxNLocator(4))
    plot.xaxis.set_major_formatter(mdates.DateFormatter("%m-%d %H时" if bars else "%H:%M:%S", tz=ZONE))
    for label in (*plot.get_xticklabels(), *plot.get_yticklabels()):
        label.set_fontfamily(canvas.font)
    if unit.startswith("suffix:"):
        canvas.text(at.x + 2, at.y + 2, unit.removeprefix("suffix:").strip(), 7.5, DIM)
    _legend(canvas, at, used)


def _ticks(unit: str, most: float) -> Locator:
    round_ones = {
        "s": (0.02, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400, 259_200),
        "bytes": tuple(2.0**n for n in range(40)),
    }
    for step in round_ones.get("s" if unit == "dtdurations" else unit, ()):
        if most / step <= 5:
            return MultipleLocator(step)
    return MaxNLocator(5, integer=unit in ("suffix: 件", "suffix: 个", "suffix: 份", "suffix: 条"))


def _legend(canvas: Canvas, at: Box, used: list[tuple[str, str]]) -> None:
    x, y = at.x + 4, at.y + at.h - 20
    for n, (name, colour) in enumerate(used):
        wide = 26 + sum(11 if ord(c) > 255 else 6 for c in name)
        if x + wide > at.x + at.w:
            if y > at.y + at.h - 12:
                canvas.text(x, y, f"等 {len(used) - n} 项", 8, DIM)
                return
            x, y = at.x + 4, y + 16
        canvas.bar(Box(x, y - 2, 12, 4), colour)
        canvas.text(x + 16, y, name, 8)
        x += wide


def bars(canvas: Canvas, at: Box, panel: Panel, answers: list[Answer]) -> None:
    """Horizontal bars."""
    looks = panel["fieldConfig"]["defaults"]
    legend = panel["targets"][0].get("legendFormat", "")
    found: list[tuple[str, float]] = [(str(row[0]), float(row[1] or 0)) for row in answers[0]["rows"]]
    for labels, points in answers[0]["series"]:
        name = legend
        for label, value in labels.items():
            name = name.replace("{{" + label + "}}", value)
        found.append((_overrides(panel, "displayName").get(name, name), points[-1][1]))
    most = looks.get("max") or max((value for _, value in found), default=1) or 1
    height = min(30.0, at.h / max(1, len(found)))
    for n, (name, value) in enumerate(found[: int(at.h // 18)]):
        y = at.y + n * height
        colour = reached(value, looks["thresholds"]["steps"])
        left = min(190.0, at.w * 0.38)
        canvas.text(at.x + left - 8, y + height / 2, shortened(name, left / 6.4), 8.5, right=True)
        canvas.bar(Box(at.x + left, y + 3, at.w - left - 76, height - 6), "#22252B")
        canvas.bar(Box(at.x + left, y + 3, (at.w - left - 76) * min(1, value / most), height - 6), colour, 3)
        words = shown(round(value, 2), looks.get("unit", ""), 0 if value >= 1 or not value else 2)
        canvas.text(at.x + at.w - 4, y + height / 2, words, 9, colour if colour != "transparent" else TEXT, right=True)


def ring(canvas: Canvas, at: Box, panel: Panel, answers: list[Answer]) -> None:
    """A ring with its legend."""
    parts = [(str(row[0]), float(row[1])) for row in answers[0]["rows"]]
    whole = sum(value for _, value in parts) or 1
    colours = {name: value["fixedColor"] for name, value in _overrides(panel, "color").items()}
    size = min(at.h, at.w * 0.5)
    plot = canvas.plot(Box(at.x, at.y + (at.h - size) / 2, size, size))
    chosen = [colours.get(name, PALETTE[n % len(PALETTE)]) for n, (name, _) in enumerate(parts)]
    edges = {"width": 0.42, "edgecolor": PANEL}
    plot.pie([value for _, value in parts], colors=chosen, startangle=90, counterclock=False, wedgeprops=edges)
    for n, ((name, value), colour) in enumerate(zip(parts, chosen, strict=True)):
        y = at.y + at.h / 2 + (n - (len(parts) - 1) / 2) * 22
        canvas.bar(Box(at.x + size + 14, y - 5, 10, 10), colour)
        canvas.text(at.x + size + 30, y, shortened(name, 18), 8.5)
        canvas.text(at.x + at.w - 4, y, f"{value:,.0f} 条  {value / whole:.0%}", 8.5, right=True)


def table(canvas: Canvas, at: Box, panel: Panel, answers: list[Answer]) -> None:
    """Rows with coloured cells, as many as fit."""
    answer = answers[0]
    looks: dict[str, dict[str, Any]] = {}
    for override in panel["fieldConfig"]["overrides"]:
        own = looks.setdefault(override["matcher"]["options"], {})
        own |= {item["id"]: item["value"] for item in override["properties"]}
    columns = [(n, name) for n, name in enumerate(answer["columns"]) if not looks.get(name, {}).get("custom.hidden")]
    line, room = 24.0, at.h
    fit = int(room // line) - 1
    rows = answer["rows"][: fit - (1 if len(answer["rows"]) > fit else 0)]
    texts = [[_cell(row[n], looks.get(name, {})) for n, name in columns] for row in rows]
    wants = []
    for k, (_, name) in enumerate(columns):
        fixed = looks.get(name, {}).get("custom.width")
        longest = max([_wide(name), *(_wide(text[k]) for text in texts)])
        wants.append(min(float(fixed or 10_000), longest * 6.4 + 18))
    scale = at.w / sum(wants)
    if scale < 1:  # what is long gives way first
        spare = sum(want for want in wants if want > 160) or 1
        less = sum(wants) - at.w
        wants = [max(80.0, want - less * want / spare) if want > 160 else want for want in wants]
        scale = min(1.0, at.w / sum(wants))
    widths = [want * min(scale, 1.6) for want in wants]
    x = at.x
    for k, (n, name) in enumerate(columns):
        look = looks.get(name, {})
        canvas.text(x + 6, at.y + line / 2, shortened(name, widths[k] / 6.2), 8.5, "#6E9FFF")
        for r, row in enumerate(rows):
            y = at.y + (r + 1) * line
            colour = _paint(row[n], look)
            if colour:
                canvas.bar(Box(x + 1, y + 2, widths[k] - 2, line - 4), colour)
            ink = "#FFFFFF" if colour and colour != "#F2CC0C" else "#111217" if colour else TEXT
            if not colour and look.get("links"):
                ink = "#8AB8FF"
            canvas.text(x + 6, y + line / 2, shortened(texts[r][k], (widths[k] - 10) / 6.2), 8.5, ink)
        x += widths[k]
    for r in range(len(rows) + 1):
        canvas.bar(Box(at.x, at.y + (r + 1) * line - 0.5, at.w, 0.7), EDGE)
    if len(answer["rows"]) > len(rows):
        left = f"… 另有 {len(answer['rows']) - len(rows)} 行"
        canvas.text(at.x + 6, at.y + (len(rows) + 1.5) * line, left, 8.5, DIM)


def _wide(text: str) -> float:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1.05 for c in text)


def _cell(value: Any, look: dict[str, Any]) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and len(value) >= 19 and value[4:5] == "-" and value[10:11] == "T":
        return f"{datetime.fromisoformat(value).astimezone(ZONE):%m-%d %H:%M}"
    return shown(value, look.get("unit", ""), look.get("decimals", 0 if isinstance(value, int) else 1)).replace(
        "\n", " "
    )


def _paint(value: Any, look: dict[str, Any]) -> str:
    if "mappings" in look:
        options = look["mappings"][0]["options"]
        return str(options[value]["color"]) if value in options else ""
    if "thresholds" in look and isinstance(value, int | float):
        colour = reached(value, look["thresholds"]["steps"])
        return "" if colour == "transparent" else colour
    return ""
