"""How panels look: colours of the grades, thresholds, columns, links. No text of a panel lives here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
)

from opinion_stream.models.base import Grade, Nature
from opinion_stream.models.task import TaskState
from opinion_stream.topics import TOPICS, Stage

RED: Final = "#E02F44"
ORANGE: Final = "#FF780A"
YELLOW: Final = "#F2CC0C"
BLUE: Final = "#3274D9"
GREEN: Final = "#37872D"
GREY: Final = "#8E8E8E"
CALM: Final = "transparent"

GRADE_COLOURS: Final[Mapping[Grade, str]] = {Grade.I: RED, Grade.II: ORANGE, Grade.III: YELLOW, Grade.IV: BLUE}
"""The four colours of the national emergency scale."""
NATURE_COLOURS: Final[Mapping[Nature, str]] = {
    Nature.SERIOUS_PROBLEM: RED,
    Nature.UNVERIFIED_CLAIM: "#A352CC",
    Nature.MISUNDERSTANDING: "#FF9830",
    Nature.DIFFICULTY: YELLOW,
    Nature.SUGGESTION: BLUE,
    Nature.ENQUIRY: "#73BF69",
    Nature.THANKS: GREEN,
    Nature.OTHER: GREY,
}
DIRECTION_COLOURS: Final[Mapping[str, str]] = {"上升": RED, "平稳": GREY, "回落": GREEN}

STAGE_NAMES: Final[Mapping[str, str]] = {stage.value: stage.label for stage in Stage}
TOPIC_NAMES: Final[Mapping[str, str]] = {topic.name: topic.label for topic in TOPICS}
STATE_NAMES: Final[Mapping[str, str]] = {state.value: state.label for state in TaskState}
LEVEL_NAMES: Final[Mapping[str, str]] = {"reminder": "提醒", "missed": "督办", "second": "再次督办", "other": "其他"}

DUTY, SITUATION, RESPONSE, PIPELINE = "opinion-duty", "opinion-situation", "opinion-response", "opinion-pipeline"
"""The dashboards' uids: part of their addresses, so they never change."""


@dataclass(frozen=True)
class Link:
    """From a column to another dashboard (with the values of hidden columns as its variables) or to an address."""

    column: str
    title: str
    uid: str = ""
    variables: tuple[tuple[str, str], ...] = ()
    """(variable, column) pairs."""

    def url(self) -> str:
        """The address, as Grafana's data links take it."""
        if not self.uid:
            return "${__data.fields.url}"
        own = "".join(f"&var-{name}=${{__data.fields.{column}:percentencode}}" for name, column in self.variables)
        return f"/d/{self.uid}?${{__url_time_range}}{own}"


def steps(*pairs: tuple[float, str], base: str = GREEN) -> ThresholdsConfig:
    """`base` below the first (value, colour) pair, then each colour from its value on."""
    found = [Threshold(None, base), *(Threshold(value, colour) for value, colour in pairs)]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(found)


def by_thresholds() -> FieldColor:
    """The thresholds colour the value."""
    return FieldColor().mode(FieldColorModeId.THRESHOLDS)


def palette() -> FieldColor:
    """Each name its colour, the same in all panels."""
    return FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME)


def fixed(colour: str) -> list[DynamicConfigValue]:
    """A series always of this colour."""
    return [DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour})]


def named(name: str) -> list[DynamicConfigValue]:
    """A series whose label value is shown by its Chinese name."""
    return [DynamicConfigValue("displayName", name)]


def hidden() -> list[DynamicConfigValue]:
    """A column that links need, but nobody reads."""
    return [DynamicConfigValue("custom.hidden", True)]


def unit(name: str, decimals: int = 0) -> list[DynamicConfigValue]:
    """A column's unit."""
    return [DynamicConfigValue("unit", name), DynamicConfigValue("decimals", decimals)]


def width(pixels: int) -> list[DynamicConfigValue]:
    """A column's width."""
    return [DynamicConfigValue("custom.width", pixels)]


def painted(colours: Mapping[str, str]) -> list[DynamicConfigValue]:
    """A column whose texts have colours of their own."""
    options = {text: {"color": colour, "index": n} for n, (text, colour) in enumerate(colours.items())}
    return [
        DynamicConfigValue("mappings", [{"type": "value", "options": options}]),
        DynamicConfigValue("custom.cellOptions", {"type": "color-background", "mode": "basic"}),
    ]


def graded() -> list[DynamicConfigValue]:
    """A column of grades by their Chinese names."""
    return [*painted({grade.label: colour for grade, colour in GRADE_COLOURS.items()}), *width(150)]


def scaled(*pairs: tuple[float, str], base: str = CALM, name: str = "", decimals: int = 0) -> list[DynamicConfigValue]:
    """A column whose numbers are coloured by thresholds."""
    found = [{"value": None, "color": base}, *({"value": value, "color": colour} for value, colour in pairs)]
    cells = {"type": "color-background", "mode": "basic"}
    return [
        DynamicConfigValue("thresholds", {"mode": "absolute", "steps": found}),
        DynamicConfigValue("custom.cellOptions", cells),
        *(unit(name, decimals) if name else ()),
    ]


def linked(links: Sequence[Link]) -> list[DynamicConfigValue]:
    """The links of one column."""
    found = [{"title": link.title, "url": link.url(), "targetBlank": not link.uid} for link in links]
    return [DynamicConfigValue("links", found)]
