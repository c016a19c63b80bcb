"""Follows the matters that were answered: how volume and mood went after the response (the effect of the reply)."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta

from pydantic import Field

from opinion_stream.domain.due import DueIndex
from opinion_stream.domain.state import Store
from opinion_stream.models.base import WireModel
from opinion_stream.models.effect import ResponseEffect
from opinion_stream.models.incident import Incident
from opinion_stream.models.task import PublicResponse
from opinion_stream.policy import Policy
from opinion_stream.policy.supervision import Effects

PREFIX = "followup/"
BUCKET_SECONDS = 900
"""Samples are kept by the quarter of an hour, so their number follows from the longest window alone."""


class Followed(WireModel):
    """What is remembered of one incident with a task. Three lists of one length, oldest first."""

    times: tuple[int, ...] = ()
    """Epoch seconds of each sample, and the mentions and concerned ones counted up to then."""
    mentions: tuple[int, ...] = ()
    critical: tuple[int, ...] = ()
    waiting: tuple[PublicResponse, ...] = ()
    """Responses with windows still to come."""
    measured: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    """Response id -> hours already measured."""

    def sampled(self, at: datetime, mentions: int, critical: int, keep: timedelta) -> Followed:
        """With a sample more; those older than `keep` before it are dropped, but the latest of them stays."""
        time = int(at.timestamp())
        if self.times and time < self.times[-1]:
            time = self.times[-1]  # snapshots come in the order of their versions; a clock may step back
        rows = list(zip(self.times, self.mentions, self.critical, strict=True))
        if rows and rows[-1][0] // BUCKET_SECONDS == time // BUCKET_SECONDS and len(rows) > 1:
            rows.pop()
        rows.append((time, mentions, critical))
        oldest = bisect_right([row[0] for row in rows], time - int(keep.total_seconds()))
        rows = rows[max(0, oldest - 1) :]
        times, counts, concerned = zip(*rows, strict=True)
        return self.model_copy(update={"times": times, "mentions": counts, "critical": concerned})

    def count_at(self, at: datetime) -> tuple[int, int]:
        """(mentions, concerned ones) counted up to `at`; what the first sample knew is taken as there before it."""
        index = bisect_right(self.times, int(at.timestamp())) - 1
        return (self.mentions[max(0, index)], self.critical[max(0, index)]) if self.times else (0, 0)


class FollowUp:
    """Keeps samples of the incidents that have a task, and measures when a window after a response has passed.

    Everything durable is in `store`; a follow-up made from it goes on the same. `now` has a zone.
    """

    def __init__(self, policy: Policy, store: Store) -> None:
        self._policy: Effects = policy.supervision.effects
        self._critical = frozenset(nature.value for nature in self._policy.critical_natures)
        self._store = store
        self._due: DueIndex[str] = DueIndex()
        for key, raw in store.items(PREFIX):
            self._watch(key.removeprefix(PREFIX), Followed.model_validate_json(raw))

    def watch(self, incident_id: str) -> None:
        """Follow an incident from now on; one followed already changes nothing."""
        if not self.follows(incident_id):
            self._save(incident_id, Followed())

    def follows(self, incident_id: str) -> bool:
        """Whether snapshots of that incident are wanted."""
        return self._store.get(PREFIX + incident_id) is not None

    def incident(self, incident: Incident, now: datetime) -> None:
        """Take a sample of an incident that is followed."""
        known = self._load(incident.id)
        if known is None:
            return
        critical = sum(number for nature, number in incident.natures.items() if nature in self._critical)
        keep = timedelta(hours=2 * max(self._policy.hours) + 1)
        self._save(incident.id, known.sampled(now, incident.counts.mentions, critical, keep))

    def published(self, response: PublicResponse) -> None:
        """Measure the effect of `response` as its windows pass; the first of an incident's responses is enough."""
        known = self._load(response.incident_id) or Followed()
        if known.measured or known.waiting:
            return
        self._save(response.incident_id, known.model_copy(update={"waiting": (response,)}))

    def tick(self, now: datetime) -> list[ResponseEffect]:
        """The windows that have passed by `now`, each measured once, however late the tick comes."""
        effects: list[ResponseEffect] = []
        for incident_id in self._due.pop(now):
            known = self._load(incident_id)
            if known is None:
                continue
            for response in known.waiting:
                done = known.measured.get(response.id, ())
                ripe = [h for h in self._policy.hours if h not in done and _end(response, h) <= now]
                effects += [self._measured(known, response, hours) for hours in ripe]
                known = known.model_copy(update={"measured": {**known.measured, response.id: (*done, *ripe)}})
            left = tuple(r for r in known.waiting if set(self._policy.hours) - set(known.measured.get(r.id, ())))
            self._save(incident_id, known.model_copy(update={"waiting": left}))
        return effects

    def forget(self, incident_id: str) -> None:
        """The task is gone: follow the incident no more."""
        self._store.delete(PREFIX + incident_id)
        self._due.set(incident_id, None)

    def _measured(self, known: Followed, response: PublicResponse, hours: float) -> ResponseEffect:
        at = response.published_at
        window = timedelta(hours=hours)
        counts = [known.count_at(when) for when in (at - window, at, at + window)]
        before, after = (counts[i + 1][0] - counts[i][0] for i in (0, 1))
        # Taking an incident apart lowers its counts; a window cannot hold fewer than none.
        before, after = max(0, before), max(0, after)
        moods = [_share(counts[i + 1][1] - counts[i][1], n) for i, n in ((0, before), (1, after))]
        enough = before >= self._policy.min_mentions
        return ResponseEffect(
            id=f"{response.id}:{hours:g}h",
            response_id=response.id,
            task_id=response.task_id,
            incident_id=response.incident_id,
            unit=response.unit,
            hours=hours,
            published_at=at,
            measured_at=at + window,
            before=before,
            after=after,
            critical_before=moods[0],
            critical_after=moods[1],
            enough=enough,
            text=_text(hours, before, after, moods, enough),
        )

    def _load(self, incident_id: str) -> Followed | None:
        raw = self._store.get(PREFIX + incident_id)
        return None if raw is None else Followed.model_validate_json(raw)

    def _save(self, incident_id: str, followed: Followed) -> None:
        self._store.put(PREFIX + incident_id, followed.to_bytes())
        self._watch(incident_id, followed)

    def _watch(self, incident_id: str, followed: Followed) -> None:
        ends = [
            _end(response, hours)
            for response in followed.waiting
            for hours in self._policy.hours
            if hours not in followed.measured.get(response.id, ())
        ]
        self._due.set(incident_id, min(ends, default=None))


def _end(response: PublicResponse, hours: float) -> datetime:
    return response.published_at.astimezone(UTC) + timedelta(hours=hours)


def _share(part: int, whole: int) -> float | None:
    return round(min(1.0, max(0.0, part / whole)), 4) if whole else None


def _text(hours: float, before: int, after: int, moods: list[float | None], enough: bool) -> str:
    figures = f"回应前{hours:g}小时{before}条，回应后{hours:g}小时{after}条"
    if not enough:
        return f"{figures}；数量少，不足以判断回应效果"
    change = (after - before) / before
    how = "回落" if change < 0 else "上升" if change > 0 else "持平"
    text = f"{figures}，声量{how}" + (f"{abs(change):.0%}" if change else "")
    if moods[0] is not None and moods[1] is not None:
        text += f"；诉求和质疑占比由{moods[0]:.0%}变为{moods[1]:.0%}"
    return text
