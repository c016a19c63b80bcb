"""Seals what must be kept but not read: the original bytes of dead letters."""

from __future__ import annotations

import base64
import zlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from opinion_stream.errors import OpinionStreamError


class Sealer:
    """Deterministic authenticated encryption (AES-SIV, RFC 5297) under a key derived from the secret.

    Deterministic, so that a record which is processed again after a crash gives the same dead letter.
    """

    def __init__(self, secret: bytes) -> None:
        key = HKDF(algorithm=SHA256(), length=64, salt=None, info=b"opinion-stream dead letters v1").derive(secret)
        self._cipher = AESSIV(key)

    def seal(self, data: bytes) -> str:
        """Compressed, encrypted, base64."""
        return base64.b64encode(self._cipher.encrypt(zlib.compress(data, 6), None)).decode("ascii")

    def open(self, sealed: str) -> bytes:
        """The original bytes. Raises OpinionStreamError when the key is another one or the text was changed."""
        try:
            return zlib.decompress(self._cipher.decrypt(base64.b64decode(sealed), None))
        except (InvalidTag, ValueError, zlib.error) as error:
            raise OpinionStreamError(
                "the dead letter cannot be opened: OPINION_PSEUDONYM_KEY is not the key it was sealed with"
            ) from error
