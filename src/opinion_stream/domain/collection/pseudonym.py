"""Pseudonyms: authors become voices, which can be counted as distinct and for nothing else."""

from __future__ import annotations

import functools
import hmac


def voice(author: str, key: bytes, scope: str = "") -> str:
    """Keyed pseudonym of an author: HMAC-SHA256 over scope and author, 16 hexadecimal digits.

    Equal for equal author, scope and key. The scope is the source: account names are unique within a source
    only, and the same name in two sources must not tie two people, or one person's two accounts, together.
    Raises ValueError if the key is empty.
    """
    return keyed_hash(key, "voice", scope, author)[:16]


def keyed_hash(key: bytes, *parts: str) -> str:
    """HMAC-SHA256 (64 hexadecimal digits) over the parts; ("ab", "c") and ("a", "bc") differ.

    Keyed, since identifiers such as phone numbers are few enough to be found again from a plain hash.
    Raises ValueError if the key is empty.
    """
    mac = _mac(key).copy()
    mac.update("".join([f"{len(part)}:{part}" for part in parts]).encode())
    return mac.hexdigest()


@functools.lru_cache(maxsize=4)
def _mac(key: bytes) -> hmac.HMAC:
    if not key:
        raise ValueError("the pseudonym key is empty")
    return hmac.new(key, digestmod="sha256")
