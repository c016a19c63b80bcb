"""Packs what a batch says to the outside, so that it stands in the changelog before it is said."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence

_LENGTHS = struct.Struct(">HII")
CHUNK_BYTES = 512 * 1024
Said = tuple[str, bytes, bytes]
"""Short name of the topic, key, value."""


def pack(records: Iterable[Said]) -> list[bytes]:
    """The records in order, compressed, in chunks of about half a megabyte before compression."""
    chunks: list[bytes] = []
    parts: list[bytes] = []
    size = 0
    for topic, key, value in records:
        name = topic.encode()
        parts += (_LENGTHS.pack(len(name), len(key), len(value)), name, key, value)
        size += len(key) + len(value)
        if size > CHUNK_BYTES:
            chunks.append(zlib.compress(b"".join(parts), 1))
            parts, size = [], 0
    if parts:
        chunks.append(zlib.compress(b"".join(parts), 1))
    return chunks


def unpack(chunks: Sequence[bytes]) -> Iterator[Said]:
    """What `pack` packed."""
    for chunk in chunks:
        raw = zlib.decompress(chunk)
        at = 0
        while at < len(raw):
            name, key, value = _LENGTHS.unpack_from(raw, at)
            at += _LENGTHS.size
            yield (
                raw[at : at + name].decode(),
                raw[at + name : at + name + key],
                raw[at + name + key : at + name + key + value],
            )
            at += name + key + value
