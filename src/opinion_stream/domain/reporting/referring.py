"""Matters that other bodies hand down or across (交办、转办): what becomes of a referral, and what is replied."""

from __future__ import annotations

import hashlib
from datetime import datetime
from zoneinfo import ZoneInfo

from opinion_stream.domain.ids import referral_matter
from opinion_stream.domain.reporting.case import Case
from opinion_stream.domain.reporting.reports import Matter, Referred, Reports
from opinion_stream.errors import Rejected
from opinion_stream.models.base import Grade, RegionRef, UnitRef
from opinion_stream.models.escalation import ReferralRef
from opinion_stream.models.incident import IncidentCounts
from opinion_stream.models.sharing import Referral, ReferralReply, ReplyStatus
from opinion_stream.models.task import PublicResponse
from opinion_stream.policy import Policy

NOTHING_COUNTED = IncidentCounts(mentions=0, copies=0, voices=0, interactions=0, reads=0, media=0)
TEXT_SHOWN = 500
"""Characters of a referral's text that a report of it shows."""


def key_of(referral: Referral | ReferralRef) -> str:
    """What names a referral among those of all bodies."""
    return f"{referral.from_body}/{referral.id}"


def incident_of(referral: Referral) -> str:
    """Id of the matter a referral belongs to: the incident it names, or a matter of its own."""
    return referral.incident_id or referral_matter(referral.from_body, referral.id)


def referred_matter(referral: Referral, policy: Policy) -> Matter:
    """A referred matter that is no incident of ours, as it is reported to the unit in charge.

    Raises Rejected (`invalid_referral`) for a region, category or unit that the policy does not know.
    """
    regions = {region.code: region.name for region in policy.regions.regions}
    units = {unit.code: unit.name for unit in policy.units.units}
    in_charge = {category.name: category.unit for category in policy.categories.categories}
    in_charge[policy.categories.fallback] = policy.categories.fallback_unit
    region = referral.region or policy.jurisdiction.region
    category = referral.category or policy.categories.fallback
    if region not in regions:
        raise Rejected("invalid_referral", "交办件的地区（region）不在 regions.yaml 之中")
    if category not in in_charge:
        raise Rejected("invalid_referral", "交办件的类别（category）不是 categories.yaml 的一级类别")
    unit = referral.unit or in_charge[category]
    if unit not in units:
        raise Rejected("invalid_referral", "交办件的承办单位（unit）不在 units.yaml 之中")
    return Matter(
        version=0,
        region=RegionRef(code=region, name=regions[region]),
        category=category,
        nature=referral.nature,
        title=referral.title,
        grade=Grade.IV,
        counts=NOTHING_COUNTED,
        response_required=True,
        unit=UnitRef(code=unit, name=units[unit]),
        first_at=referral.at,
        status="referred",
    )


def wanted(referral: Referral, zone: ZoneInfo) -> tuple[str, ...]:
    """What a referral asks for, in sentences."""
    due = f"{referral.due_at.astimezone(zone):%Y-%m-%d %H:%M}"
    first = f"{referral.from_body}{referral.kind.label}，要求{due}前办理并反馈"
    text = referral.text.strip()
    return (first, text[:TEXT_SHOWN]) if text else (first,)


def received(case: Case, key: str, unit: UnitRef, at: datetime) -> list[ReferralReply]:
    """What is reported back when the first in the chain of a referral signs for it."""
    referred = case.reports.referrals[key]
    if referred.received:
        return []
    done = referred.model_copy(update={"received": True})
    case.update(referrals={**case.reports.referrals, key: done})
    return replies(case.reports, ReplyStatus.RECEIVED, key, unit, at, only=key)


def answered(reports: Reports, response: PublicResponse, only: str | None = None) -> list[ReferralReply]:
    """What is reported back of a public response."""
    return replies(
        reports,
        ReplyStatus.ANSWERED,
        response.id,
        response.unit,
        response.published_at,
        only,
        text=response.text,
        publication=response.publication,
        url=response.url,
    )


def replies(
    reports: Reports,
    status: ReplyStatus,
    cause: str,
    unit: UnitRef,
    at: datetime,
    only: str | None = None,
    *,
    text: str = "",
    publication: str | None = None,
    url: str | None = None,
    legal_ground: str | None = None,
) -> list[ReferralReply]:
    """What is reported back for each referral of the matter, or for `only` one, because of the record `cause`."""
    return [
        ReferralReply(
            id=f"y-{hashlib.sha256(chr(31).join((name, status, cause)).encode()).hexdigest()[:20]}",
            referral_id=referred.id,
            from_body=referred.body,
            incident_id=reports.incident_id,
            status=status,
            at=at,
            unit=unit,
            in_time=at <= referred.due_at,
            text=text,
            publication=publication,
            url=url,
            legal_ground=legal_ground,
        )
        for name, referred in _of(reports, only)
    ]


def _of(reports: Reports, only: str | None) -> list[tuple[str, Referred]]:
    return [(name, referred) for name, referred in reports.referrals.items() if only in (None, name)]
