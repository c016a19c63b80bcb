"""The closed incidents of one shard that a late mention may reopen: bounded, and apart from the open ones."""

from __future__ import annotations

import heapq

from opinion_stream.domain.incidents.nearest import Match, OpenIncidents
from opinion_stream.domain.incidents.postings import In
from opinion_stream.domain.incidents.record import IncidentRecord
from opinion_stream.domain.incidents.samples import told_by
from opinion_stream.domain.places import Places
from opinion_stream.domain.ranking import strongest
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.policy.judgement import Grouping


class ClosedIncidents:
    """What is needed to recognise a closed incident; the records themselves stay in the store.

    Searched only when no open incident fits, by an index of its own, so that the cost of a mention depends
    neither on their number nor, for mentions of open matters, on their being there at all. Everything here follows
    from the records.
    """

    def __init__(self, policy: Grouping, places: Places) -> None:
        self._policy = policy
        self._places = places
        self.similarity = max(policy.similarity, policy.reopen_similarity)
        self._index = OpenIncidents(policy.matching)
        self._regions: dict[str, str] = {}
        self._since: dict[str, float] = {}
        self._prints: dict[str, tuple[str, ...]] = {}
        self._holders: dict[str, set[str]] = {}
        self._quiet: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._regions)

    def __contains__(self, incident_id: str) -> bool:
        return incident_id in self._regions

    def put(self, record: IncidentRecord, *, restored: bool = False) -> None:
        """Know a record that has just been closed, whose length is set by this, or one that is restored."""
        terms, most = record.terms, self._policy.max_features
        centroid = dict(terms) if len(terms) <= most else strongest(terms, most)
        length = record.length if restored else None
        record.length = self._index.put(record.id, centroid, length, told_by(record), record.samples)
        self._regions[record.id] = record.region
        self._prints[record.id] = tuple(record.fingerprints)
        for fingerprint in record.fingerprints:
            self._holders.setdefault(fingerprint, set()).add(record.id)
        self._since[record.id] = record.quiet_since
        heapq.heappush(self._quiet, (record.quiet_since, record.id))
        if len(self._quiet) > 2 * len(self._since) + 64:  # those reopened leave their entries behind
            self._quiet = [(since, incident_id) for incident_id, since in self._since.items()]
            heapq.heapify(self._quiet)

    def remove(self, incident_id: str) -> None:
        """No longer closed, or forgotten; no error if it is not known."""
        if self._regions.pop(incident_id, None) is None:
            return
        self._index.remove(incident_id)
        del self._since[incident_id]
        for fingerprint in set(self._prints.pop(incident_id)):
            self._holders[fingerprint].discard(incident_id)
            if not self._holders[fingerprint]:
                del self._holders[fingerprint]

    def forget(self, clock: float) -> list[str]:
        """Forget those too old or too many at event time `clock` (epoch seconds), longest quiet first; their ids."""
        oldest = clock - self._policy.quiet_hours * 3600 - self._policy.reopen_days * 86_400
        gone: list[str] = []
        while self._quiet:
            since, incident_id = self._quiet[0]
            known = self._since.get(incident_id) == since
            if known and since >= oldest and len(self) <= self._policy.max_closed:
                break
            heapq.heappop(self._quiet)
            if known:
                gone.append(incident_id)
                self.remove(incident_id)
        return gone

    def holds_copy(self, item: AssessedMention, region: str, original: str | None) -> str | None:
        """The closed incident that has the very words of a mention, or in which its `original` stands."""
        if original is not None and original in self._regions and self._allowed(region, original):
            return original
        holders = self._holders.get(item.mention.fingerprint)
        if holders is None:
            return None
        return min((incident_id for incident_id in holders if self._allowed(region, incident_id)), default=None)

    def nearest(self, item: AssessedMention, region: str) -> Match | None:
        """The closed incident that a mention is near enough to to reopen it; None if there is none."""
        found = self._index.nearest(item.assessment.features, In(self._regions, self._places.near(region)))
        return None if found is None or found.score < self.similarity else found

    def _allowed(self, region: str, incident_id: str) -> bool:
        return self._places.compatible(region, self._regions[incident_id])
