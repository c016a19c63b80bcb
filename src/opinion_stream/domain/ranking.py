"""The strongest entries of a weighted set, in an order that does not depend on how the set was built."""

from __future__ import annotations

from collections.abc import Mapping


def strongest(weights: Mapping[str, float], count: int) -> dict[str, float]:
    """The `count` heaviest entries (at least one is asked for), heaviest first, equal ones by name."""
    if len(weights) == 1:
        return dict(weights)
    least = sorted(weights.values())[-count] if len(weights) > count else None  # floats alone sort fastest
    ranked = [(-weight, name) for name, weight in weights.items() if least is None or weight >= least]
    ranked.sort()
    return {name: -weight for weight, name in ranked[:count]}
