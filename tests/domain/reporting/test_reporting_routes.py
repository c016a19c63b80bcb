"""Who must know of an incident."""

from __future__ import annotations

from builders import T0, incident, later, small_policy
from opinion_stream.domain.reporting import Router
from opinion_stream.domain.reporting.reports import matter_of
from opinion_stream.models.base import Grade, Nature
from opinion_stream.policy import Policy
from opinion_stream.policy.handling import Route


def with_routes(*routes: Route) -> Policy:
    policy = small_policy()
    return policy.model_copy(update={"routes": policy.routes.model_copy(update={"routes": routes})})


def route(**kw: object) -> Route:
    defaults: dict[str, object] = {
        "id": "r",
        "grades": list(Grade),
        "to": "lead",
        "role": "duty_officer",
        "receipt_minutes": 10,
        "source": "测试",
    }
    return Route.model_validate({**defaults, **kw})


def named(policy: Policy, **kw: object) -> list[tuple[str, str, str, str]]:
    found = Router(policy).recipients(matter_of(incident(**kw)), T0)
    return [(r.id, p.unit.code, p.role, p.level) for r, p in found]


def test_a_grave_incident_goes_to_lead_and_co_units_to_the_office_and_to_the_level_above() -> None:
    assert named(small_policy(), grade=Grade.II, co_units=("health", "transport")) == [
        ("i-ii-lead", "housing", "duty_officer", "lead"),
        ("i-ii-co", "health", "duty_officer", "co"),
        ("i-ii-co", "transport", "duty_officer", "co"),
        ("i-ii-office", "office", "duty_officer", "own"),
        ("i-ii-above", "prov-office", "duty_officer", "above"),
    ]


def test_a_small_matter_that_needs_no_answer_goes_nowhere() -> None:
    assert named(small_policy(), grade=Grade.IV, response_required=False) == []
    assert [unit for _, unit, _, _ in named(small_policy(), grade=Grade.IV)] == ["housing"]


def test_routes_may_be_limited_to_categories_and_natures() -> None:
    policy = with_routes(
        route(id="schools", categories=["教育"]),
        route(id="claims", natures=["unverified_claim"], to="office"),
    )
    assert named(policy, category="城乡建设") == []
    assert [r for r, *_ in named(policy, category="教育")] == ["schools"]
    assert [r for r, *_ in named(policy, category="教育", nature=Nature.UNVERIFIED_CLAIM)] == ["schools", "claims"]


def test_nobody_is_named_twice_by_one_report() -> None:
    policy = with_routes(
        route(id="lead"),
        route(id="same", to="housing", receipt_minutes=99),
        route(id="boss", to="housing", role="first_responsible"),
    )
    assert [(r, role) for r, _, role, _ in named(policy)] == [("lead", "duty_officer"), ("boss", "first_responsible")]


def test_the_recipient_is_a_role_with_the_channel_of_the_policy() -> None:
    (_, recipient), *_ = Router(small_policy()).recipients(matter_of(incident()), T0)
    assert recipient.channel == small_policy().routes.roles["duty_officer"].channel
    assert recipient.unit.name == "安平市住房和城乡建设局"


def test_routes_may_be_limited_to_regions_with_all_that_lies_within() -> None:
    policy = with_routes(route(id="all"), route(id="east", regions=["990101"], to="gov-donghe"))
    assert [r for r, *_ in named(policy, region="990101")] == ["all", "east"]
    assert [r for r, *_ in named(policy, region="990101-liushu")] == ["all", "east"]
    assert [r for r, *_ in named(policy, region="990102")] == ["all"]


def test_units_that_handle_it_jointly_get_the_same_report() -> None:
    policy = with_routes(route(id="lead", joint=["health", "transport"]))
    assert named(policy) == [
        ("lead", "housing", "duty_officer", "lead"),
        ("lead", "health", "duty_officer", "joint"),
        ("lead", "transport", "duty_officer", "joint"),
    ]


def test_where_the_roster_has_a_post_the_recipient_is_who_is_on_duty_then() -> None:
    router = Router(small_policy())
    office = router.office
    day = router.addressee(office, "duty_officer", "own", T0)
    assert (day.post, day.seat, day.contact, day.channel) == ("office", "day", "wecom:duty-day", "duty-desk")
    assert router.addressee(office, "duty_officer", "own", later(hours=12)).seat == "night"
    assert router.addressee(office, "duty_officer", "own", later(days=2, hours=12)).seat == "spare", "a substitution"


def test_the_roster_is_ours_and_says_nothing_of_bodies_above() -> None:
    recipient = Router(small_policy()).addressee(Router(small_policy()).office, "duty_officer", "above", T0)
    assert (recipient.post, recipient.seat, recipient.contact, recipient.channel) == ("", "", "", "duty-desk")


def test_the_lead_route_is_found_even_where_the_rules_ask_for_no_answer() -> None:
    router = Router(small_policy())
    matter = matter_of(incident(grade=Grade.IV, response_required=False))
    assert (router.recipients(matter, T0), router.lead_route(matter).id) == ([], "iv-lead")
