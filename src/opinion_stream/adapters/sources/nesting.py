"""A guard against pages built to hang a parser."""

from __future__ import annotations

import re

from opinion_stream.errors import SourceError

_BLOCKS = (
    "div|section|article|main|aside|nav|header|footer|table|tbody|tr|td|ul|ol|dl|li|blockquote|form|fieldset|center|"
    "details|figure|pre|address|h[1-6]|p"
)
_OPEN_OR_CLOSE = re.compile(rf"<(/?)(?:{_BLOCKS})\b", re.IGNORECASE)
_DEEPEST = 5000
"""Nested blocks cost HTML parsers quadratic time: 5,000 take 0.06 s, 100,000 half a minute. Honest pages have tens."""


def check_nesting(html: str, place: str) -> None:
    """Raise SourceError `too_complex` when blocks are nested too deep; `place`: host and path, for the message.

    End tags that HTML lets out (`</p>`, `</li>`) count as missing, so a very long page without any is refused too.
    """
    if html.count("<") <= _DEEPEST:
        return
    depth = 0
    for match in _OPEN_OR_CLOSE.finditer(html):
        depth = max(0, depth - 1) if match[1] else depth + 1
        if depth > _DEEPEST:
            raise SourceError("too_complex", f"{place}: more than {_DEEPEST} elements nested in one another")
