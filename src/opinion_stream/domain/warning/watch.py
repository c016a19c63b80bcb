"""Watches assessed mentions as they join incidents, and opens, renews and closes early warnings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from opinion_stream.domain.incidents.record import IncidentRecord
from opinion_stream.domain.places import Places
from opinion_stream.domain.state import Store
from opinion_stream.domain.warning.bursts import Bursts
from opinion_stream.domain.warning.growth import Growths
from opinion_stream.domain.warning.usual import RegionLevel, Series, Usual
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.models.warning import EarlyWarning, WarningKind, WarningStatus
from opinion_stream.policy.loader import Policy

_USUAL = "usual/"
_OPEN = "warning/"


@dataclass(slots=True)
class OpenWarning:
    """An open warning as last issued, and the event time of the last mention in it (epoch seconds)."""

    shard: str
    warning: EarlyWarning
    last: float


_REGION = TypeAdapter(RegionLevel)
_SERIES = TypeAdapter(Series)
_WARNING = TypeAdapter(OpenWarning)


class Watch:
    """Early warnings of a partition. All memory is in `store`; a watch made from it goes on the same.

    In the store: `usual/<shard>` one region, `usual/<shard>/<category>` one series (bounded by shards and categories),
    `warning/<id>` one open warning. Feed each new mention once, in order, with `see`; then `drain`.
    """

    def __init__(self, policy: Policy, store: Store) -> None:
        self._policy = policy
        self._store = store
        self._places = Places(policy)
        self._categories = {category.name for category in policy.categories.categories}
        usual = Usual(policy.warnings.burst, ZoneInfo(policy.jurisdiction.timezone))
        self._usual = usual
        self._bursts = Bursts(policy, self._places, usual)
        self._growths = Growths(policy, self._places)
        self._regions: dict[str, RegionLevel] = {}
        self._series: dict[tuple[str, str], Series] = {}
        self._open: dict[str, OpenWarning] = {}
        self._by_what: dict[tuple[str, str, str], str] = {}
        self._dirty: set[str] = set()
        self._issued: list[EarlyWarning] = []
        for key, raw in store.items(_USUAL):
            shard, _, category = key.removeprefix(_USUAL).partition("/")
            if category:
                self._series[shard, category] = _SERIES.validate_json(raw)
            else:
                self._regions[shard] = _REGION.validate_json(raw)
        for _, raw in sorted(store.items(_OPEN)):
            self._remember(_WARNING.validate_json(raw))

    def __len__(self) -> int:
        """Number of series: pairs of region and category that have been met."""
        return len(self._series)

    def see(self, item: AssessedMention, record: IncidentRecord) -> None:
        """Take in one new mention that has just joined the incident of `record`."""
        code = item.assessment.region.code
        shard = self._places.shard(code if self._places.knows(code) else self._places.home)
        level1 = item.assessment.category.level1
        category = level1 if level1 in self._categories else self._policy.categories.fallback
        at = item.mention.published_at.timestamp()
        region = self._regions.get(shard)
        if region is None:
            region = self._regions[shard] = self._usual.start(at)
        if self._usual.advance(region, at):
            self._review(shard, region)
        self._usual.add(region.all, region, at)
        series = self._series.get((shard, category))
        if series is None:
            series = self._series[shard, category] = Series(region.all.folded)
        self._usual.add(series, region, at)
        series.latest.append((int(at), item.id, record.id))
        del series.latest[: -self._policy.warnings.kept]
        self._dirty |= {f"{_USUAL}{shard}", f"{_USUAL}{shard}/{category}"}
        self._burst(shard, category, item, series, region)
        self._growth(shard, item, record)

    def drain(self) -> list[EarlyWarning]:
        """The warnings issued since the last call, in order; what changed goes to the store."""
        for key in sorted(self._dirty):
            if key.startswith(_OPEN):
                held = self._open.get(key.removeprefix(_OPEN))
                if held is None:
                    self._store.delete(key)
                else:
                    self._store.put(key, _WARNING.dump_json(held))
                continue
            shard, _, category = key.removeprefix(_USUAL).partition("/")
            value = (
                _SERIES.dump_json(self._series[shard, category])
                if category
                else _REGION.dump_json(self._regions[shard])
            )
            self._store.put(key, value)
        self._dirty.clear()
        issued, self._issued = self._issued, []
        return issued

    def _burst(self, shard: str, category: str, item: AssessedMention, series: Series, region: RegionLevel) -> None:
        key = (WarningKind.BURST.value, shard, category)
        held = self._open.get(self._by_what.get(key, ""))
        if held is None:
            found = self._bursts.opened(warning_id(*key, item.id), shard, category, series, region)
        else:
            found = self._bursts.renewed(held.warning, series, region)
        if found is not None:
            self._issue(OpenWarning(shard, found, region.clock))

    def _growth(self, shard: str, item: AssessedMention, record: IncidentRecord) -> None:
        key = (WarningKind.GROWTH.value, shard, record.id)
        held = self._open.get(self._by_what.get(key, ""))
        if held is None:
            found = self._growths.opened(warning_id(*key, item.id), record)
        else:
            held.last = max(held.last, record.last_at.timestamp())
            self._dirty.add(_OPEN + held.warning.id)
            found = self._growths.renewed(held.warning, record)
        if found is not None:
            self._issue(OpenWarning(shard, found, record.last_at.timestamp()))

    def _review(self, shard: str, region: RegionLevel) -> None:
        """Close what is over; done when a new hour of event time begins."""
        now = datetime.fromtimestamp(region.clock, UTC)
        for held in [held for held in self._open.values() if held.shard == shard]:
            if held.warning.kind is WarningKind.BURST:
                series = self._series[shard, held.warning.category]
                self._usual.fold(series, region)
                self._dirty.add(f"{_USUAL}{shard}/{held.warning.category}")
                closed = self._bursts.over(held.warning, series, region)
            else:
                closed = self._growths.over(held.warning, held.last, now)
            if closed is not None:
                self._issue(OpenWarning(shard, closed, held.last))

    def _issue(self, held: OpenWarning) -> None:
        self._issued.append(held.warning)
        self._dirty.add(_OPEN + held.warning.id)
        if held.warning.status is WarningStatus.CLOSED:
            self._open.pop(held.warning.id, None)
            self._by_what.pop(_what(held), None)
        else:
            self._remember(held)

    def _remember(self, held: OpenWarning) -> None:
        self._open[held.warning.id] = held
        self._by_what[_what(held)] = held.warning.id


def warning_id(kind: str, shard: str, what: str, mention_id: str) -> str:
    """The id of the warning that a mention opens."""
    return "w-" + sha256(f"{kind}|{shard}|{what}|{mention_id}".encode()).hexdigest()[:16]


def _what(held: OpenWarning) -> tuple[str, str, str]:
    warning = held.warning
    what = warning.category if warning.kind is WarningKind.BURST else warning.incidents[0].id
    return warning.kind.value, held.shard, what
