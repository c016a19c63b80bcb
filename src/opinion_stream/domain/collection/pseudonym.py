"""Pseudonyms: authors become voices, which can be counted as distinct and for nothing else."""

from __future__ import annotations

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
    if not key:
        raise ValueError("the pseudonym key is empty")
    return hmac.digest(key, "".join([f"{len(part)}:{part}" for part in parts]).encode(), "sha256").hex()
