"""The grade that stands: it rises at once, falls with patience, and bows to a person until it must not."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from builders import small_policy
from opinion_stream.domain.incidents.standing import hold
from opinion_stream.models.base import Grade

POLICY = small_policy().grading
HOUR = 3600.0
PATIENCE = POLICY.hysteresis.hours
STEPS = st.lists(st.tuples(st.sampled_from([0.1, 1, 3, 7, 12, 30]), st.floats(0, 100, allow_nan=False)), max_size=25)
NEAR = st.sampled_from([*(t + d for t in (30, 55, 75) for d in (-9, -2.1, -1.9, 0, 1))])


def walk(steps: list[tuple[float, float]]) -> list[tuple[float, Grade]]:
    """(event time in hours, grade) after each step of (hours since the last one, score)."""
    held, below, at = Grade.IV, {}, 0.0
    path = []
    for hours, score in steps:
        at += hours
        held, below = hold(held, below, score, at * HOUR, POLICY)
        path.append((at, held))
    return path


def test_a_grade_rises_at_once_and_falls_when_it_was_clearly_lower_for_long_enough() -> None:
    steps = [(0, 56), (1, 54), (20, 52), (11.9, 40), (0.1, 40)]
    assert [grade for _, grade in walk(steps)] == [Grade.II] * 4 + [Grade.III]


def test_coming_back_within_the_margin_starts_the_time_anew() -> None:
    assert [grade for _, grade in walk([(0, 56), (1, 40), (11, 53.5), (1, 40), (11, 40), (1, 40)])] == [
        *[Grade.II] * 5,
        Grade.III,
    ]


def test_a_deep_fall_passes_several_grades_when_all_their_times_are_over() -> None:
    assert [grade for _, grade in walk([(0, 90), (1, 10), (12, 10)])] == [Grade.I, Grade.I, Grade.IV]


@given(STEPS, st.lists(st.floats(0, 100, allow_nan=False), min_size=25, max_size=25))
def test_larger_evidence_at_every_step_never_gives_a_lower_grade(
    steps: list[tuple[float, float]], more: list[float]
) -> None:
    larger = [(hours, max(score, other)) for (hours, score), other in zip(steps, more, strict=False)]
    for (_, low), (_, high) in zip(walk(steps), walk(larger), strict=True):
        assert high.rank <= low.rank


@given(STEPS)
def test_the_grade_is_never_below_that_of_the_score(steps: list[tuple[float, float]]) -> None:
    for (_, score), (_, grade) in zip(steps, walk(steps), strict=True):
        assert grade.rank <= walk([(0, score)])[0][1].rank


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.5, 2, 5]), NEAR), max_size=60))
def test_flapping_moves_the_grade_at_most_once_each_way_within_the_time(steps: list[tuple[float, float]]) -> None:
    path = [(0.0, Grade.IV), *walk(steps)]
    moves = [(at, now.rank - was.rank) for (_, was), (at, now) in itertools.pairwise(path) if now is not was]
    falls = [at for at, change in moves if change > 0]
    # Each grade is lost at most once within the time: it must have been clearly lower throughout.
    for grade in (Grade.I, Grade.II, Grade.III):
        lost = [at for (_, was), (at, now) in itertools.pairwise(path) if was.rank <= grade.rank < now.rank]
        assert all(later - earlier >= PATIENCE for earlier, later in itertools.pairwise(lost))
    assert not falls or falls[0] >= PATIENCE


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.5, 2, 5]), st.sampled_from([53.1, 54.9, 55, 56])), max_size=60))
def test_flapping_within_the_margin_moves_the_grade_once(steps: list[tuple[float, float]]) -> None:
    grades = [Grade.III, *[grade for _, grade in walk(steps)]]
    assert sum(one is not other for one, other in itertools.pairwise(grades)) <= 1
