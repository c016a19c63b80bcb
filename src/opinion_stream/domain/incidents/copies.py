"""Near copies: finds among the recent mentions of a shard the one whose words a mention repeats."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import orjson
from rensa import RMinHash, RMinHashLSH

from opinion_stream.domain.collection.clean import words_only
from opinion_stream.domain.incidents.proper_names import NameJudge
from opinion_stream.domain.incidents.wording import compare, grams
from opinion_stream.domain.state import Store
from opinion_stream.models.mention import Mention
from opinion_stream.policy.copies import CopyRules

PERMUTATIONS = 128
BANDS = 64
"""Two texts that share a fifth of their shingles meet in a band of two hashes with probability 0.93, a third: 0.999."""

SEED = 1
MAX_CHARS = 2000
"""Characters of a text that are compared."""

CANDIDATES = 8
"""Mentions compared in full, the likeliest first."""

DOUBT = 0.06
"""How much the estimate of a Jaccard similarity may be too low: one and a half standard deviations at 0.3."""

GRAMS_PER_CHAR = 0.75
"""Each change takes several shingles with it, so fewer shingles than characters are in common."""

SAME = 0.8
"""A copy that shares so much (Jaccard) with its original says nothing else. It is not remembered beside it either, for
copies of it find the original."""


@dataclass(frozen=True, slots=True)
class CopyOf:
    """`original`: id of the first mention with these words. `share`: common part of the shorter text, 0-1.

    For a copy of a copy, the share is that with the copy it was found by. `says_more`: whether it has words of its
    own besides, so that it still tells what the matter is about. `exact`: whether it repeats word for word.
    """

    original: str
    share: float
    says_more: bool = False
    exact: bool = False

    @property
    def text(self) -> str:
        """The reason in Chinese, with the share."""
        if self.exact:
            return f"与提及 {self.original} 文字完全相同"
        return f"与提及 {self.original} 近似重复：较短一篇有 {self.share:.0%} 的文字与其相同，且未换成别的地名、单位名"


@dataclass(frozen=True, slots=True)
class _Known:
    """A mention that is remembered. `words` is empty where its original stands for it; `of` is None for an original."""

    id: str
    at: float
    region: str
    of: CopyOf | None
    words: str

    def to_bytes(self) -> bytes:
        of = None if self.of is None else [self.of.original, self.of.share, self.of.says_more]
        return orjson.dumps([self.id, self.at, self.region, of, self.words])

    @staticmethod
    def from_bytes(raw: bytes) -> _Known:
        name, at, region, of, words = orjson.loads(raw)
        return _Known(name, at, region, None if of is None else CopyOf(*of), words)


class CopyIndex:
    """The mentions of one shard within `window_days` and at most `max_remembered`; both bound the memory.

    In the store: `<prefix><number>` one entry per remembered mention, numbered in the order of their arrival. The
    index over them is built anew from it, so that it may change with the library. Without a store all is in memory.
    """

    def __init__(self, rules: CopyRules, names: NameJudge, store: Store | None, prefix: str) -> None:
        self._rules = rules
        self._names = names
        self._store = store
        self._prefix = prefix
        self._window = rules.window_days * 86_400
        self._lsh = RMinHashLSH(0.2, PERMUTATIONS, BANDS)
        self._known: dict[int, _Known] = {}
        self._hashes: dict[int, RMinHash] = {}
        self._numbers: dict[str, int] = {}
        self._order: deque[int] = deque()
        self._next = 0
        for key, raw in sorted(store.items(prefix)) if store is not None else ():
            known = _Known.from_bytes(raw)
            self._keep(int(key[len(prefix) :]), known, _signature(known.words) if known.words else None)

    def __len__(self) -> int:
        """Number of mentions remembered."""
        return len(self._known)

    def copy_of(self, mention: Mention) -> CopyOf | None:
        """What a mention that was taken repeats: word for word by `duplicate_of`, or nearly; None for an original."""
        if mention.duplicate_of is not None:
            return CopyOf(self._first(mention.duplicate_of), 1.0, exact=True)
        number = self._numbers.get(mention.id)
        return None if number is None else self._known[number].of

    def take(self, mention: Mention, at: float, region: str, allowed: Callable[[str], bool]) -> CopyOf | None:
        """Find what a mention repeats, and remember it for those to come.

        `at`: event time of the shard in epoch seconds, which never falls. `allowed`: whether a region may mean the
        same place as `region`, that of the mention. A copy of a copy is a copy of the first original. A mention that
        was forgotten and comes again is judged anew; it is no copy of its own copies.
        """
        self._forget(at)
        if mention.duplicate_of is not None or mention.id in self._numbers:
            return self.copy_of(mention)
        words = words_only(mention.title + mention.text)[:MAX_CHARS]
        if len(words) < self._rules.min_chars:
            return None
        hashes = _signature(words)
        of = self._find(mention.id, words, hashes, allowed)
        stands = of is None or of.says_more
        known = _Known(mention.id, at, region, of, words if stands else "")
        if self._store is not None:
            self._store.put(f"{self._prefix}{self._next:012d}", known.to_bytes())
        self._keep(self._next, known, hashes if stands else None)
        return of

    def _find(self, mention_id: str, words: str, hashes: RMinHash, allowed: Callable[[str], bool]) -> CopyOf | None:
        met = self._lsh.query(hashes)
        if not met:
            return None
        likely = sorted((-hashes.jaccard(self._hashes[number]), number) for number in met)
        for estimate, number in likely[:CANDIDATES]:
            known = self._known[number]
            if -estimate < self._least(len(known.words), len(words)) or not allowed(known.region):
                continue
            like = compare(known.words, words, self._rules.min_share)
            if like is None or like.share < self._rules.min_share or like.chars < self._rules.min_chars:
                continue
            if self._names.differ(like.changes) is None:
                original = self._first(known.id)
                if original == mention_id:  # it was forgotten before its copy was, and comes again
                    return None
                return CopyOf(original, round(like.share, 4), says_more=like.jaccard < SAME)
        return None

    def _least(self, one: int, other: int) -> float:
        """The lowest estimate with which texts of these lengths can have the least share in common."""
        common = min(one, other) * self._rules.min_share * GRAMS_PER_CHAR
        return common / (one + other - common) - DOUBT

    def _first(self, mention_id: str) -> str:
        """The original that a mention repeats, itself if none. An original that was forgotten and came again may be
        a copy by now; so it goes on from one to the next, never in a circle, for none is found to repeat itself."""
        while (number := self._numbers.get(mention_id)) is not None:
            of = self._known[number].of
            if of is None:
                break
            mention_id = of.original
        return mention_id

    def _keep(self, number: int, known: _Known, hashes: RMinHash | None) -> None:
        self._next = number + 1
        self._known[number] = known
        self._numbers[known.id] = number
        self._order.append(number)
        if hashes is not None:
            self._hashes[number] = hashes
            self._lsh.insert(number, hashes)

    def _forget(self, at: float) -> None:
        """Forget what lies before the window, and make room for one more."""
        while self._order:
            number = self._order[0]
            known = self._known[number]
            if known.at >= at - self._window and len(self._order) < self._rules.max_remembered:
                return
            self._order.popleft()
            del self._known[number]
            del self._numbers[known.id]
            if self._hashes.pop(number, None) is not None:
                self._lsh.remove(number)
            if self._store is not None:
                self._store.delete(f"{self._prefix}{number:012d}")


def _signature(words: str) -> RMinHash:
    """MinHash of the shingles of `words`."""
    hashes = RMinHash(PERMUTATIONS, SEED)
    hashes.update(grams(words))
    return hashes
