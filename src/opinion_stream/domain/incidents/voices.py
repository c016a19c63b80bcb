"""How many different voices spoke: exact while they are few, an estimate in bounded memory when many."""

from __future__ import annotations

from bisect import bisect_left
from hashlib import blake2b

from opinion_stream.domain.collection.pseudonym import period_of

KEPT = 512
"""Exact up to here; beyond, the standard error is 1/sqrt(KEPT - 2), about 4.4 %."""

PERIODS = 16
"""So many periods of pseudonym keys are told apart in one matter."""

_BITS = 52
"""Hashes stay below 2**53, so that any JSON reader keeps them exact."""


def voice_hash(voice: str) -> int:
    """A number below 2**52 for a pseudonym, evenly spread."""
    return int.from_bytes(blake2b(voice.encode(), digest_size=8).digest()) >> (64 - _BITS)


def add_voice(hashes: list[int], voice: str) -> None:
    """Take a voice into `hashes`, the sorted list of the KEPT smallest ones; a known voice changes nothing."""
    value = voice_hash(voice)
    at = bisect_left(hashes, value)
    if at == KEPT or (at < len(hashes) and hashes[at] == value):
        return
    hashes.insert(at, value)
    del hashes[KEPT:]


def add_period(periods: list[str], voice: str | None) -> list[str]:
    """The key periods of the voices taken in, sorted, a few at most, and that of one more; a new list if it is new."""
    if voice is None:
        return periods
    period = period_of(voice)
    return periods if period in periods or len(periods) >= PERIODS else sorted([*periods, period])


def count_voices(hashes: list[int]) -> int:
    """Number of distinct voices taken in; never falls when one is added.

    Bar-Yossef et al. 2002, "Counting distinct elements in a data stream", algorithm 1, in the unbiased form
    (k - 1) / U(k) of Beyer et al. 2007, "On synopses for distinct-value estimation".
    """
    if len(hashes) < KEPT:
        return len(hashes)
    return max(KEPT, round((KEPT - 1) * 2.0**_BITS / (hashes[-1] + 1)))


def merge_voices(one: list[int], other: list[int]) -> list[int]:
    """The voices of both, as if all had been taken into one list: the smallest hashes of a union are exact."""
    return sorted({*one, *other})[:KEPT]


def drop_voices(hashes: list[int], leaving: list[str], most: int) -> None:
    """Take voices out of `hashes` in order, as far as more than `most` remain; see `merging` for why not all."""
    for voice in leaving:
        if len(hashes) <= most or len(hashes) >= KEPT:
            return
        value = voice_hash(voice)
        if value in hashes:
            hashes.remove(value)
