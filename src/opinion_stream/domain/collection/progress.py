"""How far a JSON interface has been read: the round under way, the newest record seen, what was sent lately."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import JsonValue

from opinion_stream.domain.collection.mapping import at
from opinion_stream.domain.collection.paging import Position
from opinion_stream.domain.collection.time_forms import read_time
from opinion_stream.policy.source_data import Since

Watermark = float | None
"""Seconds since 1970, or the number, of the newest record; None: there was none yet."""


@dataclass
class Round:
    """One pass over the pages that were asked for with the same beginning."""

    position: Position
    since: Watermark
    until: float
    """Seconds since 1970: when the round began; no record can be newer."""
    read: int = 0
    last: str = ""
    """Digest of the last page, to know it again."""


@dataclass
class ReadProgress:
    """The cursor of a JSON interface.

    The watermark moves when a round is complete: its first page may be the newest.
    """

    remember: int
    watermark: Watermark = None
    highest: Watermark = None
    """The newest record of the round under way."""
    round: Round | None = None
    seen: dict[str, int] = field(default_factory=dict)
    """Digests of records sent with the number of the round that first had them; the longest unseen first."""
    rounds: int = 0

    @classmethod
    def of(cls, cursor: dict[str, JsonValue], remember: int) -> ReadProgress:
        """From a stored cursor; {} is the beginning. What is not as it should be counts as not stored."""
        made = cls(remember, _number(cursor.get("watermark")), _number(cursor.get("highest")))
        seen = cursor.get("seen")
        if isinstance(seen, dict):
            made.seen = {digest: number for digest, number in seen.items() if isinstance(number, int)}
        rounds = cursor.get("rounds")
        made.rounds = rounds if isinstance(rounds, int) else 0
        stored = cursor.get("round")
        if isinstance(stored, dict):
            position, until, read = stored.get("position"), _number(stored.get("until")), stored.get("read")
            if isinstance(position, int | str | None) and until is not None and isinstance(read, int):
                last = stored.get("last")
                made.round = Round(position, _number(stored.get("since")), until, read, str(last or ""))
        return made

    def stored(self) -> dict[str, JsonValue]:
        """To be stored as the cursor."""
        made: dict[str, JsonValue] = {"watermark": self.watermark, "highest": self.highest}
        made |= {"rounds": self.rounds, "seen": dict(self.seen)}
        if (now := self.round) is not None:
            made["round"] = {
                "position": now.position,
                "since": now.since,
                "until": now.until,
                "read": now.read,
                "last": now.last,
            }
        return made

    def begin(self, position: Position, now: datetime, *, anew: bool = False) -> Round:
        """Begin a round; `anew`: the same one once more."""
        self.highest = None
        self.rounds += 0 if anew else 1
        self.round = Round(position, self.watermark, now.timestamp())
        return self.round

    def complete(self) -> None:
        """The round has come to its end."""
        if self.highest is not None:
            self.watermark = self.highest if self.watermark is None else max(self.watermark, self.highest)
        self.round, self.highest = None, None

    def is_new(self, digest: str) -> bool:
        """Whether the record was not sent lately; it is remembered from now on."""
        first = self.seen.pop(digest, None)
        # At the end again: what is still being served is what must be remembered.
        self.seen[digest] = self.rounds if first is None else first
        if first is not None:
            return False
        while len(self.seen) > self.remember:
            del self.seen[next(iter(self.seen))]
        return True

    def is_older(self, digest: str) -> bool:
        """Whether an earlier round than this one had the record."""
        return self.seen.get(digest, self.rounds) < self.rounds

    def note(self, item: JsonValue, since: Since, zone: ZoneInfo) -> None:
        """Take account of how new the item is. A time in the future counts as the present: a wrong clock on the other
        side must not make us pass over everything up to then."""
        value = at(item, since.at)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return
        found: float | None
        if since.by == "number":
            try:
                found = float(int(value))
            except (ValueError, OverflowError):
                return
        else:
            time = read_time(value, (since.form, "iso"), zone)
            latest = self.round.until if self.round is not None else None
            found = None if time is None else min(time.timestamp(), latest) if latest else time.timestamp()
        if found is not None and (self.highest is None or found > self.highest):
            self.highest = found


def since_parameters(since: Since | None, now: Round, zone: ZoneInfo) -> dict[str, JsonValue]:
    """The parameters that ask for what is new."""
    if since is None:
        return {}
    if since.by == "number":
        # The first time from the very beginning, which 0 would not be where the interface means "after".
        return {} if now.since is None else {since.parameter: max(0, int(now.since) - since.overlap_numbers)}
    until = datetime.fromtimestamp(now.until, UTC)
    if now.since is None:
        begin = until - timedelta(days=since.first_days)
    else:
        begin = datetime.fromtimestamp(now.since, UTC) - timedelta(minutes=since.overlap_minutes)
    made: dict[str, JsonValue] = {since.parameter: _written(begin, since.form, zone)}
    if since.until_parameter is not None:
        made[since.until_parameter] = _written(until + timedelta(seconds=1), since.form, zone)
    return made


def digest_of(data: bytes) -> str:
    """A short digest to know a record again: nothing of it can be read from the state file."""
    return hashlib.blake2b(data, digest_size=9).hexdigest()


def _written(time: datetime, form: str, zone: ZoneInfo) -> JsonValue:
    if form == "unix":
        return int(time.timestamp())
    if form == "unix_ms":
        return int(time.timestamp() * 1000)
    local = time.astimezone(zone).replace(microsecond=0)
    return local.isoformat() if form == "iso" else local.strftime(form)


def _number(value: JsonValue) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
