"""Proper names around a change in a text: two texts that differ in one speak of two places or bodies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import rjieba

from opinion_stream.domain.assessment.segment import is_known
from opinion_stream.domain.incidents.wording import Change, Place
from opinion_stream.domain.places import Places
from opinion_stream.policy.copies import CopyRules
from opinion_stream.policy.loader import Policy

_NUMBER = re.compile("[0-9零〇一二两三四五六七八九十百千万]+")

_PROPER = frozenset({"ns", "nt", "nz", "nw"})
"""Tags of names of places, bodies and brands in jieba's dictionary. Names of persons do not tell matters apart: a
complaint is sent to the mayor and to the party secretary by name."""

_MAY_NAME = frozenset("njxesm")
"""First letters of tags of words that can be a name before an ending: nouns, short forms, foreign, unknown, numbers."""

_BETWEEN = frozenset("东西南北中上下前后大小")
"""Characters that stand between a name and its ending: 某某东路."""

_STEP = 2
"""Words that may stand between the change and the ending of the name."""

_GAP = "\n"
"""Stands for a place name that was taken out, so that what stands beside it is not cut together with it."""


@dataclass(frozen=True, slots=True)
class _Names:
    """What is named on one side of a change. `sure`: with an ending, or known as a name; `likely`: unknown words."""

    sure: frozenset[str]
    likely: frozenset[str]
    regions: frozenset[str]

    def all(self) -> frozenset[str]:
        """The names but those of regions."""
        return self.sure | self.likely


class NameJudge:
    """Tells whether changes put one name in the place of another. The names of regions are the policy's."""

    def __init__(self, policy: Policy, places: Places) -> None:
        rules: CopyRules = policy.incidents.copies
        self._places = places
        self._endings = frozenset(rules.name_endings)
        self._numbered = frozenset(rules.numbered_endings)
        self._longest = max(map(len, self._endings), default=0)
        self._common = frozenset(rules.common_words)
        self._wording = tuple(rules.common_words)
        self._kinds = tuple(word for word in rules.common_words if len(word) > 1)
        self._regions: dict[str, list[str]] = {}
        for region in policy.regions.regions:
            for name in (region.name, *region.aliases):
                self._regions.setdefault(name.casefold(), []).append(region.code)
        self._region = _any_of(self._regions)
        self._ended = re.compile(f"(..)({_any_of(end for end in self._endings if len(end) > 1).pattern})")

    def differ(self, changes: Iterable[Change]) -> tuple[str, str] | None:
        """The first (name, other name) that take each other's place; None if the changes are mere wording.

        Numbers are mere wording unless they are a part of a name: 3栋 and 5栋 are, 3号线 and 5号线 are not. A name
        whose characters only change places is a slip of the pen. Words that jieba does not know count as names if
        the other side is one for sure, or if they take each other's place more than once.
        """
        unsure: Counter[tuple[str, str]] = Counter()
        for one, other in changes:
            names, others = self._names(one), self._names(other)
            if names.regions and others.regions and not self._compatible(names.regions, others.regions):
                return min(names.regions), min(others.regions)
            left = names.all() or self._counties(names) or self._beside(others, one)
            right = others.all() or self._counties(others) or self._beside(names, other)
            if not left or not right or _same(left, right):
                continue
            pair = min(left), min(right)
            if names.sure or others.sure:
                return pair
            unsure[pair] += 1
            if unsure[pair] > 1:
                return pair
        return None

    def _compatible(self, ones: frozenset[str], others: frozenset[str]) -> bool:
        return any(
            self._places.compatible(one, other)
            for name in ones
            for one in self._regions[name]
            for far in others
            for other in self._regions[far]
        )

    def _names(self, place: Place) -> _Names:
        """The names that the characters in the span of `place` are a part of."""
        start, end = place.span
        sure: set[str] = set()
        likely: set[str] = set()
        regions = {m[0] for m in self._region.finditer(place.text) if m.start() < end and m.end() > start}
        words = list(_words(self._region.sub(lambda match: _GAP * len(match[0]), place.text)))
        for at, (left, word, tag) in enumerate(words):
            right = left + len(word)
            if right <= start or left >= end or word.isspace():
                continue
            ending = self._ending(words[at + 1 :], word) if self._may_name(word, tag) else ""
            if ending:
                sure.add(word + ending)
            elif word in self._endings and at > 0 and self._may_name(*words[at - 1][1:]):
                sure.add(words[at - 1][1] + word)
            elif len(word) > 1 and word not in self._common and not _NUMBER.fullmatch(word):
                if tag in _PROPER or (self._ends(word) and not is_known(word)):
                    sure.add(word)
                elif not is_known(word):
                    likely.add(word)
        # The characters speak, too, for words are cut wrongly where a name meets another word: 甲花园路灯, 甲花/园路灯.
        for match in self._ended.finditer(place.text):
            if match.start() < end and match.end() > start and not match[1].endswith(self._wording):
                likely.add(match[0])
        stem, ending = self._before_ending(place, words)
        if ending:
            (sure if _NUMBER.fullmatch(stem) else likely).add(stem + ending)
        return _Names(frozenset(sure), frozenset(likely), frozenset(regions))

    def _before_ending(self, place: Place, words: list[tuple[int, str, str]]) -> tuple[str, str]:
        """What the change has put right before a short ending that was cut together with what follows, and the ending:
        中意/路至, 315/路车. Empty if there is none."""
        start, end = place.span
        stem, ending = place.text[start:end], place.text[end : end + 1]
        if ending not in self._endings or stem.endswith(self._wording):
            return "", ""
        if _NUMBER.fullmatch(stem):
            cut = next((word for left, word, _ in words if left == end), ending)
            glued = ending in self._numbered and cut != ending and not is_known(cut)
            return (stem, ending) if glued else ("", "")
        return (stem, ending) if len(stem) > 1 and stem.isalpha() else ("", "")

    def _beside(self, others: _Names, place: Place) -> frozenset[str]:
        """What stands before the same ending as a sure name of the other side is a name, too, whatever its words."""
        start, end = place.span
        stem, rest = place.text[start:end], place.text[end:]
        named = stem
        for word in self._kinds:
            named = named.removesuffix(word)  # 师范安置小区 names one, 安置小区 does not
        if not named or named.endswith(self._wording):
            return frozenset()
        shared = [own for name in others.sure for own in self._endings_of(name) if rest.startswith(own)]
        return frozenset(stem + own for own in shared)

    def _counties(self, names: _Names) -> frozenset[str]:
        """Regions stand for a name where there is no other: not those that hold all the others."""
        return frozenset(name for name in names.regions if self._places.home not in self._regions[name])

    def _may_name(self, word: str, tag: str) -> bool:
        return word not in self._common and (tag[0] in _MAY_NAME or tag == "vn" or not is_known(word))

    def _ending(self, following: list[tuple[int, str, str]], stem: str) -> str:
        """What completes a stem to a name: the words up to one that is a name's ending. "" if nothing does."""
        endings = self._numbered if _NUMBER.fullmatch(stem) else self._endings
        passed = ""
        for _, word, tag in following[:_STEP]:
            passed += word
            if word in endings or (word[0] in _BETWEEN and word[1:] in endings):
                return passed
            # What is a name of its own is not a part of the one before it.
            own = tag in _PROPER or tag.startswith("nr") or not is_known(word)
            if endings is self._numbered or not self._may_name(word, tag) or (own and len(word) > 1):
                return ""
        return ""

    def _ends(self, word: str) -> bool:
        return bool(self._endings_of(word))

    def _endings_of(self, word: str) -> list[str]:
        longest = min(self._longest, len(word) - 1)
        return [word[-size:] for size in range(1, longest + 1) if word[-size:] in self._endings]


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Matches any of `words`, the longest first; nothing at all if there is none."""
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return re.compile("|".join(map(re.escape, longest_first)) or "(?!)")


def _same(ones: Iterable[str], others: Iterable[str]) -> bool:
    """Whether one side has a name of the other, at most with its characters in another order or with more to it."""
    rights = list(others)
    return any(sorted(a) == sorted(b) or a in b or b in a for a in ones for b in rights)


def _words(text: str) -> Iterator[tuple[int, str, str]]:
    """(position, word, part of speech) of each word."""
    at = 0
    for word, tag in rjieba.tag(text):
        yield at, word, tag
        at += len(word)
