"""Scoring: where a masked text differs from its original, and what of that was right."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from opinion_stream.domain.collection.mask import MARKERS
from privacy_corpus.cases import Case

_KINDS = {marker: kind for kind, marker in MARKERS.items()}
_MARKER = re.compile("|".join(map(re.escape, MARKERS.values())))
_SLACK = 3
"""Signs beyond a datum that a mark may swallow (a bracket, a country code) and still be right."""

Mask = Callable[[str], tuple[str, dict[str, int]]]


@dataclass
class Score:
    """Counts of one kind."""

    planted: int = 0
    caught: int = 0
    marks: int = 0
    right: int = 0

    @property
    def recall(self) -> float:
        """Share of the planted data of which no letter and no digit is left."""
        return self.caught / self.planted if self.planted else 1.0

    @property
    def precision(self) -> float:
        """Share of the marks that stand where a datum of their kind was, and nowhere else."""
        return self.right / self.marks if self.marks else 1.0


def marks_of(text: str, masked: str) -> list[tuple[int, int, str]]:
    """(start, end, kind) of each marker of `masked`, as places of `text`."""
    kept = _MARKER.split(masked)
    found = re.fullmatch("(.+?)".join(re.escape(piece) for piece in kept), text, re.DOTALL)
    if found is None:
        raise ValueError("the masked text does not come from the text")
    kinds = [_KINDS[marker] for marker in _MARKER.findall(masked)]
    return [(*found.span(number), kind) for number, kind in enumerate(kinds, 1)]


def caught(case: Case, marks: list[tuple[int, int, str]], start: int, end: int) -> bool:
    """Whether no letter and no digit of the datum is left."""
    hidden = {at for first, last, _ in marks for at in range(first, last)}
    return all(at in hidden for at in range(start, end) if case.text[at].isalnum())


def is_right(case: Case, mark: tuple[int, int, str]) -> bool:
    """Whether the mark stands over a datum of its kind, with no more than a little of what is around it."""
    first, last, kind = mark
    inside = {at for start, end, _ in case.planted for at in range(start, end)}
    beyond = sum(1 for at in range(first, last) if at not in inside)
    return beyond <= _SLACK and any(what == kind and start < last and first < end for start, end, what in case.planted)


def score(cases: Iterable[Case], mask: Mask) -> tuple[dict[tuple[str, bool], Score], list[Case]]:
    """Scores by (kind, disguised), and the cases in which something is wrong.

    Recall counts the data of the case's own kind; precision counts all marks, under the kind they claim.
    """
    scores: dict[tuple[str, bool], Score] = defaultdict(Score)
    wrong: list[Case] = []
    for case in cases:
        marks = marks_of(case.text, mask(case.text)[0])
        good = True
        for start, end, kind in case.planted:
            if kind != case.kind:
                continue
            mine = scores[kind, case.disguised]
            mine.planted += 1
            hit = caught(case, marks, start, end)
            mine.caught += hit
            good &= hit
        for mark in marks:
            mine = scores[mark[2], case.disguised]
            mine.marks += 1
            right = is_right(case, mark)
            mine.right += right
            good &= right
        if not good:
            wrong.append(case)
    return dict(scores), wrong
