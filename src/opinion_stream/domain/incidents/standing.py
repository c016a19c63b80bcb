"""The grade that stands: the rules' own with hysteresis, and a person's override over it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from opinion_stream.domain.incidents.grading import Weighed, by_threshold, sum_up
from opinion_stream.domain.incidents.record import MAX_HISTORY, RULE, IncidentRecord
from opinion_stream.models.base import Grade, Reason
from opinion_stream.models.incident import GradeChange
from opinion_stream.policy.judgement import Grading


def graver(one: Grade, other: Grade | None) -> Grade:
    """The more serious of two grades."""
    return one if other is None or one.rank <= other.rank else other


def hold(
    held: Grade, below: Mapping[Grade, float], score: float, at: float, policy: Grading
) -> tuple[Grade, dict[Grade, float]]:
    """One step of the hysteresis: the grade held after `score` at event time `at`, and the clocks that run.

    `at` (epoch seconds) never goes back from step to step. A grade is reached as soon as the score reaches its
    threshold. It is lost when the score has been more than `margin` points below the threshold at every step
    for `hours`; `below` tells for each grade still held since when. Each grade is a latch of its own, which a
    score that is larger at every step sets no later and resets no earlier: larger evidence throughout never
    gives a lower grade. Between two falls lie `hours` at least, so a score that flaps around a threshold
    moves the grade at most once in either direction within any such time.
    """
    limits, patience = policy.thresholds, policy.hysteresis.hours * 3600
    clocks: dict[Grade, float] = {}
    result = Grade.IV
    for grade, least in ((Grade.I, limits.I), (Grade.II, limits.II), (Grade.III, limits.III)):
        if score >= least:
            return graver(grade, result), clocks
        if held.rank > grade.rank:
            continue
        if score < least - policy.hysteresis.margin:
            since = below.get(grade, at)
            if at - since >= patience:
                continue
            clocks[grade] = since
        result = graver(grade, result)
    return result, clocks


def rule_grade(record: IncidentRecord) -> Grade:
    """What the rules alone say: the grade held by the score, or the floor of an emergency if that is higher."""
    return graver(record.held or record.grade, record.floor)


def settle(
    record: IncidentRecord, weighed: Weighed, at: datetime, policy: Grading, by: str = RULE, why: str = ""
) -> None:
    """Let the figures act on the record's grade; a change goes into the history, bounded (the first and the latest).

    A person's override holds over the rules, floors included, until it is lifted or ended, or until the rules' own
    grade rises above what it was when the person decided: then the higher of the two holds. With `why` an
    entry by `by` is written whether or not the grade changes.
    """
    before, known = record.grade, bool(record.history)
    held = (record.held or before) if known else weighed.by_score
    if held is not weighed.by_score or record.below_since:
        held, record.below_since = hold(held, record.below_since, weighed.score, record.last_at.timestamp(), policy)
    record.held = held
    surpassed = _surpassed(record)
    record.grade = _standing(record)
    if surpassed or why or not known or record.grade is not before:
        reason = why or _change(record, before if known else None, weighed, policy, surpassed)
        record.history.append(GradeChange.trusted(at=at, grade=record.grade, score=weighed.score, by=by, reason=reason))
        if len(record.history) > MAX_HISTORY:
            del record.history[1]


def notes(record: IncidentRecord, score: float, policy: Grading) -> tuple[Reason, ...]:
    """Why the grade that stands is not simply that of the score: what is held, what a person decided."""
    reasons: list[Reason] = []
    held, by_score = record.held or record.grade, by_threshold(score, policy)
    if held is not by_score and held.rank < by_score.rank and rule_grade(record) is held:
        reasons.append(Reason(rule="grading.hysteresis", text=_held(held, policy)))
    override = record.override
    if override is not None:
        text = f"人工定为{override.grade.label}（{override.by_role}）：{override.reason}"
        if override.surpassed:
            text += f"。此后规则定级升到高于当时的{override.rule_grade.label}，按两者中较高的执行"
        reasons.append(Reason(rule="grading.override", text=text))
    return tuple(reasons)


def _held(held: Grade, policy: Grading) -> str:
    least = {Grade.I: policy.thresholds.I, Grade.II: policy.thresholds.II}.get(held, policy.thresholds.III)
    rule = policy.hysteresis
    return (
        f"曾达到{held.label}（{least:g}分），低于{least - rule.margin:g}分持续满{rule.hours:g}小时方可降级，"
        f"暂维持{held.label}"
    )


def _surpassed(record: IncidentRecord) -> bool:
    """Whether the rules' grade has just risen above what it was when a person decided; remembered if so."""
    override = record.override
    if override is None or override.surpassed or rule_grade(record).rank >= override.rule_grade.rank:
        return False
    record.override = override.model_copy(update={"surpassed": True})
    return True


def _standing(record: IncidentRecord) -> Grade:
    override = record.override
    if override is None:
        return rule_grade(record)
    return graver(override.grade, rule_grade(record)) if override.surpassed else override.grade


def _change(record: IncidentRecord, before: Grade | None, weighed: Weighed, policy: Grading, surpassed: bool) -> str:
    if surpassed and record.override is not None:
        return (
            f"规则定级升为{rule_grade(record).label}，高于人工定级时的{record.override.rule_grade.label}，"
            f"按两者中较高的{record.grade.label}执行"
        )
    change = "首次定级"
    if before is not None:
        change = "升级" if record.grade.rank < before.rank else "降级"
    text = f"{change}：{sum_up(weighed, policy)[-1].text}"
    held = record.held or record.grade
    if held.rank < weighed.by_score.rank and record.grade is held:
        return f"{text}；{_held(held, policy)}"
    return text
