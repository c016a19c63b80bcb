"""Hash chains: each audited act of a subject is bound to all before it, so that no row can be changed unseen."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

START = "0" * 64
"""What stands for the hash before the first entry of a chain."""


@dataclass(frozen=True)
class Entry:
    """An act to be audited: when it was done, what kind of act, and its content as canonical JSON."""

    at: datetime
    kind: str
    payload: str


@dataclass(frozen=True)
class Link:
    """An entry in its place: the `seq`-th (from 1) of its subject, bound to the one before by `prev`."""

    subject: str
    seq: int
    entry: Entry
    prev: str
    hash: str


def canonical(fields: dict[str, object]) -> str:
    """The fields as JSON with sorted keys: equal content gives equal text. Times in UTC."""
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS, default=str).decode()


def entry(at: datetime, kind: str, fields: dict[str, object]) -> Entry:
    """An entry of these fields."""
    return Entry(at, kind, canonical(fields))


def hash_of(subject: str, seq: int, act: Entry, prev: str) -> str:
    """SHA-256, in hexadecimal, over the canonical JSON of the whole row and the hash before it."""
    at = act.at.astimezone(UTC).isoformat(timespec="microseconds")
    row = {"at": at, "kind": act.kind, "payload": act.payload, "prev": prev, "seq": seq, "subject": subject}
    return hashlib.sha256(canonical(dict(row)).encode()).hexdigest()


def extend(subject: str, last: Link | None, entries: Sequence[Entry]) -> list[Link]:
    """The links that continue the chain after `last` (None: it begins) with these entries, in order."""
    seq, prev = (last.seq, last.hash) if last is not None else (0, START)
    links: list[Link] = []
    for act in entries:
        seq += 1
        link = Link(subject, seq, act, prev, hash_of(subject, seq, act, prev))
        links.append(link)
        prev = link.hash
    return links


def not_yet(last: Link | None, known: Sequence[Entry]) -> Sequence[Entry]:
    """What of a record's own list of acts, oldest first, comes after the last entry of its chain.

    The record must be newer than all that the chain was made of: the times of acts do not tell their order, for a
    person may date an act back. Records keep all acts of a task, so that the number of the link is the place of its
    act, and the latest 50 of an incident. If the last entry is no longer among those, more happened at once than a
    record keeps, and all that is later goes on the chain.
    """
    if last is None:
        return known
    if len(known) >= last.seq and known[last.seq - 1] == last.entry:
        return known[last.seq :]
    for index in range(len(known) - 1, -1, -1):
        if known[index] == last.entry:
            return known[index + 1 :]
    return [act for act in known if act.at > last.entry.at]


@dataclass(frozen=True)
class Broken:
    """The first row of a chain that does not hold, and why (in Chinese)."""

    subject: str
    seq: int
    why: str


class Proof:
    """Takes all links, sorted by subject and number, and tells whether they hold; `fingerprint` stands for all.

    Two ledgers with the same chains have the same fingerprint, in whatever order the chains grew.
    """

    def __init__(self) -> None:
        self.subjects = 0
        self.links = 0
        self._last: Link | None = None
        self._digest = hashlib.sha256()

    def take(self, links: Iterable[Link]) -> Broken | None:
        """Check the next links; the first that does not hold, or None."""
        for link in links:
            last = self._last if self._last is not None and self._last.subject == link.subject else None
            if last is None:
                self._end()
                self.subjects += 1
            expected = last.seq + 1 if last else 1
            if link.seq != expected:
                return Broken(link.subject, expected, f"缺少这一条：下一条是第{link.seq}条")
            if link.prev != (last.hash if last else START):
                return Broken(link.subject, link.seq, "与上一条不衔接：上一条被改动或替换")
            if link.hash != hash_of(link.subject, link.seq, link.entry, link.prev):
                return Broken(link.subject, link.seq, "内容与哈希不符：这一条被改动")
            self.links += 1
            self._last = link
        return None

    def _end(self) -> None:
        if self._last is not None:
            self._digest.update(f"{self._last.subject}\x1f{self._last.seq}\x1f{self._last.hash}\x1e".encode())

    def fingerprint(self) -> str:
        """SHA-256 over the end of every chain. To be asked once, after the last link."""
        self._end()
        self._last = None
        return self._digest.hexdigest()
