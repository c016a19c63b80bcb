"""From the bytes of a page or feed to its text: by what is declared, checked; else by detection."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from charset_normalizer import from_bytes

_PATTERN = r"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)"""
_DECLARED = re.compile(_PATTERN, re.IGNORECASE)
_DECLARED_BYTES = re.compile(_PATTERN.encode(), re.IGNORECASE)
_HEAD = 4096
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "cp936": "gb18030", "big5": "big5hkscs", "cp950": "big5hkscs"}
"""What is declared is often the older, smaller set, while the page uses the wider one (WHATWG Encoding, 4.2)."""
_VAGUE = ("iso8859-1", "cp1252", "ascii")
"""Servers state these by habit; every byte decodes, so nothing would tell that it is wrong."""
_BROKEN_SHARE = 0.01


def decoded(body: bytes, content_type: str = "", encoding: str | None = None) -> str:
    """The text of `body`. `content_type`: the HTTP header; `encoding`: what the operator knows better.

    A declared encoding that does not fit the bytes is not believed. Single broken bytes become U+FFFD.
    """
    declared = list(dict.fromkeys(_declared(body, content_type, encoding)))
    # What decodes as UTF-8 is UTF-8, whatever is declared: its pattern does not come about by chance.
    trusted = [*(name for name in declared if name not in _VAGUE), "utf-8"]
    if encoding is None and not body.startswith(codecs.BOM_UTF16_LE) and not body.startswith(codecs.BOM_UTF16_BE):
        trusted.insert(0, trusted.pop())
    for name in trusted:
        try:
            return body.decode(name).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
    for name in trusted:
        text = body.decode(name, "replace")
        if text.count("\ufffd") <= _BROKEN_SHARE * len(text):
            return text
    for found in (_detected(body), *declared):
        if found is not None:
            return body.decode(found, "replace")
    return body.decode("utf-8", "replace")


def _declared(body: bytes, content_type: str, encoding: str | None) -> Iterator[str]:
    """Encodings that are named, the most trusted first: operator, byte order mark, HTTP, the page itself."""
    labels = [encoding] if encoding else []
    labels += [name for bom, name in _BOMS if body.startswith(bom)]
    labels += _DECLARED.findall(content_type)
    labels += [label.decode() for label in _DECLARED_BYTES.findall(body[:_HEAD])]
    yield from (name for name in map(_known, labels) if name is not None)


def _detected(body: bytes) -> str | None:
    best = from_bytes(body[:200_000], cp_isolation=["gb18030", "big5hkscs", "utf_8"]).best()
    return _known(best.encoding) if best is not None else None


def _known(label: str) -> str | None:
    """Python's name of an encoding of text, the wider set for an old one; None for what is no such name."""
    try:
        name = codecs.lookup(label).name
        # Some codecs turn bytes into bytes (hex, zip): no text comes of them.
        "".encode(name)
    except (LookupError, ValueError, TypeError):
        return None
    return _WIDER.get(name, name)
