"""Sentences kept from an incident's mentions: extracted as they stand, few, diverse, with the mention's id."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import islice, pairwise
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from opinion_stream.models.mention import Mention
from opinion_stream.policy.playbooks import Extraction

_SENTENCE = re.compile(r"[^。！？!?；;\r\n]+")
_CLAUSE = re.compile(r"[^，,、：:\s]+")
_OPENING = re.compile(r"\s*(?:#[^#]{1,60}#\s*|【[^】]{1,60}】\s*)+")
"""Hashtags and bracketed headings at the start of a sentence."""

_DIGIT = re.compile(r"\d")
_EDGES = " \t　，,、：:…—-“”\"'"

_MASKED = "〔"
"""How a masked personal datum begins; a clause with one is about a person, not about the matter."""

_LEADING = 3
"""The lead of a first mention is the most telling of so many passages."""

_LATER = 8
"""Passages of a later mention that are looked at."""

_READ = 400
"""Characters of a text that are looked at: who has something to report says it at the beginning."""

_ALIKE = 0.5
"""Two sentences that share half of their pairs of characters say the same."""


@dataclass(frozen=True, slots=True)
class Extract:
    """A passage of a masked mention. `score`: how much it tells of the matter, by the words known when it was kept."""

    mention_id: str
    at: datetime
    text: str
    score: float = 0.0


class Passage(NamedTuple):
    """A piece of a text, and whether a word of time or extent begins in it."""

    text: str
    telling: bool


class Extractor:
    """Keeps the telling sentences of an incident. Holds the policy, no state: `kept` is the caller's."""

    def __init__(self, policy: Extraction) -> None:
        self._policy = policy
        barred = (_MASKED, *policy.not_facts)
        self._barred = len(barred)
        self._automaton = AhoCorasick([*barred, *policy.telling])

    def keep(
        self,
        kept: list[Extract],
        mention: Mention,
        mentions: int,
        sensitivity: float,
        keywords: Sequence[str],
        places: Sequence[str],
    ) -> None:
        """Offer the sentences of one mention to `kept`, which stays within `kept` of the policy.

        `mentions` counts this one, `sensitivity` is the incident's (0-100), `keywords` and `places` are what the
        assessment found. The first passage kept stays for ever: it is how the matter began. A mention gives one
        passage, which takes the place of one that says the same or, when all places are taken, of the weakest, the
        oldest of equals, unless it is weaker itself.
        """
        policy = self._policy
        if kept and mentions < policy.min_mentions and sensitivity < policy.min_sensitivity:
            return
        best, score = "", -1.0
        for passage in islice(self.passages(mention), _LATER if kept else _LEADING):
            value = self._score(passage, keywords, places)
            if value > score:
                best, score = passage.text, value
        if not best:
            return
        if not kept:
            kept.append(Extract(mention.id, mention.published_at, best, score))
            return
        weakest = min(range(1, len(kept)), key=lambda i: (kept[i].score, kept[i].at), default=0)
        full = len(kept) >= policy.kept
        if full and (weakest == 0 or score < kept[weakest].score):
            return
        extract = Extract(mention.id, mention.published_at, best, score)
        for index, known in enumerate(kept):
            if alike(known.text, best) >= _ALIKE:
                if index and score > known.score:
                    kept[index] = extract
                return
        if full:
            kept[weakest] = extract
        else:
            kept.append(extract)

    def passages(self, mention: Mention) -> Iterator[Passage]:
        """Passages of the text (of the title, where there is no text) that state something, in order.

        Each is a sentence, or its longest run of clauses without a greeting, an appeal, a question or a masked
        datum, of at least `min_chars` and at most `max_chars` characters; each stands so in the mention.
        """
        policy = self._policy
        text = (mention.text if mention.text.strip() else mention.title)[:_READ]
        barred: list[int] = []
        telling: list[int] = []
        for number, start, _ in self._automaton.find_matches_as_indexes(text, overlapping=True):
            (barred if number < self._barred else telling).append(start)
        barred.sort()
        telling.sort()
        marked = "#" in text or "【" in text
        for match in _SENTENCE.finditer(text):
            start, end = match.span()
            if marked:
                opening = _OPENING.match(text, start, end)
                start = opening.end() if opening is not None else start
            if _any_in(barred, start, end):
                start, end = _stating(text, start, end, barred)
            passage = text[start:end].strip(_EDGES)
            if len(passage) > policy.max_chars:
                passage = _shorten(passage, policy.max_chars)
            if len(passage) >= policy.min_chars:
                yield Passage(passage, bool(telling) and _any_in(telling, start, end))

    def _score(self, passage: Passage, keywords: Sequence[str], places: Sequence[str]) -> float:
        text = passage.text
        score = float(sum([word in text for word in keywords]))
        if passage.telling or _DIGIT.search(text):
            score += 1.5
        if any(place in text for place in places):
            score += 0.5
        return score


def _any_in(places: list[int], start: int, end: int) -> bool:
    at = bisect_left(places, start)
    return at < len(places) and places[at] < end


def _stating(text: str, start: int, end: int, barred: list[int]) -> tuple[int, int]:
    """The longest run of clauses between `start` and `end` in which no barred word begins; (start, start) if none."""
    best = (start, start)
    run = -1
    for clause in _CLAUSE.finditer(text, start, end):
        if _any_in(barred, *clause.span()):
            run = -1
            continue
        run = clause.start() if run < 0 else run
        if clause.end() - run > best[1] - best[0]:
            best = (run, clause.end())
    return best


def alike(one: str, other: str) -> float:
    """Share of the pairs of characters that two texts have in common, 0-1 (Jaccard)."""
    a, b = _pairs(one), _pairs(other)
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared) if shared else float(one == other)


@lru_cache(4096)
def _pairs(text: str) -> frozenset[str]:
    return frozenset(map("".join, pairwise(text)))


def _shorten(sentence: str, limit: int) -> str:
    """The beginning of a sentence, up to a comma if there is one in the second half of it."""
    start = sentence[:limit]
    cut = max(start.rfind("，"), start.rfind(","))
    return (start[:cut] if cut > limit // 2 else start).rstrip(_EDGES)
