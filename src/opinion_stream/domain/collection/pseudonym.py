"""Pseudonyms: authors become voices, which can be counted as distinct and for nothing else."""

from __future__ import annotations

import hmac
import re
import unicodedata

from opinion_stream.domain.collection.keys import Key

_AROUND = re.compile(r"^[\W_]+|[\W_]+$")


def voice(author: str, key: Key | bytes, scope: str = "") -> str:
    """Keyed pseudonym of an author: HMAC-SHA256 over scope and author, 16 hexadecimal digits.

    With a key that has a period, its id and a hyphen stand before (`2026q4-…`): an author who speaks in two periods
    has two voices, and whoever counts them can see so.

    Equal for equal author, scope and key. The scope is the source: account names are unique within a source
    only, and the same name in two sources must not tie two people, or one person's two accounts, together.
    Raises ValueError if the key is empty.
    """
    if isinstance(key, bytes):
        return keyed_hash(key, "voice", scope, author)[:16]
    name = voice(author, key.secret, scope)
    return f"{key.id}-{name}" if key.id else name


def plain_name(author: str) -> str:
    """An author's name without width, case, and the signs and spaces around it: `（匿名）` is `匿名`.

    A name of nothing but signs is kept as it is, e.g. `***`.
    """
    folded = "".join(unicodedata.normalize("NFKC", author).casefold().split())
    return _AROUND.sub("", folded) or folded


def period_of(voice: str) -> str:
    """The id of the key behind a voice; empty for a key without period."""
    return voice.partition("-")[0] if "-" in voice else ""


def keyed_hash(key: bytes, *parts: str) -> str:
    """HMAC-SHA256 (64 hexadecimal digits) over the parts; ("ab", "c") and ("a", "bc") differ.

    Keyed, since identifiers such as phone numbers are few enough to be found again from a plain hash.
    Raises ValueError if the key is empty.
    """
    if not key:
        raise ValueError("the pseudonym key is empty")
    return hmac.digest(key, "".join([f"{len(part)}:{part}" for part in parts]).encode(), "sha256").hex()
