"""How awake people are at each hour of the day, and how much of it lies in a stretch of time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

HOUR = 3600.0
DAY = 24 * HOUR


class Activity:
    """The daily profile of activity, anchored at a publication; all times are seconds after it.

    `profile`: 24 positive weights, hour 0 first, mean about 1, in local time of `utc_offset_minutes`.
    """

    def __init__(self, profile: Sequence[float], published_at: datetime, utc_offset_minutes: int) -> None:
        self._profile = profile
        self._start = (published_at.timestamp() + 60 * utc_offset_minutes) % DAY
        self._cumulative = [0.0]
        for weight in profile:
            self._cumulative.append(self._cumulative[-1] + weight)

    def between(self, start: float, end: float) -> float:
        """Activity in the stretch, in hours of average activity."""
        return self._until(end) - self._until(start)

    def _until(self, seconds: float) -> float:
        days, rest = divmod(self._start + seconds, DAY)
        hour = int(rest // HOUR)
        part = (rest - hour * HOUR) / HOUR
        return days * self._cumulative[-1] + self._cumulative[hour] + part * self._profile[hour]

    def decayed(self, start: float, end: float, step: float, exponent: float) -> float:
        """Activity in the stretch weighted by a power law of age: sum of activity(t) * (t + 10 min) ** -exponent dt.

        The power law is the memory kernel of Zhao et al. 2015 (SEISMIC, KDD), section 3.
        """
        steps = max(1, math.ceil((end - start) / step))
        total = 0.0
        for i in range(steps):
            at = start + (i + 0.5) * step
            total += self._profile[int((self._start + at) % DAY // HOUR)] * (at + 600.0) ** -exponent
        return total * step
