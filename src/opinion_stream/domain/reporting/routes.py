"""Who must know of an incident: the policy's routes applied to one snapshot of it."""

from __future__ import annotations

from collections.abc import Iterator

from opinion_stream.models.base import UnitRef
from opinion_stream.models.escalation import Recipient
from opinion_stream.models.incident import Incident
from opinion_stream.policy import Policy
from opinion_stream.policy.handling import Route
from opinion_stream.policy.places import RegionLevel


def recipients(incident: Incident, policy: Policy) -> list[tuple[Route, Recipient]]:
    """The first addressees of `incident`, each with the route that names it, in the order of `routes.yaml`.

    A unit and role named by several routes is listed once, by the first of them. Empty: nobody must know.
    Source: seed 二（三）归口报送, to bodies of the own level and above; 一（二）谁主管、谁负责 for `lead` and `co`.
    """
    found: dict[tuple[str, str], tuple[Route, Recipient]] = {}
    for route in policy.routes.routes:
        if not _applies(route, incident):
            continue
        for unit, level in _units(route, incident, policy):
            recipient = addressee(policy, unit, route.role, level)
            found.setdefault((unit.code, route.role), (route, recipient))
    return list(found.values())


def addressee(policy: Policy, unit: UnitRef, role: str, level: str) -> Recipient:
    """The recipient `role` in `unit`, with the channel by which the policy reaches that role."""
    return Recipient(unit=unit, role=role, channel=policy.routes.roles[role].channel, level=level)


def _applies(route: Route, incident: Incident) -> bool:
    return (
        incident.grade in route.grades
        and (not route.categories or incident.category in route.categories)
        and (not route.natures or incident.nature in route.natures)
        and (incident.response_required or not route.only_if_response_required)
    )


def _units(route: Route, incident: Incident, policy: Policy) -> Iterator[tuple[UnitRef, str]]:
    if route.to == "lead":
        yield incident.unit, "lead"
    elif route.to == "co":
        yield from ((unit, "co") for unit in incident.co_units)
    else:
        unit = policy.unit(route.to)
        levels = list(RegionLevel)
        own = policy.region(policy.jurisdiction.region).level
        above = levels.index(unit.level) < levels.index(own)
        yield UnitRef(code=unit.code, name=unit.name), "above" if above else "own"
