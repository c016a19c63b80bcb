"""Weighted sets: their strongest entries, in an order that does not depend on how the set was built, and their sums."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from opinion_stream.native import native


def plain_strongest(weights: Mapping[str, float], count: int) -> dict[str, float]:
    """`strongest` in Python."""
    if len(weights) == 1:
        return dict(weights)
    least = sorted(weights.values())[-count] if len(weights) > count else None  # floats alone sort fastest
    ranked = [(-weight, name) for name, weight in weights.items() if least is None or weight >= least]
    ranked.sort()
    return {name: -weight for weight, name in ranked[:count]}


def plain_add_weights(sums: dict[str, float], weights: Mapping[str, float]) -> None:
    """`add_weights` in Python."""
    for name, weight in weights.items():
        known = sums.get(name)
        # By way of whole numbers: `round` goes by way of text and takes four times as long.
        sums[name] = weight if known is None else int((known + weight) * 10_000 + 0.5) / 10_000


_native = native("terms")
_strongest = cast(
    "Callable[[Mapping[str, float], int], dict[str, float]]", _native.strongest if _native else plain_strongest
)
_add_weights = cast(
    "Callable[[dict[str, float], Mapping[str, float]], None]", _native.add_weights if _native else plain_add_weights
)


def strongest(weights: Mapping[str, float], count: int) -> dict[str, float]:
    """The `count` heaviest entries (at least one is asked for), heaviest first, equal ones by name."""
    return _strongest(weights, count)


def add_weights(sums: dict[str, float], weights: Mapping[str, float]) -> None:
    """Add weights of four digits to their sums, which stay of four digits. Two different dicts, weights >= 0."""
    _add_weights(sums, weights)
