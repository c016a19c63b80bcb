"""Which other bodies a draft names: each must confirm it before it is reviewed (沟通确认, seed 二（五）)."""

from __future__ import annotations

from opinion_stream.domain.assessment.lexicon import Lexicon, WordSet
from opinion_stream.models.base import UnitRef
from opinion_stream.policy import Policy


def named_units(text: str, policy: Policy, own: str) -> tuple[UnitRef, ...]:
    """The units of `units.yaml` that `text` calls by name or alias, in that file's order, but for that of code `own`.

    The longest name at a place counts. A common word that is a unit's alias (公安机关) names that unit too: who
    writes about the work of others asks them. Source: seed 二（五），涉及其他行政机关的，应与有关行政机关沟通确认.
    """
    codes = {word: unit.code for unit in policy.units.units for word in (unit.name, *unit.aliases)}
    found = {codes[word] for _, word in Lexicon(codes).scan(text).longest(WordSet(codes))}
    return tuple(
        UnitRef(code=unit.code, name=unit.name)
        for unit in policy.units.units
        if unit.code in found and unit.code != own
    )


def asked_units(named: tuple[UnitRef, ...], consulted: tuple[UnitRef, ...]) -> tuple[UnitRef, ...]:
    """Both together, each once: the bodies whose confirmation a draft needs."""
    return tuple({unit.code: unit for unit in (*named, *consulted)}.values())
