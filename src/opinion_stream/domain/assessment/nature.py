"""Nature of the concern: the sum of the signs of `nature.yaml`."""

from __future__ import annotations

from opinion_stream.models.base import Nature, Reason
from opinion_stream.policy.judgement import Natures


class NatureJudge:
    """Judges by which nature's signs weigh most; it decides what an answer must contain (国办发〔2016〕80号)."""

    def __init__(self, policy: Natures) -> None:
        self._fallback = policy.fallback
        self._rules = [(r.nature, frozenset(r.words), r.words, r.weight, r.source) for r in policy.rules]

    def judge(self, found: frozenset[str]) -> tuple[Nature, Reason]:
        """The nature and its reason. Each distinct sign counts once; equal sums go to the nature listed first."""
        sums: dict[Nature, float] = {}
        signs: dict[Nature, dict[str, None]] = {}
        sources: dict[Nature, str] = {}
        for nature, words, listed, weight, source in self._rules:
            if found.isdisjoint(words):
                continue
            hits = [w for w in dict.fromkeys(listed) if w in found]
            sums[nature] = sums.get(nature, 0.0) + weight * len(hits)
            signs.setdefault(nature, {}).update(dict.fromkeys(hits))
            sources.setdefault(nature, source)
        if not sums:
            return self._fallback, Reason(
                rule="nature.fallback", text=f"没有发现任何性质的特征词，按“{self._fallback.label}”处理"
            )
        nature = max(sums, key=lambda n: sums[n])  # max keeps the first of equals, and sums is in policy order
        words_found = tuple(signs[nature])
        return nature, Reason(
            rule=f"nature.{nature.value}",
            text=f"{nature.label}：特征词“{'、'.join(words_found[:8])}”，依据{sources[nature]}",
            evidence=words_found,
        )
