"""Who is on duty: shifts across midnight, hand-over, weeks, holidays, substitutions and absences."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import given

from builders import CST, small_policy
from opinion_stream.domain.duty import Roster
from opinion_stream.policy.duty import Duty

SEATS = {name: {"name": name, "contact": f"wecom:{name}"} for name in ("a", "b", "c", "boss", "head")}
TWO_SHIFTS = {
    "name": "值班室",
    "role": "duty_officer",
    "units": ["office"],
    "shifts": {"day": {"from": "08:00", "to": "18:15"}, "night": {"from": "18:00", "to": "08:00"}},
    "turns": [{"seat": "a", "shifts": ["day"]}, {"seat": "b", "shifts": ["night"]}],
}


def duty(**kw: object) -> Duty:
    posts = {
        "office": TWO_SHIFTS,
        "deputy": {"name": "分管", "role": "direct_responsible", "units": ["office"], "seat": "boss"},
        "head": {"name": "主要", "role": "first_responsible", "seat": "head"},
    }
    defaults: dict[str, object] = {"first_week": "2026-01-05", "handover_minutes": 15, "seats": SEATS, "posts": posts}
    return Duty.model_validate({**defaults, **kw})


def roster(**kw: object) -> Roster:
    return Roster(duty(**kw), CST)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CST)


def on(found: Roster, text: str, post: str = "office") -> str | None:
    watch = found.who_is_on(post, at(text)).on
    return None if watch is None else watch.seat


def test_a_shift_across_midnight_belongs_to_the_day_on_which_it_starts() -> None:
    found = roster()
    assert [on(found, f"2026-03-03T{time}") for time in ("07:59", "08:00", "17:59", "18:00", "23:59")] == list("baabb")
    watch = found.who_is_on("office", at("2026-03-03T02:00")).on
    assert watch is not None
    assert (watch.start, watch.end, watch.shift) == (at("2026-03-02T18:00"), at("2026-03-03T08:00"), "night")


def test_while_two_shifts_overlap_who_came_on_last_is_responsible() -> None:
    here = roster().who_is_on("office", at("2026-03-03T18:05"))
    assert here.on is not None
    assert (here.on.seat, [watch.seat for watch in here.handing_over]) == ("b", ["a"])


def test_above_stand_the_direct_and_the_first_responsible_of_the_unit() -> None:
    here = roster().who_is_on("office", at("2026-03-03T12:00"), above=["direct_responsible", "first_responsible"])
    assert [watch.seat for watch in here.above] == ["boss", "head"]


def test_a_post_without_units_answers_for_every_unit_that_has_none_of_its_own() -> None:
    found = roster()
    assert found.post_of("office", "direct_responsible") == "deputy"
    assert found.post_of("housing", "direct_responsible") is None
    assert found.post_of("housing", "first_responsible") == "head"


def test_holidays_are_days_of_rest_and_make_up_days_are_workdays() -> None:
    found = Roster(small_policy().duty, CST)
    assert on(found, "2026-10-01T12:00") in ("weekend", "spare"), "National Day, a Thursday"
    assert on(found, "2026-10-10T12:00") == "day", "a Saturday on which offices work to make up for it"
    assert on(found, "2026-10-11T12:00") in ("weekend", "spare")


def test_weeks_take_turns_also_over_a_new_year_whose_year_has_53_weeks() -> None:
    found = Roster(small_policy().duty, CST)
    sundays = [on(found, f"{date(2026, 12, 20) + timedelta(weeks=n)}T12:00") for n in range(4)]
    assert sundays in (["weekend", "spare"] * 2, ["spare", "weekend"] * 2)


def test_a_substitute_takes_over_for_exactly_the_time_that_was_named() -> None:
    change = {"post": "office", "seat": "c", "from": "2026-03-03 10:00", "to": "2026-03-03 12:00", "reason": "会议"}
    found = roster(substitutions=[change])
    times = ("09:59", "10:00", "11:59", "12:00")
    assert [on(found, f"2026-03-03T{time}") for time in times] == ["a", "c", "c", "a"]
    watch = found.who_is_on("office", at("2026-03-03T11:00")).on
    assert watch is not None
    assert watch.instead_of == "a"
    assert on(found, "2026-03-04T11:00") == "a"


def test_nobody_is_on_duty_where_the_one_who_would_be_is_absent() -> None:
    gone = {"seat": "a", "from": "2026-03-03 10:00", "to": "2026-03-03 12:00", "reason": "休假"}
    assert on(roster(absences=[gone]), "2026-03-03T11:00") is None
    filled = {"post": "office", "seat": "c", "from": "2026-03-03 09:00", "to": "2026-03-03 13:00", "reason": "替班"}
    assert on(roster(absences=[gone], substitutions=[filled]), "2026-03-03T11:00") == "c"


def test_the_contact_is_the_units_own_where_it_asks_for_the_unit() -> None:
    seats = {**SEATS, "head": {"name": "h", "contact": "wecom:head-{unit}"}}
    assert roster(seats=seats).contact("head", "housing") == "wecom:head-housing"


def test_times_of_other_zones_mean_the_same_moment() -> None:
    utc = at("2026-03-03T18:20").astimezone(ZoneInfo("UTC"))
    watch = roster().who_is_on("office", utc).on
    assert watch is not None
    assert watch.seat == "b"


def test_an_unknown_post_is_an_error() -> None:
    with pytest.raises(KeyError):
        roster().who_is_on("nowhere", at("2026-03-03T12:00"))


@given(minutes=st.integers(0, 60 * 24 * 366 * 2))
def test_somebody_is_always_on_duty_at_every_post_of_a_roster_without_problems(minutes: int) -> None:
    policy = small_policy()
    found = Roster(policy.duty, CST)
    when = at("2026-01-01T00:00") + timedelta(minutes=minutes)
    for post in policy.duty.posts:
        watch = found.who_is_on(post, when).on
        assert watch is not None
        assert watch.start <= when < watch.end
        assert watch in found.watches(post, when, when + timedelta(minutes=1))
