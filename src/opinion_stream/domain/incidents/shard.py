"""The open incidents of one shard: which one a mention belongs to, and which have gone quiet."""

from __future__ import annotations

import heapq

from opinion_stream.domain.incidents.nearest import Match, OpenIncidents
from opinion_stream.domain.incidents.postings import In
from opinion_stream.domain.incidents.record import IncidentRecord
from opinion_stream.domain.incidents.samples import told_by
from opinion_stream.domain.incidents.why import why_joined, why_opened
from opinion_stream.domain.places import Places
from opinion_stream.domain.ranking import strongest
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.policy.judgement import Grouping


class Shard:
    """Open incidents of one region of `shard_level`. All of it follows from the records and `clock`.

    `clock` is the latest event time seen, in epoch seconds.
    """

    def __init__(self, policy: Grouping, places: Places, clock: float = 0.0) -> None:
        self._policy = policy
        self._places = places
        self.clock = clock
        self.records: dict[str, IncidentRecord] = {}
        self._regions: dict[str, str] = {}
        self._open = OpenIncidents(policy.matching)
        self._holders: dict[str, set[str]] = {}
        self._prints: dict[str, tuple[str, ...]] = {}
        self._quiet: list[tuple[float, str]] = []
        self.match: Match | None = None
        """What fitted the last mention best; None if it is a copy, or if nothing was near."""
        self._asked: tuple[str, bool] | None = None
        self._reopened = ""

    def put(self, record: IncidentRecord, moved: bool = True) -> None:
        """Know a record that is new, changed (`moved`: in what it is about, too) or restored (not `moved`)."""
        known = record.id in self.records
        if not known:
            heapq.heappush(self._quiet, (record.quiet_since, record.id))
        self.records[record.id] = record
        self._regions[record.id] = record.region
        if moved or not known:
            terms, most = record.terms, self._policy.max_features
            centroid = dict(terms) if len(terms) <= most else strongest(terms, most)
            length = None if moved else record.length
            record.length = self._open.put(record.id, centroid, length, told_by(record), record.samples)
        self._set_prints(record.id, tuple(record.fingerprints))

    def advance(self, at: float) -> list[IncidentRecord]:
        """Let event time reach `at` (epoch seconds, earlier ones change nothing).

        The records without a mention for more than `quiet_hours` are forgotten here and returned, longest quiet first.
        """
        self.clock = max(self.clock, at)
        oldest = self.clock - self._policy.quiet_hours * 3600
        closed: list[IncidentRecord] = []
        while self._quiet and self._quiet[0][0] < oldest:
            since, incident_id = heapq.heappop(self._quiet)
            record = self.records.get(incident_id)
            if record is None:
                continue  # removed, or an entry left behind by a reopening
            if record.quiet_since > since:
                heapq.heappush(self._quiet, (record.quiet_since, incident_id))
                continue
            self.remove(incident_id)
            closed.append(record)
        return closed

    def remove(self, incident_id: str) -> None:
        """Know an open incident no longer; no error if there is none."""
        if self.records.pop(incident_id, None) is not None:
            del self._regions[incident_id]
            self._open.remove(incident_id)
            self._set_prints(incident_id, ())

    def holds(self, fingerprint: str) -> bool:
        """Whether an open incident has a mention of the very words."""
        return fingerprint in self._holders

    def find(
        self, item: AssessedMention, region: str, original: str | None, repeats: bool = False
    ) -> tuple[IncidentRecord | None, bool]:
        """The open incident a mention belongs to (None: to none), and whether the mention is a mere copy.

        `repeats`: whether the mention repeats another; `original`: id of that one's incident, if known. A copy joins
        its original, any other mention the nearest incident; neither joins one of another place.
        """
        allowed = In(self._regions, self._places.near(region))
        mention = item.mention
        self.match, self._asked, self._reopened = None, (mention.id, True), ""
        if original in self.records and allowed(original):
            return self.records[original], True
        for incident_id in sorted(self._holders.get(mention.fingerprint, ())):
            if allowed(incident_id):
                return self.records[incident_id], True
        self._asked = mention.id, False
        found = self.match = self._open.nearest(item.assessment.features, allowed)
        if found is None or found.score < self._policy.similarity:
            return None, False
        return self.records[found.incident_id], repeats

    def reopens(self, mention_id: str, why: str) -> None:
        """Told by whoever found a closed incident for a mention: `why` it belongs there, in Chinese."""
        self._asked, self._reopened = (mention_id, False), why

    def reopened(self, mention_id: str) -> bool:
        """Whether a closed incident was opened again for the mention asked for last."""
        return bool(self._reopened) and self._asked is not None and self._asked[0] == mention_id

    def why(self, mention_id: str) -> str:
        """Why the mention asked for last belongs where `find`, or whoever told `reopens`, put it, in Chinese."""
        if self._asked is None or self._asked[0] != mention_id:
            return "此前已收到过这一提及，仍归原事件"
        if self._reopened:
            return self._reopened
        if self._asked[1]:
            return "与事件中已有的提及内容相同"
        threshold = self._policy.similarity
        if self.match is None or self.match.score < threshold:
            return why_opened(self.match, threshold)
        return why_joined(self.match, threshold)

    def _set_prints(self, incident_id: str, now: tuple[str, ...]) -> None:
        before = self._prints.get(incident_id, ())
        if before == now:
            return
        for fingerprint in set(before) - set(now):
            self._holders[fingerprint].discard(incident_id)
            if not self._holders[fingerprint]:
                del self._holders[fingerprint]
        for fingerprint in now:
            self._holders.setdefault(fingerprint, set()).add(incident_id)
        if now:
            self._prints[incident_id] = now
        else:
            self._prints.pop(incident_id, None)
