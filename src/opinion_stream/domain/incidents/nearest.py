"""Finds the open incident nearest to a mention, at a cost that does not grow with the number of incidents."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable

MAX_POSTINGS = 128
"""A term that stands in more open incidents than this tells too little to look them all up."""

MAX_VISITS = 512
"""Entries looked at per mention, the rarest terms first."""

CANDIDATES = 12
"""Incidents compared in full per mention."""

PRIOR = 100
"""As if so many incidents were open already: while there are few, the rarity of a term says little."""

RARITY_POWER = 1.5
"""How much more a rare term counts; it takes the place of an idf table of this city's own texts."""


class OpenIncidents:
    """Centroids of the open incidents of one shard, and which of them hold each term.

    Everything here follows from the centroids and their lengths, so it is rebuilt from the stored incidents.
    """

    def __init__(self) -> None:
        self._centroids: dict[str, dict[str, float]] = {}
        self._lengths: dict[str, float] = {}
        self._holders: dict[str, set[str]] = {}
        self._table = _Rarities(0)

    def __len__(self) -> int:
        return len(self._centroids)

    def put(self, incident_id: str, centroid: dict[str, float], length: float | None = None) -> float:
        """Set the centroid of an incident (term -> weight > 0); returns its length by the rarity of its terms now.

        The length is not brought up to date when other incidents come and go: that would cost as many steps as the
        incident has terms for each comparison, and it changes slowly. `length` restores the one returned earlier.
        """
        before = self._centroids.get(incident_id, {})
        for term in before.keys() - centroid.keys():
            self._let_go(term, incident_id)
        for term in centroid.keys() - before.keys():
            self._holders.setdefault(term, set()).add(incident_id)
        self._centroids[incident_id] = centroid
        if length is None:
            rarity, holders = self._rarities(), self._holders
            length = math.sqrt(sum([(weight * rarity[len(holders[term])]) ** 2 for term, weight in centroid.items()]))
        self._lengths[incident_id] = length
        return length

    def remove(self, incident_id: str) -> None:
        """Forget an incident; no error if there is none."""
        self._lengths.pop(incident_id, None)
        for term in self._centroids.pop(incident_id, {}):
            self._let_go(term, incident_id)

    def _let_go(self, term: str, incident_id: str) -> None:
        holders = self._holders[term]
        holders.discard(incident_id)
        if not holders:
            del self._holders[term]

    def nearest(
        self, features: dict[str, float], threshold: float, allowed: Callable[[str], bool]
    ) -> tuple[str, float] | None:
        """(id, cosine) of the nearest allowed incident at `threshold` or above; None if there is none.

        Terms are weighted by rarity on both sides. Equal cosines go to the smaller id.
        """
        rarity = self._rarities()
        known: list[tuple[int, str, float]] = []
        products: dict[str, float] = {}
        square = 0.0
        for term, weight in features.items():
            holders = self._holders.get(term)
            number = len(holders) if holders else 0
            rare = rarity[number]
            weighted = weight * rare
            square += weighted * weighted
            if number:
                known.append((number, term, weighted * weighted))
                products[term] = weighted * rare  # twice: the rarity of the mention's term and that of the incident's
        if square == 0.0:
            return None
        norm = math.sqrt(square)
        best: tuple[float, str] | None = None
        for incident_id in self._candidates(known, square * threshold * threshold, allowed):
            centroid = self._centroids[incident_id]
            # fsum: the sum must not depend on the order of a set, which differs between processes.
            dot = math.fsum([products[term] * centroid[term] for term in products.keys() & centroid.keys()])
            similarity = min(1.0, dot / (norm * self._lengths[incident_id])) if dot > 0.0 else 0.0
            if similarity >= threshold and (best is None or (-similarity, incident_id) < best):
                best = -similarity, incident_id
        return None if best is None else (best[1], -best[0])

    def _candidates(
        self, known: list[tuple[int, str, float]], least: float, allowed: Callable[[str], bool]
    ) -> list[str]:
        """The allowed incidents that share most of the weight of the mention's rarest terms.

        Left out are those whose shared terms cannot reach a squared weight of `least`, whatever their centroid.
        `known`: (number of incidents that hold it, term, squared weight) of each term that any holds.
        """
        shared: dict[str, float] = {}
        visits = 0
        known.sort()
        unseen = sum([square for _, _, square in known])
        for number, term, square in known:
            visits += number
            if number > MAX_POSTINGS or visits > MAX_VISITS:
                break
            unseen -= square
            for incident_id in self._holders[term]:
                shared[incident_id] = shared.get(incident_id, 0.0) + square
        ranked = [(-weight, incident_id) for incident_id, weight in shared.items() if weight + unseen >= least]
        heapq.heapify(ranked)  # only the first few of hundreds are wanted in order
        chosen: list[str] = []
        while ranked and len(chosen) < CANDIDATES:
            _, incident_id = heapq.heappop(ranked)
            if allowed(incident_id):
                chosen.append(incident_id)
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
