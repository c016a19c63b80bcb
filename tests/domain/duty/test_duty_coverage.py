"""A roster with a hole or with two at one time is named: post, from, to; and only such a roster is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from builders import CST
from domain.duty.test_duty_roster import TWO_SHIFTS, duty
from opinion_stream.domain.duty import Roster, roster_problems
from opinion_stream.policy.duty import Seat


def problems(shifts: dict[str, Any] | None = None, turns: list[dict[str, Any]] | None = None, **kw: Any) -> list[str]:
    post = {**TWO_SHIFTS, "shifts": shifts or TWO_SHIFTS["shifts"], "turns": turns or TWO_SHIFTS["turns"]}
    return list(roster_problems(duty(posts={"office": post}, **kw), CST))


def test_a_roster_without_holes_has_no_problems() -> None:
    assert problems() == []


def test_a_gap_is_named_with_post_day_and_times() -> None:
    shifts = {"day": {"from": "08:30", "to": "18:00"}, "night": {"from": "18:00", "to": "08:00"}}
    found = problems(shifts)
    assert len(found) == 14, "seven days of the week, each as a workday and as a day of rest"
    assert "posts.office: 周一（工作日） 08:00—08:30 无人值班" in found


def test_a_gap_on_one_day_of_the_week_is_that_day_alone() -> None:
    week = ["mon", "tue", "wed", "thu", "fri", "sat"]
    found = problems(turns=[{"seat": "a", "shifts": ["day"], "days": week}, {"seat": "b", "shifts": ["night"]}])
    assert {line.partition("（")[0] for line in found} == {"posts.office: 周日"}
    assert all("08:00—18:00" in line for line in found)


def test_a_shift_left_out_on_days_of_rest_is_found_on_a_weekday_too() -> None:
    turns = [{"seat": "a", "shifts": ["day"], "only": ["workdays"]}, {"seat": "b", "shifts": ["night"]}]
    found = problems(turns=turns)
    assert "posts.office: 周三（休息日） 08:00—18:00 无人值班" in found
    assert not [line for line in found if "工作日" in line]


def test_a_week_that_nobody_takes_is_named() -> None:
    turns = [
        {"seat": "a", "shifts": ["day"], "every_weeks": 3, "week": 1},
        {"seat": "c", "shifts": ["day"], "every_weeks": 3, "week": 3},
        {"seat": "b", "shifts": ["night"]},
    ]
    found = problems(turns=turns)
    assert {line.partition(" 周")[0] for line in found} == {"posts.office: 轮班第2周"}


def test_two_at_one_time_are_an_overlap_if_it_is_longer_than_a_hand_over() -> None:
    assert problems(handover_minutes=15) == []
    found = problems(handover_minutes=10)
    assert "posts.office: 周一（工作日） 18:00—18:15 day、night 两班重叠（交接最多10分钟）" in found
    doubled = problems(turns=[*TWO_SHIFTS["turns"], {"seat": "c", "shifts": ["day"], "days": ["fri"]}])  # type: ignore[misc]
    assert {line.partition("（")[0] for line in doubled} == {"posts.office: 周五"}


def test_a_holiday_pattern_that_does_not_join_is_found_at_the_seam() -> None:
    shifts = {"day": {"from": "08:00", "to": "18:00"}, "night": {"from": "18:00", "to": "08:00"}}
    shifts["whole"] = {"from": "09:00", "to": "09:00"}
    turns = [
        {"seat": "a", "shifts": ["day"], "only": ["workdays"]},
        {"seat": "b", "shifts": ["night"], "only": ["workdays"]},
        {"seat": "c", "shifts": ["whole"], "only": ["restdays"]},
    ]
    found = problems(shifts, turns)
    assert "posts.office: 周六（休息日） 08:00—09:00 无人值班" in found
    assert any("周一（工作日） 08:00—09:00" in line and "重叠" in line for line in found)


def test_an_absence_without_a_substitute_is_named_with_its_dates() -> None:
    gone = {"seat": "b", "from": "2026-03-03 20:00", "to": "2026-03-04 20:00", "reason": "休假"}
    assert problems(absences=[gone]) == [
        "posts.office: 2026-03-03 20:00 至 2026-03-04 08:00 无人值班，请安排替班（substitutions）",
        "posts.office: 2026-03-04 18:15 至 2026-03-04 20:00 无人值班，请安排替班（substitutions）",
    ]
    filled = {"post": "office", "seat": "c", "from": "2026-03-03 18:00", "to": "2026-03-05 08:00", "reason": "替班"}
    assert problems(absences=[gone], substitutions=[filled]) == []


def test_two_substitutes_at_one_time_are_named() -> None:
    first = {"post": "office", "seat": "c", "from": "2026-03-03 08:00", "to": "2026-03-03 12:00", "reason": "会"}
    second = {"post": "office", "seat": "b", "from": "2026-03-03 11:00", "to": "2026-03-03 14:00", "reason": "会"}
    assert any("2026-03-03 11:00 有两个替班" in line for line in problems(substitutions=[first, second]))


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"contact": "tel:13800000000"}, "telephone number"),
        ({"contact": "张三"}, "pattern"),
        ({"contact": "wecom:{person}"}, "braces"),
    ],
)
def test_a_contact_is_a_channel_and_never_a_number_or_a_name(what: dict[str, str], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Seat.model_validate({"name": "甲岗", **what})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"first_week": "2026-01-06"}, "Monday"),
        ({"posts": {"p": {"name": "p", "role": "r"}}}, "standing seat"),
        ({"posts": {"p": {"name": "p", "role": "r", "seat": "nobody"}}}, "not defined under `seats`"),
        ({"posts": {n: {"name": n, "role": "r", "seat": "a"} for n in "pq"}}, "nobody can tell which"),
    ],
)
def test_what_makes_no_roster_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        duty(**change)


HOURS = st.integers(0, 23)


@settings(max_examples=60, deadline=None)
@given(
    cuts=st.lists(HOURS, min_size=1, max_size=4, unique=True).map(sorted),
    short=st.booleans(),
    kinds=st.lists(st.sampled_from([["workdays"], ["restdays"], ["workdays", "restdays"]]), min_size=4, max_size=4),
)
def test_the_check_finds_every_gap_that_a_walk_through_the_calendar_finds(
    cuts: list[int], short: bool, kinds: list[list[str]]
) -> None:
    """Hour by hour over forty days with holidays and make-up days; where all days are alike, it finds no others."""
    ends = [*cuts[1:], cuts[0]]
    if short:
        ends[0] = (ends[0] - 1) % 24 if ends[0] - 1 != cuts[0] else ends[0]
    shifts = {
        f"s{n}": {"from": f"{a:02}:00", "to": f"{b:02}:00"} for n, (a, b) in enumerate(zip(cuts, ends, strict=True))
    }
    turns = [{"seat": "a", "shifts": [name], "only": kind} for name, kind in zip(shifts, kinds, strict=False)]
    post = {**TWO_SHIFTS, "shifts": shifts, "turns": turns}
    policy = duty(posts={"office": post})
    roster = Roster(policy, CST)
    start = datetime(2026, 9, 14, tzinfo=CST)
    covered = roster.watches("office", start, start + timedelta(days=40))
    manned = all(
        any(watch.start <= start + timedelta(hours=n) < watch.end for watch in covered) for n in range(40 * 24)
    )
    gaps = [line for line in roster_problems(policy, CST) if "无人值班" in line]
    assert manned or gaps
    every_day_alike = all(len(kind) == 2 for kind in kinds[: len(cuts)])
    if every_day_alike:
        assert manned is not bool(gaps)
