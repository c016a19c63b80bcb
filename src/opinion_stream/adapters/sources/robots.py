"""robots.txt (RFC 9309): what a host lets us read, and how far apart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from protego import Protego

from opinion_stream.adapters.clock import Clock
from opinion_stream.errors import SourceError

MAX_BYTES = 512_000
"""RFC 9309, 2.5: at least 500 kibibytes are to be parsed."""
UNREACHABLE_MINUTES = 5.0
"""For so long an unreachable robots.txt is not asked for again."""

Ask = Callable[[str], Awaitable[tuple[int, bytes]]]
"""Fetches an address: status and body. Raises SourceError when the host does not answer, or answers 429 or 5xx."""


@dataclass(frozen=True)
class _Rules:
    parsed: Protego | None
    error: SourceError | None
    until: datetime


class Robots:
    """The rules of every origin met, each believed for some hours."""

    def __init__(self, agent: str, hours: float, ask: Ask, clock: Clock) -> None:
        """`agent`: our name in robots.txt."""
        self._agent = agent
        self._believed = timedelta(hours=hours)
        self._ask = ask
        self._clock = clock
        self._rules: dict[str, _Rules] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def crawl_delay(self, url: str) -> float:
        """Seconds that must lie between two requests, 0 without such a rule.

        Raises SourceError `robots` when the address is forbidden, `robots_unreachable` when the rules cannot be
        had: then nothing may be read (RFC 9309, 2.3.1.4).
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        async with self._locks.setdefault(origin, asyncio.Lock()):
            rules = self._rules.get(origin)
            if rules is None or rules.until <= self._clock.now():
                rules = self._rules[origin] = await self._fetched(origin)
        if rules.error is not None:
            raise rules.error
        if rules.parsed is None:
            return 0.0
        if not rules.parsed.can_fetch(url, self._agent):
            raise SourceError("robots", f"robots.txt of {parts.netloc} forbids {parts.path or '/'}")
        rate = rules.parsed.request_rate(self._agent)
        per_request = rate.seconds / rate.requests if rate is not None and rate.requests else 0.0
        return max(rules.parsed.crawl_delay(self._agent) or 0.0, per_request)

    async def _fetched(self, origin: str) -> _Rules:
        now = self._clock.now()
        try:
            status, body = await self._ask(f"{origin}/robots.txt")
        except SourceError as error:
            unreachable = SourceError(
                "robots_unreachable",
                f"robots.txt of {urlsplit(origin).netloc} cannot be had ({error.reason}), so nothing is read there",
                retry_after=error.retry_after,
            )
            return _Rules(None, unreachable, now + timedelta(minutes=UNREACHABLE_MINUTES))
        parsed = Protego.parse(body[:MAX_BYTES].decode("utf-8", "replace")) if status == 200 else None
        return _Rules(parsed, None, now + self._believed)
