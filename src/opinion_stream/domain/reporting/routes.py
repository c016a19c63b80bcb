"""Who must know of a matter: the policy's routes applied to it, and who is on duty for each recipient."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from opinion_stream.domain.duty.roster import Roster
from opinion_stream.domain.places import Places
from opinion_stream.domain.reporting.reports import Matter
from opinion_stream.models.base import UnitRef
from opinion_stream.models.escalation import Recipient
from opinion_stream.policy import Policy
from opinion_stream.policy.handling import Route
from opinion_stream.policy.places import RegionLevel


class Router:
    """Lookups over `routes.yaml`, `units.yaml` and `duty.yaml`; made once per desk."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._places = Places(policy)
        self._roster = Roster(policy.duty, ZoneInfo(policy.jurisdiction.timezone))
        self._units = {unit.code: unit for unit in policy.units.units}
        self._routes = {route.id: route for route in policy.routes.routes}
        self.office = self.unit(policy.jurisdiction.office)

    def recipients(self, matter: Matter, at: datetime) -> list[tuple[Route, Recipient]]:
        """The first addressees of `matter`, each with the route that names it, in the order of `routes.yaml`.

        A unit and role named by several routes is listed once, by the first of them. Empty: nobody must know.
        Source: seed 二（三）归口报送, to bodies of the own level and above; 一（二）谁主管、谁负责 for `lead` and
        `co`, 属地管理 for `regions`; 二（四）多方参与 for `joint`.
        """
        found: dict[tuple[str, str], tuple[Route, Recipient]] = {}
        for route in self._policy.routes.routes:
            if not self._applies(route, matter):
                continue
            for unit, level in self._addressed(route, matter):
                key = unit.code, route.role
                if key not in found:
                    found[key] = route, self.addressee(unit, route.role, level, at)
        return list(found.values())

    def addressee(self, unit: UnitRef, role: str, level: str, at: datetime) -> Recipient:
        """The recipient `role` in `unit`, with the seat that is on duty there at `at` where the roster has a post.

        The roster is ours and says nothing of bodies above.
        """
        post = None if level == "above" else self._roster.post_of(unit.code, role)
        watch = self._roster.who_is_on(post, at, unit.code).on if post is not None else None
        channel = self._policy.routes.roles[role].channel
        if post is None or watch is None:
            return Recipient(unit=unit, role=role, channel=channel, level=level, post=post or "")
        return Recipient(
            unit=unit,
            role=role,
            channel=self._roster.channel(watch.seat) or channel,
            level=level,
            post=post,
            seat=watch.seat,
            contact=self._roster.contact(watch.seat, unit.code),
        )

    def lead_route(self, matter: Matter) -> Route:
        """The route by which the lead unit of `matter` is reached, whether the rules ask for an answer or not.

        The loader sees to it that there is one for every grade.
        """
        to_lead = [r for r in self._policy.routes.routes if r.to == "lead" and matter.grade in r.grades]
        fitting = [r for r in to_lead if self._applies(r, matter)]
        return (fitting or [r for r in to_lead if not (r.categories or r.natures or r.regions)])[0]

    def route(self, name: str) -> Route | None:
        """The route of that id; None if the policy has it no longer."""
        return self._routes.get(name)

    def knows(self, unit: str) -> bool:
        """Whether the policy has a unit of that code."""
        return unit in self._units

    def unit(self, code: str) -> UnitRef:
        """Code and name of a unit, as they travel on the wire. KeyError for an unknown code."""
        return UnitRef(code=code, name=self._units[code].name)

    def shard(self, region: str) -> str:
        """The shard of incidents that a region belongs to; the jurisdiction's for a region unknown by now."""
        known = self._places.knows(region)
        return self._places.shard(region if known else self._places.home)

    def _applies(self, route: Route, matter: Matter) -> bool:
        return (
            matter.grade in route.grades
            and (not route.categories or matter.category in route.categories)
            and (not route.natures or matter.nature in route.natures)
            and (not route.regions or self._within(matter.region.code, route.regions))
            and (matter.response_required or not route.only_if_response_required)
        )

    def _within(self, region: str, wider: tuple[str, ...]) -> bool:
        return self._places.knows(region) and any(self._places.is_within(region, code) for code in wider)

    def _addressed(self, route: Route, matter: Matter) -> Iterator[tuple[UnitRef, str]]:
        if route.to == "lead":
            yield matter.unit, "lead"
        elif route.to == "co":
            yield from ((unit, "co") for unit in matter.co_units)
        else:
            yield self.unit(route.to), self._level(route.to)
        for code in route.joint:
            yield self.unit(code), "joint"

    def _level(self, code: str) -> str:
        levels = list(RegionLevel)
        own = self._policy.region(self._policy.jurisdiction.region).level
        return "above" if levels.index(self._units[code].level) < levels.index(own) else "own"
