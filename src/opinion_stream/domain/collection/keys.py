"""The keys of pseudonyms and seals: which one is in force on which day, so that they can be rotated."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `id` names its period in every voice ("" for a key without period); it is in force from `since`."""

    id: str
    since: date
    secret: bytes = field(repr=False)


class KeyRing:
    """Keys by the day from which each is in force, until the next one is.

    The key follows from a day in the record, never from the machine's clock: a replay gives the same voices.
    `rotation_days`: after so many days a key should give way to another; None where no period was agreed.
    Raises ValueError for no key, an empty secret, and two keys with one id or one day.
    """

    def __init__(self, keys: Iterable[Key], rotation_days: int | None = None) -> None:
        self.keys = tuple(sorted(keys, key=lambda key: key.since))
        self.rotation_days = rotation_days
        self._since = [key.since for key in self.keys]
        if not self.keys or not all(key.secret for key in self.keys):
            raise ValueError("the pseudonym key is empty")
        if len(set(self._since)) < len(self.keys) or len({key.id for key in self.keys}) < len(self.keys):
            raise ValueError("two keys have the same id or the same first day")

    def on(self, day: date) -> Key:
        """The key in force on that day; before the first key's day, the first key."""
        return self.keys[max(0, bisect_right(self._since, day) - 1)]

    def overdue(self, today: date) -> int:
        """By how many days the key in force today is older than its period; 0 while it is not, or without period."""
        if self.rotation_days is None:
            return 0
        return max(0, (today - self.on(today).since).days - self.rotation_days)


def ring_of(key: KeyRing | bytes) -> KeyRing:
    """The ring itself, or a ring of one key without period. Raises ValueError if the key is empty."""
    return key if isinstance(key, KeyRing) else KeyRing([Key("", date.min, key)])
