"""Paging through a JSON interface: what to ask for at a position, and where to go on after an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urljoin

from pydantic import JsonValue

from opinion_stream.domain.collection.mapping import at
from opinion_stream.policy.source_data import Links, Offsets, PageNumbers, Paging, Tokens

Position = int | str | None
"""A page's number, an offset, a token, an address; None for the beginning where that has no number."""

_NEXT_LINK = re.compile(r"<([^<>]+)>([^<>]*)")
_IS_NEXT = re.compile(r"""\brel\s*=\s*(?:"[^"]*\bnext\b[^"]*"|'[^']*\bnext\b[^']*'|next\b)""", re.IGNORECASE)


def first_position(paging: Paging | None) -> Position:
    """Where a round of pages begins."""
    if isinstance(paging, PageNumbers):
        return paging.first
    return 0 if isinstance(paging, Offsets) else None


def parameters(paging: Paging | None, position: Position) -> dict[str, JsonValue]:
    """The parameters that ask for the page at `position`."""
    if isinstance(paging, PageNumbers | Offsets):
        made: dict[str, JsonValue] = {paging.parameter: position}
        if paging.size_parameter is not None:
            made[paging.size_parameter] = paging.size
        return made
    if isinstance(paging, Tokens) and position is not None:
        return {paging.parameter: position}
    return {}


def next_position(
    paging: Paging | None, position: Position, answer: JsonValue, link_header: str, items: int, read: int, url: str
) -> Position:
    """Where to go on after `answer`, which was found at `position` (`url`) and holds `items` records; None: the end.

    `read`: records of this round so far, these among them. What the server says of its total is held against it, and
    not pages times their size: servers give fewer than they are asked for.
    """
    if isinstance(paging, PageNumbers | Offsets):
        if not items or not isinstance(position, int):
            return None
        following = position + (1 if isinstance(paging, PageNumbers) else items)
        total = at(answer, paging.total_at) if paging.total_at else None
        if isinstance(total, str) and total.isdecimal():
            total = int(total)
        if isinstance(total, int) and not isinstance(total, bool):
            return following if read < total else None
        return following
    if isinstance(paging, Tokens):
        token = at(answer, paging.at)
        return str(token) if isinstance(token, int | str) and not isinstance(token, bool) and str(token) else None
    if isinstance(paging, Links):
        link = at(answer, paging.at) if paging.at else linked(link_header)
        return urljoin(url, link) if isinstance(link, str) and link.strip() else None
    return None


def linked(header: str) -> str | None:
    """The address that a `Link` header gives the relation `next` (RFC 8288, section 3)."""
    for target, attributes in _NEXT_LINK.findall(header):
        if _IS_NEXT.search(attributes):
            return str(target)
    return None


def placed(body: Mapping[str, JsonValue], given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """`body` with the parameters in their places; `a.b` is `b` within the object `a`."""
    made = dict(body)
    for name, value in given.items():
        head, _, rest = name.partition(".")
        inner = made.get(head)
        made[head] = placed(inner if isinstance(inner, dict) else {}, {rest: value}) if rest else value
    return made
