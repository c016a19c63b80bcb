"""Sensitivity of the content, 0-100, and the lowest grade that an emergency rule allows."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from opinion_stream.domain.assessment.conditions import REMEMBERED, CompiledCondition, WordIndex
from opinion_stream.models.base import Grade, Nature, Reason
from opinion_stream.policy.judgement import Sensitivity


class Sensed(NamedTuple):
    """`score` 0-100; `floor`: the lowest grade allowed, or None."""

    score: float
    reasons: tuple[Reason, ...]
    floor: Grade | None


class SensitivityJudge:
    """Adds up the rules of `sensitivity.yaml`."""

    def __init__(self, policy: Sensitivity) -> None:
        self._rules = [(rule, CompiledCondition(rule.when)) for rule in policy.rules]
        self._index = WordIndex([condition.needs for _, condition in self._rules])
        self._reason = lru_cache(REMEMBERED)(self._make_reason)

    def judge(self, found: frozenset[str], category: str, nature: Nature) -> Sensed:
        """The sum of the rules that apply, cut at 100; each rule that applies is a reason."""
        total = 0.0
        reasons: list[Reason] = []
        floor: Grade | None = None
        name = nature.value
        for number in self._index.possible(found):
            rule, condition = self._rules[number]
            words = condition.evaluate(found, category, name, total)
            if words is None:
                continue
            total += rule.score
            if rule.floor is not None and (floor is None or rule.floor.rank < floor.rank):
                floor = rule.floor
            reasons.append(self._reason(number, words))
        return Sensed(score=min(total, 100.0), reasons=tuple(reasons), floor=floor)

    def _make_reason(self, number: int, words: tuple[str, ...]) -> Reason:
        rule, _ = self._rules[number]
        text = f"{rule.text}（+{rule.score:g}）"
        if rule.floor is not None:
            text += f"，不低于{rule.floor.label}"
        if rule.source:
            text += f"，依据{rule.source}"
        return Reason.trusted(rule=rule.id, text=text, evidence=words)
