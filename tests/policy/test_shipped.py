"""What the shipped policies promise: nobody is left without an addressee, an answer or a source of the rule."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from builders import SMALL_POLICY
from opinion_stream.models.base import Grade, Nature
from opinion_stream.policy import Policy, load_policy
from opinion_stream.policy.handling import Clock
from opinion_stream.policy.places import RegionLevel

ROOT = Path(__file__).resolve().parents[2]
QINGYANG = ROOT / "config"
XIDI = ROOT / "examples" / "xidi"


@functools.cache
def _loaded(path: Path) -> Policy:
    return load_policy(path)


@pytest.fixture(params=[QINGYANG, XIDI, SMALL_POLICY], ids=lambda p: p.name)
def policy(request: pytest.FixtureRequest) -> Policy:
    return _loaded(request.param)


def clocks_for(policy: Policy, grade: Grade, nature: Nature) -> dict[str, Clock]:
    return {
        name: clock
        for name, clock in policy.deadlines.clocks.items()
        if (not clock.grades or grade in clock.grades) and (not clock.natures or nature in clock.natures)
    }


def test_qingyang_has_its_counties_townships_and_units() -> None:
    policy = _loaded(QINGYANG)
    levels = [r.level for r in policy.regions.regions]
    assert levels.count(RegionLevel.PROVINCE) == 1
    assert levels.count(RegionLevel.CITY) == 1
    assert levels.count(RegionLevel.COUNTY) == 8
    assert levels.count(RegionLevel.TOWNSHIP) == 119
    assert sum(u.level is RegionLevel.CITY for u in policy.units.units) >= 25
    assert {u.region for u in policy.units.units if u.level is RegionLevel.COUNTY} == {
        r.code for r in policy.regions.regions if r.level is RegionLevel.COUNTY
    }


def test_every_county_of_the_jurisdiction_has_a_government(policy: Policy) -> None:
    governed = {u.region for u in policy.units.units}
    counties = {r.code for r in policy.regions.regions if r.parent == policy.jurisdiction.region}
    assert counties
    assert counties <= governed


def test_every_region_but_the_province_is_inside_another_of_a_higher_level(policy: Policy) -> None:
    order = list(RegionLevel)
    for region in policy.regions.regions:
        if region.parent is None:
            assert region.level is RegionLevel.PROVINCE
        else:
            assert order.index(policy.region(region.parent).level) < order.index(region.level), region.name


def test_unit_has_duties_that_duty_staff_can_read(policy: Policy) -> None:
    named = [u for u in policy.units.units if u.level is RegionLevel.CITY and not u.code.startswith("gov-")]
    assert all(u.duties for u in named)
    assert all(u.aliases for u in named)


@pytest.mark.parametrize("grade", list(Grade))
def test_lead_unit_is_told_of_every_grade_and_someone_follows_if_nobody_acknowledges(
    policy: Policy, grade: Grade
) -> None:
    to_lead = [r for r in policy.routes.routes if grade in r.grades and r.to == "lead"]
    assert to_lead
    assert any(not r.categories and not r.natures and r.chain for r in to_lead)


def test_graver_incidents_are_to_be_acknowledged_no_later(policy: Policy) -> None:
    minutes = [
        min(r.receipt_minutes for r in policy.routes.routes if grade in r.grades and r.to == "lead") for grade in Grade
    ]
    assert minutes == sorted(minutes)


@pytest.mark.parametrize("grade", [Grade.I, Grade.II])
def test_grave_incidents_go_to_the_office_and_to_the_province(policy: Policy, grade: Grade) -> None:
    told = {r.to for r in policy.routes.routes if grade in r.grades}
    assert {"lead", "co", policy.jurisdiction.office, "prov-office"} <= told


@pytest.mark.parametrize("nature", list(Nature))
@pytest.mark.parametrize("grade", list(Grade))
def test_legal_deadlines(policy: Policy, grade: Grade, nature: Nature) -> None:
    clocks = clocks_for(policy, grade, nature)
    grave = grade in (Grade.I, Grade.II)
    assert ("authoritative" in clocks) == grave
    assert ("press_conference" in clocks) == grave
    assert ("answer48" in clocks) == (grade is not Grade.IV)
    assert ("suggestion" in clocks) == (grade is Grade.IV and nature is Nature.SUGGESTION)
    assert ("complaint" in clocks) == (grade is Grade.IV and nature not in (Nature.SUGGESTION, Nature.THANKS))
    assert sum(clock.met_by == ("accept",) for clock in clocks.values()) == 1


def test_deadlines_are_those_of_the_national_rules(policy: Policy) -> None:
    clocks = policy.deadlines.clocks
    assert clocks["authoritative"].hours == 5
    assert clocks["press_conference"].hours == 24
    assert clocks["press_conference"].met_by == ("publish:press_conference",)
    assert clocks["answer48"].hours == 48
    assert clocks["suggestion"].working_days == 7
    assert clocks["complaint"].working_days == 15


def test_every_rule_names_its_source(policy: Policy) -> None:
    sources = [
        *(r.source for r in policy.routes.routes),
        *(c.source for c in policy.deadlines.clocks.values()),
        *(g.source for g in policy.response.legal_grounds.values()),
        *(p.source for p in policy.priority.rules),
        *(n.source for n in policy.nature.rules),
        policy.grading.source,
    ]
    assert all(source.strip() for source in sources)


def test_notices_become_sterner_and_read_well(policy: Policy) -> None:
    notices = policy.deadlines.notices
    fractions = [n.at_fraction for n in notices]
    assert fractions == sorted(fractions)
    assert any(f < 1 for f in fractions)
    assert 1 in fractions
    assert len({n.to_role for n in notices}) == len(notices), "each level goes to the next role"
    filled = {
        "task": "T-1",
        "title": "停水",
        "clock": "公开回应",
        "due": "3月4日 9:00",
        "unit": "住建局",
        "grade": "Ⅲ级",
    }
    for notice in notices:
        text = notice.text.format(**filled)
        assert all(filled[part] in text for part in ("title", "clock", "due", "unit"))


def test_every_nature_says_what_a_fitting_answer_contains(policy: Policy) -> None:
    assert set(policy.response.answer_must) == set(Nature)
    assert set(policy.priority.base) == set(Nature)
