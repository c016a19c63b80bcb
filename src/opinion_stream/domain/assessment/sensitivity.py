"""Sensitivity of the content, 0-100, and the lowest grade that an emergency rule allows."""

from __future__ import annotations

from dataclasses import dataclass

from opinion_stream.domain.assessment.conditions import CompiledCondition
from opinion_stream.models.base import Grade, Nature, Reason
from opinion_stream.policy.judgement import Sensitivity


@dataclass(frozen=True)
class Sensed:
    """`score` 0-100; `floor`: the lowest grade allowed, or None."""

    score: float
    reasons: tuple[Reason, ...]
    floor: Grade | None


class SensitivityJudge:
    """Adds up the rules of `sensitivity.yaml`."""

    def __init__(self, policy: Sensitivity) -> None:
        self._rules = [(rule, CompiledCondition(rule.when)) for rule in policy.rules]

    def judge(self, found: frozenset[str], category: str, nature: Nature) -> Sensed:
        """The sum of the rules that apply, cut at 100; each rule that applies is a reason."""
        total = 0.0
        reasons: list[Reason] = []
        floor: Grade | None = None
        for rule, condition in self._rules:
            words = condition.evaluate(found, category, nature.value, total)
            if words is None:
                continue
            total += rule.score
            text = f"{rule.text}（+{rule.score:g}）"
            if rule.floor is not None:
                text += f"，不低于{rule.floor.label}"
                if floor is None or rule.floor.rank < floor.rank:
                    floor = rule.floor
            if rule.source:
                text += f"，依据{rule.source}"
            reasons.append(Reason(rule=rule.id, text=text, evidence=words))
        return Sensed(score=min(total, 100.0), reasons=tuple(reasons), floor=floor)
