"""Grade I-IV of an incident from content, public reaction and media involvement (工作制度 二（二）)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from opinion_stream.models.base import Grade, Reason
from opinion_stream.models.incident import Factor, GradeFactors
from opinion_stream.policy.judgement import Grading, LogScale


@dataclass(frozen=True)
class Evidence:
    """What a grade rests on. Counts are of the whole incident."""

    sensitivity: float
    """Highest sensitivity of any mention, 0-100, with the reasons for it."""
    sensitivity_reasons: tuple[Reason, ...] = ()
    priority_rule: str | None = None
    floor: Grade | None = None
    """The lowest grade that an emergency rule allows."""
    voices: int = 1
    interactions: int = 0
    reads: int = 0
    rising: bool = False
    media: int = 0
    """Number of different listed media."""
    tier_score: float = 0.0
    """Score of the furthest-reaching media tier, 0-100, and its name."""
    tier_name: str = ""


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


def grade(evidence: Evidence, policy: Grading) -> Graded:
    """The grade of an incident; more of any evidence never lowers it.

    Each factor is 0-100: content = highest sensitivity plus the bonus of a priority rule; reaction = the largest
    of voices, interactions and reads on their scales, plus the bonus while rising; media = the larger of the furthest
    tier and the number of media. Their weighted sum against the thresholds gives the grade, a floor may raise it.
    """
    content = _content(evidence, policy)
    reaction = _reaction(evidence, policy)
    media = _media(evidence, policy)
    weights = policy.weights
    score = round(
        min(
            100.0,
            weights.content * content.score + weights.reaction * reaction.score + weights.media * media.score,
        ),
        2,
    )
    result = _by_threshold(score, policy)
    total = Reason(
        rule="grading.total",
        text=(
            f"内容{content.score:g}×{weights.content:g}＋公众反应{reaction.score:g}×{weights.reaction:g}"
            f"＋媒体介入{media.score:g}×{weights.media:g}＝{score:g}分，{result.label}"
        ),
    )
    reasons = (*content.reasons, *reaction.reasons, *media.reasons, total)
    if evidence.floor is not None and evidence.floor.rank < result.rank:
        text = f"突发事件规则规定不低于{evidence.floor.label}，由{result.label}升为{evidence.floor.label}"
        reasons = (*reasons, Reason(rule="grading.floor", text=text))
        result = evidence.floor
    factors = GradeFactors(content=content, reaction=reaction, media=media)
    return Graded(factors=factors, score=score, grade=result, reasons=reasons)


def _by_threshold(score: float, policy: Grading) -> Grade:
    thresholds = policy.thresholds
    for least, result in ((thresholds.I, Grade.I), (thresholds.II, Grade.II), (thresholds.III, Grade.III)):
        if score >= least:
            return result
    return Grade.IV


def _factor(score: float, reasons: list[Reason]) -> Factor:
    return Factor(score=round(min(100.0, score), 2), reasons=tuple(reasons))


def _content(evidence: Evidence, policy: Grading) -> Factor:
    score = evidence.sensitivity
    reasons = list(evidence.sensitivity_reasons)
    if evidence.priority_rule is not None:
        score += policy.priority_bonus
        text = f"属于应当重点回应的情形（{evidence.priority_rule}，+{policy.priority_bonus:g}）"
        reasons.append(Reason(rule="content.priority", text=text))
    if not reasons:
        reasons.append(Reason(rule="content.plain", text="内容没有涉及敏感情形"))
    return _factor(score, reasons)


def _reaction(evidence: Evidence, policy: Grading) -> Factor:
    parts = (
        ("voices", f"{evidence.voices}个不同账号发声", log_scale(evidence.voices, policy.voices)),
        ("interactions", f"互动{evidence.interactions}次", log_scale(evidence.interactions, policy.interactions)),
        ("reads", f"阅读{evidence.reads}次", log_scale(evidence.reads, policy.reads)),
    )
    score = max(value for _, _, value in parts)
    reasons = [
        Reason(rule=f"reaction.{name}", text=f"{text}（{value:.0f}分）")
        for name, text, value in parts
        if value > 0 or name == "voices"
    ]
    if evidence.rising:
        score += policy.rising_bonus
        reasons.append(Reason(rule="reaction.rising", text=f"声量正在上升（+{policy.rising_bonus:g}）"))
    return _factor(score, reasons)


def _media(evidence: Evidence, policy: Grading) -> Factor:
    number = log_scale(evidence.media, policy.media_count)
    reasons = []
    if evidence.tier_score > 0:
        text = f"传播层级最高为{evidence.tier_name}（{evidence.tier_score:g}分）"
        reasons.append(Reason(rule="media.tier", text=text))
    if evidence.media > 0:
        reasons.append(Reason(rule="media.count", text=f"{evidence.media}家媒体介入（{number:.0f}分）"))
    if not reasons:
        reasons.append(Reason(rule="media.none", text="没有媒体介入"))
    return _factor(max(evidence.tier_score, number), reasons)
