"""Grade from three factors: floors, reasons, and that more of anything never lowers it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import reason, small_policy
from opinion_stream.domain.incidents.grading import Evidence, grade, log_scale
from opinion_stream.models.base import Grade
from opinion_stream.policy.judgement import LogScale

POLICY = small_policy().grading
SCORES = st.floats(0, 100, allow_nan=False)
COUNTS = st.integers(0, 10**9)
EVIDENCE = st.builds(
    Evidence,
    sensitivity=SCORES,
    priority_rule=st.none() | st.just("livelihood"),
    floor=st.none() | st.sampled_from(Grade),
    voices=COUNTS,
    interactions=COUNTS,
    reads=COUNTS,
    rising=st.booleans(),
    media=COUNTS,
    tier_score=SCORES,
    tier_name=st.just("市级媒体"),
)


def test_a_quiet_matter_is_grade_iv_and_says_so() -> None:
    found = grade(Evidence(sensitivity=0), POLICY)
    assert (found.grade, found.score) == (Grade.IV, 0)
    assert [r.rule for r in found.reasons] == ["content.plain", "reaction.voices", "media.none", "grading.total"]


def test_the_score_is_the_weighted_sum_of_the_factors() -> None:
    evidence = Evidence(sensitivity=50, priority_rule="p", voices=1000, media=20, tier_score=40, tier_name="市级媒体")
    found = grade(evidence, POLICY)
    assert (found.factors.content.score, found.factors.reaction.score, found.factors.media.score) == (65, 100, 100)
    assert found.score == pytest.approx(0.4 * 65 + 0.35 * 100 + 0.25 * 100)
    assert found.grade is Grade.I


def test_every_factor_lists_its_reasons_with_the_figures() -> None:
    evidence = Evidence(
        sensitivity=20, sensitivity_reasons=(reason("涉及人数较多", "crowd"),), voices=31, reads=5000, rising=True,
        media=3, tier_score=70, tier_name="省级媒体",
    )  # fmt: skip
    found = grade(evidence, POLICY)
    texts = "".join(r.text for r in found.reasons)
    assert all(
        part in texts for part in ("涉及人数较多", "31个不同账号", "阅读5000次", "正在上升", "省级媒体", "3家媒体")
    )
    rules = [r.rule for f in (found.factors.content, found.factors.reaction, found.factors.media) for r in f.reasons]
    assert [r.rule for r in found.reasons] == [*rules, "grading.total"]


def test_a_floor_raises_the_grade_and_is_named() -> None:
    found = grade(Evidence(sensitivity=0, floor=Grade.II), POLICY)
    assert found.grade is Grade.II
    assert found.reasons[-1].rule == "grading.floor"


def test_a_floor_below_the_grade_changes_nothing() -> None:
    high = Evidence(sensitivity=100, voices=10**6, media=100)
    assert grade(high, POLICY).grade is Grade.I
    assert grade(high._replace(floor=Grade.III), POLICY) == grade(high, POLICY)


@given(EVIDENCE, EVIDENCE)
def test_more_of_any_evidence_never_lowers_the_grade(one: Evidence, two: Evidence) -> None:
    floors = [e.floor for e in (one, two) if e.floor is not None]
    more = one._replace(
        sensitivity=max(one.sensitivity, two.sensitivity),
        priority_rule=one.priority_rule or two.priority_rule,
        floor=min(floors, key=lambda f: f.rank, default=None),
        voices=max(one.voices, two.voices),
        interactions=max(one.interactions, two.interactions),
        reads=max(one.reads, two.reads),
        rising=one.rising or two.rising,
        media=max(one.media, two.media),
        tier_score=max(one.tier_score, two.tier_score),
    )
    before, after = grade(one, POLICY), grade(more, POLICY)
    assert after.grade.rank <= before.grade.rank
    assert after.score >= before.score
    for factor in (after.factors.content, after.factors.reaction, after.factors.media):
        assert 0 <= factor.score <= 100
        assert factor.reasons


@given(st.floats(0, 1e12, allow_nan=False), st.floats(0, 1e12, allow_nan=False))
def test_log_scale_rises_from_0_to_100(one: float, two: float) -> None:
    scale = LogScale(zero_at=10, full_at=1000)
    low, high = sorted((one, two))
    assert 0 <= log_scale(low, scale) <= log_scale(high, scale) <= 100
    assert (log_scale(10, scale), log_scale(1000, scale)) == (0, 100)
    assert log_scale(100, scale) == pytest.approx(50)


def test_voices_of_several_pseudonym_periods_are_said_to_overlap() -> None:
    def said(**kw: int) -> str:
        return next(r.text for r in grade(Evidence(50, **kw), POLICY).factors.reaction.reasons if "voices" in r.rule)

    assert "化名周期" not in said(voices=9)
    assert "跨2个化名周期，同一账号可能重复计入" in said(voices=9, voice_periods=2)
