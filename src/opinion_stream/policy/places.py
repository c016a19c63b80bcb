"""Jurisdiction, regions and units: who is where, and who is in charge of what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import StrEnum
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from opinion_stream.policy.base import Code, PolicyModel, Word


class Jurisdiction(PolicyModel):
    """`jurisdiction.yaml`: what this installation serves."""

    name: str
    timezone: str
    region: Code
    """Code of the region of the whole jurisdiction; a matter without a place belongs to it."""
    office: Code
    """Code of the unit that runs the system and takes what no unit is in charge of."""

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError) as error:
            raise ValueError(f"unknown time zone {value!r}; use a name such as Asia/Shanghai") from error
        return value


class RegionLevel(StrEnum):
    """Administrative levels."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWNSHIP = "township"


class Region(PolicyModel):
    """A region. `aliases` are its usual short names; `ambiguous` ones count only beside another sign
    of the same county (its name, or another place in it). A name that several places bear is listed
    there too, and is then ambiguous itself."""

    code: Code
    name: Word
    level: RegionLevel
    parent: Code | None = None
    aliases: tuple[Word, ...] = ()
    ambiguous: tuple[Word, ...] = ()


class Regions(PolicyModel):
    """`regions.yaml`."""

    regions: tuple[Region, ...] = Field(min_length=1)


class Unit(PolicyModel):
    """A unit that can be in charge. `aliases` are the names people use; `region` is where it is competent."""

    code: Code
    name: Word
    level: RegionLevel
    region: Code
    aliases: tuple[Word, ...] = ()
    duties: str = ""


class Units(PolicyModel):
    """`units.yaml`."""

    units: tuple[Unit, ...] = Field(min_length=1)


def shared_names(places: Iterable[Region | Unit]) -> Iterator[str]:
    """One line for each name that two places (or two units) bear without saying that it is ambiguous."""
    bearers: dict[str, set[str]] = defaultdict(set)
    for place in places:
        unclear = place.ambiguous if isinstance(place, Region) else ()
        for name in {place.name, *place.aliases} - set(unclear):
            bearers[name].add(place.code)
    for name, codes in bearers.items():
        if len(codes) > 1:
            yield f"{name!r} is a name of {' and of '.join(sorted(codes))}; nobody can tell which is meant"


def parents_in_a_circle(regions: Iterable[Region]) -> Iterator[str]:
    """The code of each region that is, by way of its parents, above itself."""
    parent = {r.code: r.parent for r in regions}
    for code in parent:
        above, steps = parent[code], 0
        while above is not None and above != code and steps < len(parent):
            above, steps = parent.get(above), steps + 1
        if above == code:
            yield code
