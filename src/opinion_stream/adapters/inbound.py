"""Hands raw records to the inbound topic: what connectors, `replay` and the demo share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import orjson

from opinion_stream.domain.collection.clean import clean, fingerprint
from opinion_stream.errors import Rejected


def inbound_key(value: bytes) -> bytes:
    """The key of a raw record: the hash of its words, so that repeats meet in one partition.

    A record that is no mention is keyed by the hash of its bytes.
    """
    try:
        data = orjson.loads(value)
    except orjson.JSONDecodeError:
        data = None
    if isinstance(data, dict):
        title, text = data.get("title") or "", data.get("text")
        if isinstance(title, str) and isinstance(text, str):
            with suppress(Rejected):
                # Cleaned, or the same words in other markup would not meet.
                title, text = clean(title), clean(text)
            return fingerprint(title, text).encode()
    return hashlib.blake2b(value, digest_size=16).hexdigest().encode()


def raw_lines(path: Path) -> Iterator[bytes]:
    """The records of a JSON Lines file as raw bytes, blank lines left out; lines may be malformed."""
    with path.open("rb") as file:
        for line in file:
            record = line.rstrip(b"\r\n")
            if record.strip():
                yield record
