"""Whether a draft answers the concern: advice for the drafter and the reviewer; it never blocks (seed 二（五）)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from opinion_stream.models.base import Nature
from opinion_stream.policy import Policy

POINTS_SHORT = "points"
TOO_SHORT = "short"


@dataclass(frozen=True)
class Advice:
    """One thing a draft does not seem to say. `element`: code of `answers.yaml`, `points` or `short`."""

    element: str
    text: str


class DraftCheck:
    """Compares a draft with what `answers.yaml` asks of an answer to a concern of its nature."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy.answers
        self._names = {
            code: re.compile("|".join(_sources(element.words, element.patterns, _units(policy, element.names_a_unit))))
            for code, element in policy.answers.elements.items()
        }

    def check(self, draft: str, nature: Nature, points: Sequence[str]) -> tuple[Advice, ...]:
        """What the draft lacks, in the order of `answers.yaml`; `points`: what the concern is about, as keywords."""
        policy = self._policy
        lacking = [
            Advice(code, policy.elements[code].advice)
            for code in policy.requires.get(nature, ())
            if self._names[code].search(draft) is None
        ]
        missed = [point for point in points if not touches(draft, point)]
        if points and len(points) - len(missed) < policy.min_points * len(points):
            lacking.append(Advice(POINTS_SHORT, policy.points_advice.format(points="、".join(missed))))
        if sum(not c.isspace() for c in draft) < policy.min_chars:
            lacking.append(Advice(TOO_SHORT, policy.short_advice))
        return tuple(lacking)


def touches(draft: str, point: str) -> bool:
    """Whether a draft speaks of a point: it has the word, or at least half of a longer word's pairs of characters.

    "暖气不热" is answered by "暖气": an answer rarely says the complaint's own words again.
    """
    if point in draft:
        return True
    pairs = ["".join(pair) for pair in pairwise(point)]
    return len(point) > 2 and 2 * sum(pair in draft for pair in pairs) >= len(pairs)


def _units(policy: Policy, wanted: bool) -> tuple[str, ...]:
    return tuple(name for unit in policy.units.units for name in (unit.name, *unit.aliases)) if wanted else ()


def _sources(words: Sequence[str], patterns: Sequence[str], names: Sequence[str]) -> list[str]:
    literal = sorted({*words, *names}, key=lambda word: (-len(word), word))
    return [*(f"(?:{pattern})" for pattern in patterns), *map(re.escape, literal)]
