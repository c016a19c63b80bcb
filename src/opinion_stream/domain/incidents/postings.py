"""Which open incidents hold which terms, and what a mention has in common with those that share its rarest ones."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, Protocol, cast

from opinion_stream.native import native

MAX_POSTINGS = 128
"""A term that stands in more open incidents than this tells too little to look them all up."""

MAX_VISITS = 256
"""Entries looked at per mention, the rarest terms first."""

CANDIDATES = 6
"""Incidents compared in full per mention."""

JUDGED = 3
"""The nearest of them, which are judged by all signs."""

LEAST = 0.1
"""Incidents of a smaller cosine are not looked at: none of them was ever the right one."""

PRIOR = 100
"""As if so many incidents were open already: while there are few, the rarity of a term says little."""

RARITY_POWER = 1.5
"""How much more a rare term counts; it takes the place of an idf table of this city's own texts."""

Signs = tuple[float, float, float, float, float, float]
"""(cosine, lead, topic, rarest, second, together) as in `policy.judgement.Matching`."""


class In(NamedTuple):
    """Allows the incidents that stand in one of some regions. The compiled search looks into it without a call."""

    regions: dict[str, str]
    """Of each incident."""
    near: frozenset[str]

    def __call__(self, incident_id: str, /) -> bool:
        """Whether an incident is allowed. KeyError for an unknown one."""
        return self.regions[incident_id] in self.near


Allowed = Callable[[str], bool] | In


class Postings(Protocol):
    """Centroids (term -> weight > 0) by the id of their incident, and the incidents that hold each term.

    Everything in it follows from the centroids and their lengths, so it is rebuilt from the stored incidents.
    """

    def __len__(self) -> int:
        """Number of incidents."""

    def put(
        self,
        incident_id: str,
        centroid: Mapping[str, float],
        length: float | None,
        taken: int,
        samples: Sequence[Mapping[str, float]],
        /,
    ) -> float:
        """Set the centroid of an incident; returns its length by the rarity of its terms now, or `length` if given.

        `taken`: how many mentions (at least 1) the centroid is the sum of. `samples`: features of some of them; none
        if the mean of all may stand for them.
        """

    def remove(self, incident_id: str, /) -> None:
        """Forget an incident; no error if there is none."""

    def search(
        self, features: Mapping[str, float], allowed: Allowed, below: float, alike: float, /
    ) -> list[tuple[str, Signs]]:
        """(id, signs) of the allowed incidents that are nearest by cosine, at most JUDGED, the nearest first.

        `features`: term -> weight > 0. `below`, `alike`: `topic_below` and `alike` of `Matching`.
        """

    def common(self, features: Mapping[str, float], incident_id: str, /) -> tuple[str, ...]:
        """The terms of `features` that an incident has, too, in their order there. KeyError for an unknown id."""


