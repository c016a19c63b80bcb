"""Seals what must be kept but not read: the original bytes of dead letters."""

from __future__ import annotations

import base64
import zlib
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from opinion_stream.domain.collection.keys import KeyRing, ring_of
from opinion_stream.errors import OpinionStreamError


class Sealer:
    """Deterministic authenticated encryption (AES-SIV, RFC 5297) under a key derived from the secret.

    Deterministic, so that a record which is processed again after a crash gives the same dead letter. Of several
    keys the one in force on the record's day seals; all of them open.
    """

    def __init__(self, secret: KeyRing | bytes) -> None:
        self._ring = ring_of(secret)
        self._ciphers = {key.id: _cipher(key.secret) for key in self._ring.keys}

    def seal(self, data: bytes, at: datetime | None = None) -> str:
        """Compressed, encrypted, base64. `at`: the record's time; without it the latest key seals."""
        key = self._ring.on(at.date()) if at is not None else self._ring.keys[-1]
        return base64.b64encode(self._ciphers[key.id].encrypt(zlib.compress(data, 6), None)).decode("ascii")

    def open(self, sealed: str) -> bytes:
        """The original bytes. Raises OpinionStreamError when no key fits, or it was changed."""
        for key in reversed(self._ring.keys):
            try:
                return zlib.decompress(self._ciphers[key.id].decrypt(base64.b64decode(sealed), None))
            except (InvalidTag, ValueError, zlib.error):
                continue
        raise OpinionStreamError(
            "the dead letter cannot be opened: OPINION_PSEUDONYM_KEY holds no key it was sealed with "
            "(a key may leave the list only when dead letters of its days have expired)"
        )


def _cipher(secret: bytes) -> AESSIV:
    return AESSIV(HKDF(algorithm=SHA256(), length=64, salt=None, info=b"opinion-stream dead letters v1").derive(secret))
