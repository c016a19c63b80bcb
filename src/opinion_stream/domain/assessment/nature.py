"""Nature of the concern: the sum of the signs of `nature.yaml`."""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from operator import itemgetter

from opinion_stream.domain.assessment.conditions import REMEMBERED
from opinion_stream.models.base import Nature, Reason
from opinion_stream.policy.judgement import Natures

_rule = itemgetter(0)


class NatureJudge:
    """Judges by which nature's signs weigh most; it decides what an answer must contain (国办发〔2016〕80号)."""

    def __init__(self, policy: Natures) -> None:
        self._fallback = policy.fallback
        self._rules = [(r.nature, r.weight, r.source) for r in policy.rules]
        self._signs: dict[str, list[tuple[int, int, str]]] = {}
        """Word -> (number of the rule, place in the rule, word) of each rule that has it."""
        for number, rule in enumerate(policy.rules):
            for place, word in enumerate(dict.fromkeys(rule.words)):
                self._signs.setdefault(word, []).append((number, place, word))
        self._reason = lru_cache(REMEMBERED)(self._make_reason)

    def judge(self, found: frozenset[str]) -> tuple[Nature, Reason]:
        """The nature and its reason. Each distinct sign counts once; equal sums go to the nature listed first."""
        sums: dict[Nature, float] = {}
        signs: dict[Nature, dict[str, None]] = {}
        sources: dict[Nature, str] = {}
        signs_of = self._signs
        hits = sorted([sign for word in signs_of.keys() & found for sign in signs_of[word]])
        for number, group in groupby(hits, _rule):
            nature, weight, source = self._rules[number]
            words = [word for _, _, word in group]
            sums[nature] = sums.get(nature, 0.0) + weight * len(words)
            signs.setdefault(nature, {}).update(dict.fromkeys(words))
            sources.setdefault(nature, source)
        if not sums:
            return self._fallback, self._reason(self._fallback, (), "", "")
        nature = max(sums, key=lambda n: sums[n])  # max keeps the first of equals, and sums is in policy order
        return nature, self._reason(nature, tuple(signs[nature]), sources[nature], _tally(sums, nature))

    def _make_reason(self, nature: Nature, words: tuple[str, ...], source: str, tally: str) -> Reason:
        if not words:
            return Reason(rule="nature.fallback", text=f"没有发现任何性质的特征词，按“{nature.label}”处理")
        return Reason(
            rule=f"nature.{nature.value}",
            text=f"{nature.label}：特征词“{'、'.join(words[:8])}”，{tally}，依据{source}",
            evidence=words,
        )


def _tally(sums: dict[Nature, float], nature: Nature) -> str:
    """The weight of the signs, beside that of the nature that comes next."""
    others = [other for other in sums if other is not nature]
    if not others:
        return f"合计{sums[nature]:g}"
    second = max(others, key=lambda n: sums[n])
    return f"合计{sums[nature]:g}，次高为“{second.label}”{sums[second]:g}"
