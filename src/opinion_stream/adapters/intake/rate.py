"""The share of each client: so many mentions a second, so that one cannot crowd out the others."""

from __future__ import annotations

import math
import time
from collections.abc import Callable


class Rates:
    """A bucket per client that fills by `rate` a second up to `burst`; a request may overdraw it, and then waits."""

    def __init__(self, rate: float, burst: int, now: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = max(float(burst), rate)
        self._now = now
        self._held: dict[str, tuple[float, float]] = {}

    def wait(self, client: str, mentions: int) -> int:
        """0: the client may hand in so many now, and they are counted. Else the seconds until it may ask again."""
        now = self._now()
        held, at = self._held.get(client, (self._burst, now))
        held = min(self._burst, held + (now - at) * self._rate)
        if held <= 0:
            self._held[client] = (held, now)
            return max(1, math.ceil(-held / self._rate))
        self._held[client] = (held - mentions, now)
        return 0
