"""Grade I-IV of an incident from content, public reaction and media involvement (工作制度 二（二）)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from opinion_stream.models.base import Grade, Reason
from opinion_stream.models.incident import Factor, GradeFactors
from opinion_stream.policy.judgement import Grading, LogScale


class Evidence(NamedTuple):
    """What a grade rests on. Counts are of the whole incident."""

    sensitivity: float
    """Highest sensitivity of any mention, 0-100, with the reasons for it."""
    sensitivity_reasons: tuple[Reason, ...] = ()
    priority_rule: str | None = None
    floor: Grade | None = None
    """The lowest grade that an emergency rule allows."""
    voices: int = 1
    voice_periods: int = 1
    """How many periods of pseudonym keys the voices come from: who spoke in two is counted in both."""
    interactions: int = 0
    reads: int = 0
    rising: bool = False
    media: int = 0
    """Number of different listed media."""
    tier_score: float = 0.0
    """Score of the furthest-reaching media tier, 0-100, and its name."""
    tier_name: str = ""


REMEMBERED = 4096
"""Reasons kept for the next incident that has the same ones: most are of one voice, and say so in the same words."""


@dataclass(frozen=True)
class Graded:
    """The result, with its reasons: those of the factors, the sum, and the floor if one applied."""

    factors: GradeFactors
    score: float
    grade: Grade
    reasons: tuple[Reason, ...]


def log_scale(value: float, scale: LogScale) -> float:
    """0 up to `zero_at`, 100 from `full_at`, logarithmic between."""
    if value <= scale.zero_at:
        return 0.0
    share = math.log(value / scale.zero_at) / math.log(scale.full_at / scale.zero_at)
    return min(100.0, 100.0 * share)


class Weighed(NamedTuple):
    """A grade in figures alone: the three factors and their weighted sum, 0-100 each, two digits."""

    content: float
    reaction: float
    media: float
    score: float
    by_score: Grade
    """The grade that the score alone gives."""
    grade: Grade


def weigh(evidence: Evidence, policy: Grading) -> Weighed:
    """The figures of `grade`, which costs little: reasons are only made for a grade that is shown."""
    content = evidence.sensitivity
    if evidence.priority_rule is not None:
        content += policy.priority_bonus
    reaction = max(
        log_scale(evidence.voices, policy.voices),
        log_scale(evidence.interactions, policy.interactions),
        log_scale(evidence.reads, policy.reads),
    )
    if evidence.rising:
        reaction += policy.rising_bonus
    media = max(evidence.tier_score, log_scale(evidence.media, policy.media_count))
    content, reaction, media = (
        round(min(100.0, content), 2),
        round(min(100.0, reaction), 2),
        round(min(100.0, media), 2),
    )
    weights = policy.weights
    total = weights.content * content + weights.reaction * reaction + weights.media * media
    score = round(min(100.0, total), 2)
    by_score = by_threshold(score, policy)
    floor = evidence.floor
    result = floor if floor is not None and floor.rank < by_score.rank else by_score
    return Weighed(content, reaction, media, score, by_score, result)


def grade(evidence: Evidence, policy: Grading) -> Graded:
    """The grade of an incident; more of any evidence never lowers it.

    Each factor is 0-100: content = highest sensitivity plus the bonus of a priority rule; reaction = the largest
    of voices, interactions and reads on their scales, plus the bonus while rising; media = the larger of the furthest
    tier and the number of media. Their weighted sum against the thresholds gives the grade, a floor may raise it.
    """
    weighed = weigh(evidence, policy)
    content = Factor(score=weighed.content, reasons=_content(evidence, policy))
    reaction = Factor(score=weighed.reaction, reasons=_reaction(evidence, policy))
    media = Factor(score=weighed.media, reasons=_media(evidence, policy))
    factors = GradeFactors(content=content, reaction=reaction, media=media)
    reasons = (*content.reasons, *reaction.reasons, *media.reasons, *sum_up(weighed, policy))
    return Graded(factors=factors, score=weighed.score, grade=weighed.grade, reasons=reasons)


def reasons_of(evidence: Evidence, weighed: Weighed, policy: Grading) -> tuple[Reason, ...]:
    """The reasons of `grade` alone, for those who do not show the factors. `weighed`: what `weigh` made of it."""
    total = sum_up(weighed, policy)
    return (*_content(evidence, policy), *_reaction(evidence, policy), *_media(evidence, policy), *total)


def sum_up(weighed: Weighed, policy: Grading) -> tuple[Reason, ...]:
    """Why it is this grade: the weighted sum, and the floor if that raised it."""
    content, reaction, media, score, by_score, result = weighed
    weights = policy.weights
    total = _total(content, weights.content, reaction, weights.reaction, media, weights.media, score, by_score.label)
    if result is by_score:
        return (total,)
    text = f"突发事件规则规定不低于{result.label}，由{by_score.label}升为{result.label}"
    return total, _reason("grading.floor", text)


@lru_cache(REMEMBERED)
def _total(
    content: float, c: float, reaction: float, r: float, media: float, m: float, score: float, label: str
) -> Reason:
    """The weighted sum of the three factors in words."""
    text = f"内容{content:g}×{c:g}＋公众反应{reaction:g}×{r:g}＋媒体介入{media:g}×{m:g}＝{score:g}分，{label}"
    return _reason("grading.total", text)


@lru_cache(REMEMBERED)
def _reason(rule: str, text: str) -> Reason:
    return Reason.trusted(rule=rule, text=text, evidence=())


def by_threshold(score: float, policy: Grading) -> Grade:
    """The grade of a total score, 0-100, by the thresholds alone."""
    thresholds = policy.thresholds
    if score < thresholds.III:
        return Grade.IV
    if score < thresholds.II:
        return Grade.III
    return Grade.II if score < thresholds.I else Grade.I


def _content(evidence: Evidence, policy: Grading) -> tuple[Reason, ...]:
    reasons = evidence.sensitivity_reasons
    if evidence.priority_rule is not None:
        text = f"属于应当重点回应的情形（{evidence.priority_rule}，+{policy.priority_bonus:g}）"
        return (*reasons, _reason("content.priority", text))
    return reasons or (_reason("content.plain", "内容没有涉及敏感情形"),)


def _reaction(evidence: Evidence, policy: Grading) -> tuple[Reason, ...]:
    value = log_scale(evidence.voices, policy.voices)
    reasons = [_reason("reaction.voices", f"{_voices(evidence)}（{value:.0f}分）")]
    if (value := log_scale(evidence.interactions, policy.interactions)) > 0:
        reasons.append(_reason("reaction.interactions", f"互动{evidence.interactions}次（{value:.0f}分）"))
    if (value := log_scale(evidence.reads, policy.reads)) > 0:
        reasons.append(_reason("reaction.reads", f"阅读{evidence.reads}次（{value:.0f}分）"))
    if evidence.rising:
        reasons.append(_reason("reaction.rising", f"声量正在上升（+{policy.rising_bonus:g}）"))
    return tuple(reasons)


def _voices(evidence: Evidence) -> str:
    if evidence.voice_periods < 2:
        return f"{evidence.voices}个不同账号发声"
    return f"{evidence.voices}个不同账号发声，跨{evidence.voice_periods}个化名周期，同一账号可能重复计入"


def _media(evidence: Evidence, policy: Grading) -> tuple[Reason, ...]:
    reasons = []
    if evidence.tier_score > 0:
        text = f"传播层级最高为{evidence.tier_name}（{evidence.tier_score:g}分）"
        reasons.append(_reason("media.tier", text))
    if evidence.media > 0:
        number = log_scale(evidence.media, policy.media_count)
        reasons.append(_reason("media.count", f"{evidence.media}家媒体介入（{number:.0f}分）"))
    if not reasons:
        reasons.append(_reason("media.none", "没有媒体介入"))
    return tuple(reasons)
