"""The tree of regions as the judgement uses it: who lies in whom, the common parent, the shard of a region."""

from __future__ import annotations

from collections.abc import Iterable

from opinion_stream.models.base import RegionRef
from opinion_stream.policy.loader import Policy
from opinion_stream.policy.places import Region, RegionLevel

_ORDER = list(RegionLevel)


class Places:
    """Lookups over the regions of a policy. Codes go in and out; an unknown code raises KeyError."""

    def __init__(self, policy: Policy) -> None:
        self._regions: dict[str, Region] = {r.code: r for r in policy.regions.regions}
        self._refs = {r.code: RegionRef(code=r.code, name=r.name) for r in policy.regions.regions}
        self._lines = {code: self._line(code) for code in self._regions}
        self._counties = {code: self._first_of(code, RegionLevel.COUNTY) for code in self._regions}
        self._shards = {code: self._first_of(code, policy.incidents.shard_level) for code in self._regions}
        self._near: dict[str, frozenset[str]] = {}
        self.home = policy.jurisdiction.region
        """Code of the jurisdiction's own region."""

    def _line(self, code: str) -> tuple[str, ...]:
        line: list[str] = []
        at: str | None = code
        while at is not None and at not in line:
            line.append(at)
            at = self._regions[at].parent
        return tuple(line)

    def knows(self, code: str) -> bool:
        """Whether the policy has a region of that code."""
        return code in self._regions

    def region(self, code: str) -> Region:
        """The region of that code."""
        return self._regions[code]

    def ref(self, code: str) -> RegionRef:
        """Code and name, as they travel on the wire."""
        return self._refs[code]

    def line(self, code: str) -> tuple[str, ...]:
        """The region itself, its parent, and so on up to the root."""
        return self._lines[code]

    def is_within(self, code: str, of: str) -> bool:
        """Whether `code` is the region `of` or lies in it."""
        return of in self._lines[code]

    def county(self, code: str) -> str:
        """The nearest region on the line of `code` that is a county or above one."""
        return self._counties[code]

    def _first_of(self, code: str, level: RegionLevel) -> str:
        for at in self._lines[code]:
            if _ORDER.index(self._regions[at].level) <= _ORDER.index(level):
                return at
        return code

    def common_parent(self, codes: Iterable[str]) -> str:
        """The lowest region that holds all of `codes` (at least one); the jurisdiction where there is none."""
        lines = [self._lines[code] for code in codes]
        for at in lines[0]:
            if all(at in line for line in lines):
                return at
        return self.home

    def shard(self, code: str) -> str:
        """Code of the shard of incidents that a region's mentions belong to (`shard_level` of incidents.yaml).

        Mentions are grouped within one shard and never across two, so this is the key of the topic in
        front of the incidents: wherever a shard is processed, the same incidents come out.
        """
        return self._shards[code]

    def compatible(self, one: str, other: str) -> bool:
        """Whether two regions may mean the same place: equal, or one lies in the other."""
        return one in self._lines[other] or other in self._lines[one]

    def near(self, code: str) -> frozenset[str]:
        """All regions that are `compatible` with a region."""
        near = self._near.get(code)
        if near is None:
            near = self._near[code] = frozenset(other for other in self._lines if self.compatible(code, other))
        return near
