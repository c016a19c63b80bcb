"""From a cascade and a window to its expected final count, with an 80 % interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from opinion_stream.domain.forecast.circadian import Activity
from opinion_stream.domain.forecast.features import Features, few_features, many_features
from opinion_stream.domain.forecast.parameters import MANY, After, ForecastParameters, Line, Weights

CLIP = 3.0
"""A value beyond three scales counts as three, so that an odd cascade cannot send a forecast to the skies."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Final count of reposts: `seen` <= `low` <= `predicted` <= `high`. `beyond`: `seen` exceeds the fit."""

    seen: int
    predicted: int
    low: int
    high: int
    beyond: bool


def inside(reposts: Sequence[float], after: After) -> list[float]:
    """The reposts of the window, ascending: the only ones that anything here looks at."""
    return sorted(at for at in reposts if at <= after.seconds)


def features_of(
    published_at: datetime, reposts: Sequence[float], after: After, profile: Sequence[float], utc_offset_minutes: int
) -> Features:
    """The features that the forecast of this window uses. `published_at` is aware; `reposts` are seconds >= 0."""
    seen = inside(reposts, after)
    activity = Activity(profile, published_at, utc_offset_minutes)
    return (many_features if len(seen) >= MANY else few_features)(seen, after.seconds, activity)


def forecast(
    published_at: datetime, reposts: Sequence[float], after: After, parameters: ForecastParameters
) -> Forecast:
    """The final count of the cascade, told from the reposts of the first 1, 3 or 6 hours.

    `published_at`: aware datetime. `reposts`: seconds after it, >= 0, any order; later ones change nothing.
    Never below the count so far. Cascades far larger than those of the fit are carried over in proportion, which is a
    guess: `beyond` says so.
    """
    seen = len(inside(reposts, after))
    lines = parameters.windows[after]
    line = lines.many if seen >= MANY else lines.few
    found = features_of(published_at, reposts, after, parameters.profile, parameters.utc_offset_minutes)
    middle, low, high = (max(seen, max(seen, 1) * math.exp(value)) for value in _growth(line, found))
    predicted = round(middle)
    return Forecast(
        seen=seen,
        predicted=predicted,
        low=min(predicted, math.floor(low)),
        high=max(predicted, math.ceil(high)),
        beyond=seen > line.largest,
    )


def scaled(value: float, centre: float, scale: float, power: int) -> float:
    """The value as a line sees it: standardised, held within ±3, raised to the power."""
    z = (value - centre) / scale
    return float(max(-CLIP, min(CLIP, z)) ** power)


def _growth(line: Line, found: Features) -> tuple[float, float, float]:
    weighted: list[tuple[float, Weights]] = [(1.0, line.intercept)]
    weighted += [(scaled(found[term.feature], term.centre, term.scale, term.power), term) for term in line.terms]
    return (
        sum(z * weights.predicted for z, weights in weighted),
        sum(z * weights.low for z, weights in weighted),
        sum(z * weights.high for z, weights in weighted),
    )
