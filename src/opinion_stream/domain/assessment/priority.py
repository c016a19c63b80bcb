"""Response value: whether a concern must be answered, by which rule of the national documents."""

from __future__ import annotations

from functools import lru_cache

from opinion_stream.domain.assessment.conditions import REMEMBERED, CompiledCondition, WordIndex
from opinion_stream.models.assessment import ResponseValue
from opinion_stream.models.base import Nature
from opinion_stream.policy.judgement import Priority

_SHOWN = 6


class PriorityJudge:
    """The priority kinds of `priority.yaml` (国办发〔2016〕61号), above a base value by nature."""

    def __init__(self, policy: Priority) -> None:
        self._required_from = policy.required_from
        self._base = policy.base
        self._rules = [(rule, CompiledCondition(rule.when)) for rule in policy.rules]
        self._index = WordIndex([condition.needs for _, condition in self._rules])
        self._by_rule = lru_cache(REMEMBERED)(self._make_by_rule)
        self._by_nature = {nature: self._make_by_nature(nature) for nature in Nature}

    def judge(
        self, found: frozenset[str], category: str, nature: Nature, sensitivity: float
    ) -> tuple[ResponseValue, str | None]:
        """The response value, and the id of the first priority rule that applies (None if none does)."""
        name = nature.value
        for number in self._index.possible(found):
            rule, condition = self._rules[number]
            words = condition.evaluate(found, category, name, sensitivity)
            if words is not None:
                return self._by_rule(number, nature, words[:_SHOWN]), rule.id
        return self._by_nature[nature], None

    def _make_by_rule(self, number: int, nature: Nature, words: tuple[str, ...]) -> ResponseValue:
        rule, _ = self._rules[number]
        score = max(self._base.get(nature, 0.0), rule.score)
        evidence = f"（{'、'.join(words)}）" if words else ""
        text = f"{rule.text}{evidence}，依据{rule.source}"
        return ResponseValue(
            required=score >= self._required_from, score=score, rule=rule.id, text=text, evidence=words
        )

    def _make_by_nature(self, nature: Nature) -> ResponseValue:
        base = self._base.get(nature, 0.0)
        required = base >= self._required_from
        text = (
            f"性质为“{nature.label}”，回应价值{base:g}分，{'达到' if required else '未达到'}{self._required_from:g}分"
        )
        return ResponseValue(required=required, score=base, rule=f"nature.{nature.value}", text=text)
