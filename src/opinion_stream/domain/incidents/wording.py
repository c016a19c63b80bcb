"""How much two texts have in common, wherever it stands in them, and where one has other words than the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from opinion_stream.native import native

GRAM = 4
"""Characters per shingle: three stand in common by chance too often, and with five a changed word costs more."""

AROUND = 8
"""Characters around a change that are looked at to see whether it is part of a name."""

LONGEST_CHANGE = 30
"""A longer stretch in place of another is another passage, not another name in the same one."""

NEAREST = 6
"""Where too much is different at an end of the text, so many characters next to the common words are compared: what
lies further out is a comment, another title, or what was cut off."""

LONGEST_NAME = 14
"""Nor is what is longer than this after what is common at both ends is taken away."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Place:
    """One side of a change: a piece of text and where in it the differing characters stand (start, end)."""

    text: str
    span: Span


Change = tuple[Place, Place]


@dataclass(frozen=True, slots=True)
class Likeness:
    """What two texts have in common.

    `chars`: characters of the shorter text that stand in the other, too, in runs of GRAM or more. `share`: their
    share of the shorter text, 0-1. `jaccard`: share of common shingles among all, 0-1.
    """

    chars: int
    share: float
    jaccard: float
    changes: tuple[Change, ...] = ()


_native = native("text")


def grams(text: str) -> list[bytes]:
    """All runs of GRAM characters (UTF-16 units, zero bytes at the end left out), in order; none in a shorter text."""
    raw = _units(text)
    if _native is not None:
        runs: list[bytes] = _native.shingles(raw, 2 * GRAM, 2)
        return runs
    return _runs_of(raw)


def _units(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _runs_of(raw: bytes) -> list[bytes]:
    return [raw[at : at + 2 * GRAM].rstrip(b"\0") for at in range(0, len(raw) - 2 * GRAM + 1, 2)]


class Shared(NamedTuple):
    """What two texts have in common, in shingles."""

    common: int
    """Different shingles that both have."""
    different: tuple[int, int]
    """Different shingles of each."""
    places: tuple[int, int]
    """Where shingles begin in each that the other has, too."""
    runs: tuple[list[Span], list[Span]]
    """The maximal stretches of each that are covered by common shingles."""


def plain_shared(one: bytes, other: bytes) -> Shared:
    """`shared` in Python."""
    ones, others = _runs_of(one), _runs_of(other)
    set_one, set_other = set(ones), set(others)
    common = set_one & set_other
    return Shared(
        len(common),
        (len(set_one), len(set_other)),
        (sum([gram in common for gram in ones]), sum([gram in common for gram in others])),
        (_common_runs(ones, common), _common_runs(others, common)),
    )


def shared(one: bytes, other: bytes) -> Shared:
    """What two texts (as UTF-16, little-endian) have in common."""
    return plain_shared(one, other) if _native is None else Shared(*_native.shared(one, other))


def compare(one: str, other: str, least: float) -> Likeness | None:
    """What `one` and `other` (words only) have in common; None if that is sure to be less than the share `least`.

    The changes are left out where the share is less than `least`.
    """
    has = shared(_units(one), _units(other))
    short, which = (one, 0) if len(one) <= len(other) else (other, 1)
    # A shingle covers at most GRAM characters, so fewer than this cannot cover the share.
    if has.different[which] == 0 or has.places[which] * GRAM < least * len(short):
        return None
    chars = sum([end - start for start, end in has.runs[which]])
    jaccard = has.common / (sum(has.different) - has.common)
    share = chars / len(short)
    if share < least:
        return Likeness(chars, share, jaccard)
    return Likeness(chars, share, jaccard, tuple(_changes(one, other, has.runs[1])))


def _common_runs(ordered: list[bytes], common: set[bytes]) -> list[Span]:
    """The maximal stretches of a text that are covered by common shingles."""
    runs: list[Span] = []
    start, end = 0, -1
    for at, gram in enumerate(ordered):
        if gram not in common:
            continue
        if at > end:
            if end > 0:
                runs.append((start, end))
            start = at
        end = at + GRAM
    if end > 0:
        runs.append((start, end))
    return runs


def _changes(one: str, other: str, runs: list[Span]) -> Iterator[Change]:
    """Where `other` has other words than `one` between the same words, or at an end of the text.

    `runs`: what is common, as stretches of `other`. What only one of the two has is no change.
    """
    bounds = [(0, 0), *runs, (len(other), len(other))]
    for (_, start), (end, _) in pairwise(bounds):
        before = other[start - GRAM : start] if start else ""
        after = other[end : end + GRAM]
        if not before and not after:
            continue
        sides = [_between(one, before, after, end - start)]
        if not (before and after):
            sides.append(_nearest(one, before, after))
        for number, span in enumerate(sides):
            if span is None:
                continue
            there = (start, end)
            if number:
                there = (start, min(end, start + NEAREST)) if before else (max(0, end - NEAREST), end)
            here, there = _trim(one, span, other, there)
            if 0 < here[1] - here[0] <= LONGEST_NAME and 0 < there[1] - there[0] <= LONGEST_NAME:
                yield _place(one, here), _place(other, there)
                break


def _between(text: str, before: str, after: str, length: int) -> Span | None:
    """The stretch of `text` between two contexts that is nearest in length; "" stands for an end of the text."""
    best: Span | None = None
    for end in _occurrences(text, after) if after else [len(text)]:
        start = text.rfind(before, 0, end) + len(before) if before else 0
        if (before and start < len(before)) or start > end or end - start > LONGEST_CHANGE:
            continue
        if best is None or abs(end - start - length) < abs(best[1] - best[0] - length):
            best = start, end
    return best


def _nearest(text: str, before: str, after: str) -> Span | None:
    """What stands next to the only context that there is, at an end of the other text."""
    at = text.find(after) if after else text.rfind(before)
    if at < 0:
        return None
    return (max(0, at - NEAREST), at) if after else (at + GRAM, min(len(text), at + GRAM + NEAREST))


def _occurrences(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def _trim(one: str, here: Span, other: str, there: Span) -> tuple[Span, Span]:
    """The two spans without what they have in common at their beginnings and ends."""
    (a, b), (c, d) = here, there
    while a < b and c < d and one[a] == other[c]:
        a, c = a + 1, c + 1
    while a < b and c < d and one[b - 1] == other[d - 1]:
        b, d = b - 1, d - 1
    return (a, b), (c, d)


def _place(text: str, span: Span) -> Place:
    start = max(0, span[0] - AROUND)
    return Place(text[start : span[1] + AROUND], (span[0] - start, span[1] - start))
