"""Response value: whether a concern must be answered, by which rule of the national documents."""

from __future__ import annotations

from opinion_stream.domain.assessment.conditions import CompiledCondition
from opinion_stream.models.assessment import ResponseValue
from opinion_stream.models.base import Nature
from opinion_stream.policy.judgement import Priority


class PriorityJudge:
    """The priority kinds of `priority.yaml` (国办发〔2016〕61号), above a base value by nature."""

    def __init__(self, policy: Priority) -> None:
        self._required_from = policy.required_from
        self._base = policy.base
        self._rules = [(rule, CompiledCondition(rule.when)) for rule in policy.rules]

    def judge(
        self, found: frozenset[str], category: str, nature: Nature, sensitivity: float
    ) -> tuple[ResponseValue, str | None]:
        """The response value, and the id of the first priority rule that applies (None if none does)."""
        base = self._base.get(nature, 0.0)
        for rule, condition in self._rules:
            words = condition.evaluate(found, category, nature.value, sensitivity)
            if words is None:
                continue
            score = max(base, rule.score)
            evidence = f"（{'、'.join(words[:6])}）" if words else ""
            text = f"{rule.text}{evidence}，依据{rule.source}"
            return ResponseValue(required=score >= self._required_from, score=score, rule=rule.id, text=text), rule.id
        required = base >= self._required_from
        text = (
            f"性质为“{nature.label}”，回应价值{base:g}分，{'达到' if required else '未达到'}{self._required_from:g}分"
        )
        return ResponseValue(required=required, score=base, rule=f"nature.{nature.value}", text=text), None
