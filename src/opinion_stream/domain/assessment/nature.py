"""Nature of the concern: the sum of the signs of `nature.yaml`."""

from __future__ import annotations

from functools import lru_cache

from opinion_stream.domain.assessment.conditions import REMEMBERED
from opinion_stream.models.base import Nature, Reason
from opinion_stream.policy.judgement import Natures


class NatureJudge:
    """Judges by which nature's signs weigh most; it decides what an answer must contain (国办发〔2016〕80号)."""

    def __init__(self, policy: Natures) -> None:
        self._fallback = policy.fallback
        self._rules = [(r.nature, r.weight, r.source, tuple(dict.fromkeys(r.words))) for r in policy.rules]
        self._signs: dict[str, list[int]] = {}
        """Word -> number of each rule that has it."""
        for number, (_, _, _, words) in enumerate(self._rules):
            for word in words:
                self._signs.setdefault(word, []).append(number)
        self._reason = lru_cache(REMEMBERED)(self._make_reason)

    def judge(self, found: frozenset[str]) -> tuple[Nature, Reason]:
        """The nature and its reason. Each distinct sign counts once; equal sums go to the nature listed first."""
        counts: dict[int, int] = {}
        signs = self._signs
        hit = signs.keys() & found
        for word in hit:
            for number in signs[word]:
                counts[number] = counts.get(number, 0) + 1
        if not counts:
            return self._fallback, self._reason(self._fallback, (), "", "")
        sums: dict[Nature, float] = {}
        for number in sorted(counts):
            nature, weight, _, _ = self._rules[number]
            sums[nature] = sums.get(nature, 0.0) + weight * counts[number]
        nature = max(sums, key=sums.__getitem__)  # max keeps the first of equals, and sums is in policy order
        told = [self._rules[number] for number in sorted(counts) if self._rules[number][0] is nature]
        words = tuple(dict.fromkeys([word for *_, words in told for word in words if word in hit]))
        return nature, self._reason(nature, words, told[0][2], _tally(sums, nature))

    def _make_reason(self, nature: Nature, words: tuple[str, ...], source: str, tally: str) -> Reason:
        if not words:
            return Reason(rule="nature.fallback", text=f"没有发现任何性质的特征词，按“{nature.label}”处理")
        return Reason.trusted(
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
