"""The mark of a replayed record: headers that name its dead letter, so that a second failure is parked, not looped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LETTER = "opinion-dead-letter"
ATTEMPT = "opinion-replay-attempt"
VERSION = "opinion-dead-letter-version"
_MOST = 1_000_000


@dataclass(frozen=True)
class Attempt:
    """One replay. `number` counts from 1; `version` is that of the dead letter once the outcome is known."""

    letter_id: str
    number: int
    version: int

    def headers(self) -> tuple[tuple[str, bytes], ...]:
        """As headers of a Kafka record."""
        return (
            (LETTER, self.letter_id.encode()),
            (ATTEMPT, str(self.number).encode()),
            (VERSION, str(self.version).encode()),
        )


def attempt_of(headers: Iterable[tuple[str, bytes]]) -> Attempt | None:
    """The attempt a record's headers tell of; None when there is none or it makes no sense (anyone may set headers)."""
    found = {name: value for name, value in headers if name in (LETTER, ATTEMPT, VERSION)}
    letter, number, version = (found.get(name, b"") for name in (LETTER, ATTEMPT, VERSION))
    if not (letter.isascii() and number.isdigit() and version.isdigit() and len(number) < 8 and len(version) < 8):
        return None
    attempt = Attempt(letter.decode("ascii"), int(number), int(version))
    return attempt if 1 <= attempt.number < attempt.version <= _MOST else None
