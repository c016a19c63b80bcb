"""What the first hours of a cascade show: counts, rates, gaps, and the activity still to be expected.

The text and any label are never read. The hour of publication is used in one way only: through the daily profile of
activity (`circadian.py`), since a post made late at night waits for the morning. It is no feature of its own: in the
data the parameters were fitted on, the hour also tells how a post was collected.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from opinion_stream.domain.forecast.circadian import HOUR, Activity

SLICES = ((0, 1), (1, 2), (2, 4), (4, 6), (6, 8), (8, 10), (10, 11), (11, 12))
"""Sub-windows, in twelfths of the window."""

HORIZON = 96 * HOUR
"""Nearly all reposts come within four days; activity after that is not counted."""

Features = dict[str, float]


def many_features(reposts: Sequence[float], window: float, activity: Activity) -> Features:
    """Features of a cascade with at least 20 reposts inside the window.

    `reposts`: ascending seconds after publication, none beyond `window` (seconds). Shares are logs of (1 + count)
    over the count; times are log(1 + seconds).
    """
    n = len(reposts)
    log_n = math.log(n)
    found: Features = {"count": log_n}
    for first, last in SLICES:
        inside = _count(reposts, first * window / 12, last * window / 12, closed=first == 0)
        found[f"share_{first}_{last}"] = math.log1p(inside) - log_n
    for percent in (10, 25, 50, 75, 90):
        found[f"age_q{percent}"] = math.log1p(_quantile(reposts, percent / 100))
    gaps = sorted(b - a for a, b in itertools.pairwise(reposts))
    mean = sum(reposts) / n
    bins = [_count(reposts, i * window / 24, (i + 1) * window / 24, closed=i == 0) for i in range(24)]
    jumps = sum((a - b) ** 2 for a, b in itertools.pairwise(bins))
    found |= {
        "first": math.log1p(reposts[0]),
        "since_last": math.log1p(window - reposts[-1]),
        "gap_median": math.log1p(_quantile(gaps, 0.5)),
        "gap_q90": math.log1p(_quantile(gaps, 0.9)),
        "gap_max": math.log1p(gaps[-1]),
        "pace_last_10": math.log1p((window - reposts[-10]) / 10),
        "pace_last_5": math.log1p((window - reposts[-5]) / 5),
        "peak": math.log1p(max(bins)) - log_n,
        "roughness": math.log(jumps / n + 0.1),
        "age_mean": mean / window,
        "age_spread": math.sqrt(sum((at - mean) ** 2 for at in reposts) / n) / window,
    }
    return found | _expected(activity, window) | _against_activity(reposts, window, activity)


def few_features(reposts: Sequence[float], window: float, activity: Activity) -> Features:
    """Features of a cascade with fewer reposts, none included: too little to tell a shape, so only three."""
    return {
        "count": math.log1p(len(reposts)),
        "since_last": math.log1p(window - (reposts[-1] if reposts else 0.0)),
        "left_over_seen": _expected(activity, window)["left_over_seen"],
    }


def _expected(activity: Activity, window: float) -> Features:
    """The activity of the window and of the hours after it; no repost is looked at."""
    end = window + HORIZON
    found = {"activity_window": math.log(activity.between(0, window))}
    for first, last in ((0, 1), (1, 3), (3, 6), (6, 12)):
        ahead = activity.between(window + first * HOUR, window + last * HOUR)
        found[f"activity_next_{first}_{last}h"] = math.log(ahead)
    for name, exponent in (("left_over_seen", 1.0), ("left_over_seen_steep", 1.5)):
        left = activity.decayed(window, end, HOUR / 2, exponent)
        found[name] = math.log(left / activity.decayed(0, window, HOUR / 12, exponent))
    return found


def _against_activity(reposts: Sequence[float], window: float, activity: Activity) -> Features:
    """Recent reposts per hour of activity, and the ages of reposts on a clock that runs with activity."""
    log_n = math.log(len(reposts))
    found: Features = {}
    for name, since in (("rate_last_quarter", 0.75 * window), ("rate_last_half", 0.5 * window)):
        rate = _count(reposts, since, window) / activity.between(since, window)
        found[name] = math.log1p(rate) - log_n
    whole = activity.between(0, window)
    ages = [activity.between(0, at) / whole for at in reposts]
    found["active_age_mean"] = sum(ages) / len(ages)
    found["active_age_median"] = _quantile(ages, 0.5)
    return found


def _count(reposts: Sequence[float], after: float, until: float, closed: bool = False) -> int:
    return sum(1 for at in reposts if (after < at <= until) or (closed and at == after))


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
