"""The fitted parameters of the forecast (`parameters.json`): readable rows, written by benchmarks/fit_forecast.py."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MANY = 20
"""From this many reposts inside the window on, the shape of the cascade is used."""


class After(StrEnum):
    """The windows that parameters are fitted for."""

    H1 = "1h"
    H3 = "3h"
    H6 = "6h"

    @property
    def seconds(self) -> float:
        """Length of the window."""
        return 3600.0 * int(self.value[:-1])


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Weights(_Frozen):
    """What one unit of a term adds to log(final count / count so far): for the middle and for both ends."""

    predicted: float
    low: float
    high: float


class Term(Weights):
    """One feature: z = (value - centre) / scale, held within ±3; z ** power times the weights."""

    feature: str
    power: Literal[1, 2]
    centre: float
    scale: float = Field(gt=0)


class Line(_Frozen):
    """One log-linear forecast. `largest`: the largest count inside the window it was fitted on."""

    fitted_on: int = Field(gt=0)
    largest: int = Field(ge=0)
    intercept: Weights
    terms: tuple[Term, ...]


class WindowLines(_Frozen):
    """The forecasts of one window: for cascades of at least 20 reposts in it, and for smaller ones."""

    many: Line
    few: Line


class ForecastParameters(_Frozen):
    """The whole file. `profile`: activity of the hours 0-23 of the day at `utc_offset_minutes`, mean 1."""

    note: str
    utc_offset_minutes: int = Field(ge=-840, le=840)
    profile: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=24, max_length=24)]
    windows: dict[After, WindowLines]