class PlainPostings:
    """`Postings` in Python. `native/postings.c` does the same, step by step, ten times as fast."""

    def __init__(self) -> None:
        self._centroids: dict[str, Mapping[str, float]] = {}
        self._taken: dict[str, int] = {}
        self._samples: dict[str, Sequence[Mapping[str, float]]] = {}
        self._lengths: dict[str, float] = {}
        self._holders: dict[str, set[str]] = {}
        self._table = _Rarities(0)

    def __len__(self) -> int:
        return len(self._centroids)

    def put(
        self,
        incident_id: str,
        centroid: Mapping[str, float],
        length: float | None,
        taken: int,
        samples: Sequence[Mapping[str, float]],
        /,
    ) -> float:
        """See `Postings`."""
        before = self._centroids.get(incident_id, {})
        for term in before.keys() - centroid.keys():
            self._let_go(term, incident_id)
        for term in centroid.keys() - before.keys():
            known = self._holders.get(term)
            if known is None:
                self._holders[term] = {incident_id}
            else:
                known.add(incident_id)
        self._centroids[incident_id] = centroid
        self._taken[incident_id] = taken
        if samples:
            self._samples[incident_id] = samples
        else:
            self._samples.pop(incident_id, None)
        if length is None:
            rarity, holders = self._rarities(), self._holders
            weighted = [weight * rarity[len(holders[term])] for term, weight in centroid.items()]
            length = math.sqrt(sum([value * value for value in weighted]))
        self._lengths[incident_id] = length
        return length

    def remove(self, incident_id: str, /) -> None:
        """See `Postings`."""
        self._lengths.pop(incident_id, None)
        self._taken.pop(incident_id, None)
        self._samples.pop(incident_id, None)
        for term in self._centroids.pop(incident_id, {}):
            self._let_go(term, incident_id)

    def _let_go(self, term: str, incident_id: str) -> None:
        holders = self._holders[term]
        holders.discard(incident_id)
        if not holders:
            del self._holders[term]

    def search(
        self, features: Mapping[str, float], allowed: Allowed, below: float, alike: float, /
    ) -> list[tuple[str, Signs]]:
        """See `Postings`."""
        rarity = self._rarities()
        known: list[tuple[int, str, float]] = []
        rare: dict[str, float] = {}
        products: dict[str, float] = {}
        square = 0.0
        holders_of = self._holders.get
        for term, weight in features.items():
            holders = holders_of(term)
            number = len(holders) if holders else 0
            value = rarity[number]
            weighted = weight * value
            square += weighted * weighted
            if number:
                known.append((number, term, weighted * weighted))
                rare[term] = value
                products[term] = weighted * value  # twice: the rarity of the mention's term and of the incident's
        if square == 0.0:
            return []
        norm = math.sqrt(square)
        ranked: list[tuple[float, str, list[str]]] = []
        for incident_id in self._candidates(known, square * LEAST * LEAST, allowed):
            centroid = self._centroids[incident_id]
            # In the order of the mention's terms, never in that of a set, which differs between processes.
            shared = [term for term in products if term in centroid]
            dot = sum([products[term] * centroid[term] for term in shared])
            cosine = min(1.0, dot / (norm * self._lengths[incident_id])) if dot > 0.0 else 0.0
            if cosine >= LEAST:
                ranked.append((-cosine, incident_id, shared))
        ranked.sort()
        judged: list[tuple[str, Signs]] = []
        for place, (negative, incident_id, shared) in enumerate(ranked[:JUDGED]):
            lead = -negative - self._rival(ranked, place, alike)
            rest = self._signs(features, rare, shared, incident_id, below)
            judged.append((incident_id, (-negative, lead, *rest)))
        return judged

    def common(self, features: Mapping[str, float], incident_id: str, /) -> tuple[str, ...]:
        """See `Postings`."""
        centroid = self._centroids[incident_id]
        return tuple([term for term in features if term in centroid])

    def _signs(
        self, features: Mapping[str, float], rare: dict[str, float], shared: list[str], incident_id: str, below: float
    ) -> tuple[float, float, float, float]:
        """(topic, rarest, second, together)."""
        centroid, taken = self._centroids[incident_id], self._taken[incident_id]
        first = second = topic = 0.0
        for term in shared:
            weight, mean, value = features[term], centroid[term] / taken, rare[term]
            if value < below:
                topic += weight * mean
            # What only few of the incident's mentions say is not its name.
            name = value if 2.0 * mean >= weight else value * 2.0 * mean / weight
            if name > first:
                first, second = name, first
            elif name > second:
                second = name
        return topic, first, second, self._together(features, rare, shared, incident_id)

    def _together(
        self, features: Mapping[str, float], rare: dict[str, float], shared: list[str], incident_id: str
    ) -> float:
        """The largest value of the sign `together` that one of the incident's samples gives."""
        samples, taken = self._samples.get(incident_id), 1
        if samples is None:
            samples, taken = (self._centroids[incident_id],), self._taken[incident_id]
        weighted = [(term, features[term], rare[term]) for term in shared]
        best = 0.0
        for sample in samples:
            every = names = 0.0
            for term, weight, value in weighted:
                if term in sample:
                    product = weight * sample[term]
                    every += product
                    names += product * value
            together = min(names, every - names)
            if together > best:
                best = together
        return best / taken

    def _rival(self, ranked: list[tuple[float, str, list[str]]], place: int, alike: float) -> float:
        """Cosine of the nearest incident but the one at `place` that is about something else.

        Two fragments of one matter are near to each other, and neither speaks against the other.
        """
        one = self._centroids[ranked[place][1]]
        length = self._lengths[ranked[place][1]]
        rarity = self._rarities()
        for other, (negative, incident_id, _) in enumerate(ranked):
            if other == place:
                continue
            two = self._centroids[incident_id]
            dot = sum([one[t] * two[t] * rarity[len(self._holders[t])] ** 2 for t in one if t in two])
            if dot < alike * length * self._lengths[incident_id]:
                return -negative
        return 0.0

    def _candidates(self, known: list[tuple[int, str, float]], least: float, allowed: Allowed) -> list[str]:
        """The allowed incidents that share most of the weight of the mention's rarest terms.

        Left out are those whose shared terms cannot reach a squared weight of `least`, whatever their centroid.
        `known`: (number of incidents that hold it, term, squared weight) of each term that any holds.
        """
        shared: defaultdict[str, float] = defaultdict(float)
        visits = 0
        known.sort()
        unseen = sum([square for _, _, square in known])
        for number, term, square in known:
            visits += number
            if number > MAX_POSTINGS or visits > MAX_VISITS:
                break
            unseen -= square
            for incident_id in self._holders[term]:
                shared[incident_id] += square
        # Only the first few of hundreds are wanted in order, and most often all of these are allowed.
        least_of_first = sorted(shared.values())[-2 * CANDIDATES] if len(shared) > 2 * CANDIDATES else 0.0
        for floor in (least_of_first, 0.0):
            ranked = [(-w, incident_id) for incident_id, w in shared.items() if w >= floor and w + unseen >= least]
            ranked.sort()
            chosen = list(islice((incident_id for _, incident_id in ranked if allowed(incident_id)), CANDIDATES))
            if floor == 0.0 or len(chosen) == CANDIDATES:
                break
        return chosen

    def _rarities(self) -> _Rarities:
        """The table for as many incidents as are open now, in steps of two percent to be made seldom."""
        step = int(math.log(len(self._centroids) + PRIOR) * 50)
        if self._table.step != step:
            self._table = _Rarities(step)
        return self._table


class _Rarities(dict[int, float]):
    """How many incidents hold a term -> its weight: 1 if none does, 0 if all do."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self.step = step

    def __missing__(self, held: int) -> float:
        share = math.log(held + 1) * 50 / (self.step + 1)
        value = self[held] = math.pow(max(0.0, 1.0 - share), RARITY_POWER)
        return value


def new_postings() -> Postings:
    """Empty ones, compiled if they were built."""
    module = native("postings")
    if module is None:
        return PlainPostings()
    made = module.Postings(
        max_postings=MAX_POSTINGS,
        max_visits=MAX_VISITS,
        candidates=CANDIDATES,
        judged=JUDGED,
        least=LEAST,
        prior=PRIOR,
        power=RARITY_POWER,
    )
    return cast("Postings", made)
