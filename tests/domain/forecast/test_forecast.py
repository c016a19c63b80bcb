"""The repost forecast as a user of it sees it: ordered, bounded, blind to what comes after the window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opinion_stream.cli.forecast import load_parameters
from opinion_stream.domain.forecast.circadian import Activity
from opinion_stream.domain.forecast.parameters import After
from opinion_stream.domain.forecast.predict import Forecast, forecast

PARAMETERS = load_parameters()
NOON = datetime(2026, 11, 9, 12, 0, tzinfo=timezone(timedelta(hours=8)))

instants = st.datetimes(datetime(2012, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
offsets = st.lists(st.floats(0, 48 * 3600), max_size=80)
windows = st.sampled_from(After)


def told(reposts: list[float], after: After = After.H3, at: datetime = NOON) -> Forecast:
    return forecast(at, reposts, after, PARAMETERS)


def steady(every: float, until: float) -> list[float]:
    return [every * i for i in range(1, int(until // every) + 1)]


@settings(max_examples=80, deadline=None)
@given(at=instants, reposts=offsets, after=windows)
def test_the_interval_holds_the_forecast_and_nothing_lies_below_the_count_so_far(
    at: datetime, reposts: list[float], after: After
) -> None:
    result = told(reposts, after, at)

    assert sum(x <= after.seconds for x in reposts) == result.seen <= result.low <= result.predicted <= result.high


@settings(max_examples=50, deadline=None)
@given(reposts=offsets, late=st.lists(st.floats(0.001, 1e6), max_size=30), after=windows)
def test_what_comes_after_the_window_changes_nothing(reposts: list[float], late: list[float], after: After) -> None:
    seen = [x for x in reposts if x <= after.seconds]

    assert told(seen + [after.seconds + x for x in late], after) == told(seen, after)


@settings(max_examples=50, deadline=None)
@given(reposts=offsets, after=windows, data=st.data())
def test_the_order_of_the_list_changes_nothing(reposts: list[float], after: After, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(reposts))

    assert told(shuffled, after) == told(reposts, after)


@pytest.mark.parametrize("after", list(After))
def test_the_same_course_with_more_reposts_is_expected_to_end_higher(after: After) -> None:
    few, more, many = (told(steady(every, after.seconds), after).predicted for every in (120, 60, 30))

    assert few < more < many


@pytest.mark.parametrize("after", list(After))
def test_one_that_still_runs_is_expected_to_grow_more_than_one_that_has_died_down(after: After) -> None:
    running = steady(after.seconds / 60, after.seconds)
    over = [x / 6 for x in running]

    assert told(running, after).predicted > told(over, after).predicted


@pytest.mark.parametrize("after", list(After))
def test_the_same_course_in_the_evening_leaves_more_for_the_morning_than_one_in_the_forenoon(after: After) -> None:
    course = steady(after.seconds / 60, after.seconds)

    evening, forenoon = (told(course, after, NOON.replace(hour=hour)).predicted for hour in (23, 8))

    assert evening > forenoon


def test_an_instant_counts_not_the_way_it_is_written() -> None:
    course = steady(200, 3 * 3600)

    assert told(course, at=NOON) == told(course, at=NOON.astimezone(UTC))


@pytest.mark.parametrize("reposts", [[], [0.0], [0.0] * 25, [10_800.0] * 25, [5.0] * 19])
def test_odd_courses_get_a_forecast_too(reposts: list[float]) -> None:
    result = told(reposts)

    assert result.seen == len(reposts)
    assert result.high >= result.predicted >= max(len(reposts), 1)


def test_a_cascade_beyond_the_fitted_sizes_is_marked_and_still_grows() -> None:
    result = told(steady(1.0, 3 * 3600))

    assert result.beyond
    assert not told(steady(120, 3 * 3600)).beyond
    assert result.high > result.seen == 10_800


def test_activity_adds_up_over_midnight_and_whole_days() -> None:
    activity = Activity(PARAMETERS.profile, NOON, PARAMETERS.utc_offset_minutes)

    assert activity.between(0, 86_400) == pytest.approx(sum(PARAMETERS.profile))
    assert activity.between(0, 50_000) + activity.between(50_000, 200_000) == pytest.approx(
        activity.between(0, 200_000)
    )
    assert activity.between(15 * 3600, 16 * 3600) == pytest.approx(PARAMETERS.profile[3])
