"""Finds the open incident nearest to a mention, at a cost that does not grow with the number of incidents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from opinion_stream.domain.incidents.postings import Allowed, new_postings
from opinion_stream.policy.judgement import Matching


class Match(NamedTuple):
    """The incident that fits a mention best, and what speaks for it."""

    incident_id: str
    score: float
    """0-1, see `Matching`."""
    cosine: float
    shared: tuple[str, ...]
    """Terms of the mention that the incident has too, the mention's heaviest first."""


class OpenIncidents:
    """Centroids of the open incidents of one shard, judged by the rules of the policy."""

    def __init__(self, rules: Matching) -> None:
        self._rules = rules
        self._postings = new_postings()

    def __len__(self) -> int:
        return len(self._postings)

    def put(
        self,
        incident_id: str,
        centroid: Mapping[str, float],
        length: float | None = None,
        taken: int = 1,
        samples: Sequence[Mapping[str, float]] = (),
    ) -> float:
        """Set the centroid of an incident, see `Postings.put`; returns its length.

        The length is not brought up to date when other incidents come and go: that would cost as many steps as the
        incident has terms for each comparison, and it changes slowly. `length` restores the one returned earlier.
        """
        return self._postings.put(incident_id, centroid, length, taken, samples)

    def remove(self, incident_id: str) -> None:
        """Forget an incident; no error if there is none."""
        self._postings.remove(incident_id)

    def nearest(self, features: Mapping[str, float], allowed: Allowed) -> Match | None:
        """The allowed incident that fits best, however badly; None if none shares a telling term with the mention.

        `features`: term -> weight > 0, unit length. Equal scores go to the smaller id.
        """
        rules = self._rules
        best: tuple[float, str, float] | None = None
        for incident_id, signs in self._postings.search(features, allowed, rules.topic_below, rules.alike):
            fit = (-rules.score(signs), incident_id, signs[0])
            if best is None or fit < best:
                best = fit
        if best is None:
            return None
        negative, incident_id, cosine = best
        return Match(incident_id, -negative, cosine, self._postings.common(features, incident_id))
