"""Fits the lines of `trend.yaml` (expected volume in 6 h and 24 h) and prints them; needs the real data.

`spreading`: repost cascades seen at their 13th, 21st, 34th … repost. `quiet`: the matters of the message board as our
grouping finds them, seen at each mention. Negative binomial regression, maximum likelihood with a trace of ridge.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln

from opinion_stream.domain.assessment.pipeline import Assessor
from opinion_stream.domain.collection.pipeline import Collector, Received
from opinion_stream.domain.incidents.book import IncidentBook
from opinion_stream.domain.incidents.outlook import Seen, Volume, seen_of
from opinion_stream.domain.incidents.trend import add_to_trend
from opinion_stream.domain.state import DictStore
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.models.mention import Mention
from opinion_stream.policy import Policy, load_policy

REPO = Path(__file__).parents[1]
DATA = REPO.parent / "shared" / "data"
STEPS = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610)
FIRST_FITTED = 13
HORIZONS = (6, 24)


class Origin(NamedTuple):
    """A matter as it stands at its `number`-th mention, and what came in the hours after."""

    matter: str
    number: int
    at: datetime
    seen: Seen
    naive: int
    """Mentions in the last trend window."""
    came: tuple[int, int]


def origins(matter: str, times: list[datetime], numbers: range | tuple[int, ...], policy: Policy) -> list[Origin]:
    """The origins of one matter; `times` in order."""
    buckets: dict[int, int] = {}
    found = []
    stamps = np.array([time.timestamp() for time in times])
    for number, at in enumerate(times, 1):
        add_to_trend(buckets, at, policy.incidents)
        if number in numbers:
            now = at.timestamp()
            later = [int(((stamps[number:] - now) <= hours * 3600).sum()) for hours in HORIZONS]
            naive = int((stamps[:number] > now - policy.incidents.trend_window_hours * 3600).sum())
            seen = seen_of(buckets, times[0], at, policy.incidents)
            found.append(Origin(matter, number, at, seen, naive, (later[0], later[1])))
    return found


def cascade_origins(policy: Policy, matters: set[int] | None = None) -> list[Origin]:
    """Origins of the cascades (`matters`: only the rows of these numbers)."""
    found = []
    with (DATA / "cascades_dev.jsonl").open(encoding="utf-8") as file:
        for row, line in enumerate(file):
            if matters is None or row in matters:
                record = json.loads(line)
                start = datetime.fromisoformat(record["published_at"])
                times = [start + timedelta(seconds=after) for after in record["reposts"]]
                found += origins(str(row), times, STEPS, policy)
    return found


def board(policy: Policy) -> list[tuple[AssessedMention, str]]:
    """The message file, assessed and grouped: each mention with the id of its incident."""
    collector, assessor, book = Collector(policy, b"x" * 32), Assessor(policy), IncidentBook(policy, DictStore())
    lines = (DATA / "messages.jsonl").read_bytes().splitlines()
    results = collector.collect([Received(line, datetime.now(UTC)) for line in lines])
    mentions = [result for result in results if isinstance(result, Mention)]
    items = [
        AssessedMention(mention=mention, assessment=assessment)
        for mention, assessment in zip(mentions, assessor.assess(mentions), strict=True)
    ]
    return [(item, book.place(item).id) for item in items]


def board_origins(policy: Policy, placed: list[tuple[AssessedMention, str]]) -> list[Origin]:
    """Origins of the message board's matters, without those of the last day, whose future is cut off."""
    times: dict[str, list[datetime]] = defaultdict(list)
    for item, incident_id in placed:
        times[incident_id].append(item.mention.published_at)
    last = max(time for some in times.values() for time in some) - timedelta(days=1)
    found = [o for matter, some in times.items() for o in origins(matter, sorted(some), range(1, 10**6), policy)]
    return [origin for origin in found if origin.at <= last]


def fit(some: list[Origin], horizon: int, policy: Policy, quiet: bool) -> dict[str, float]:
    """The weights of one line."""
    volume = Volume(policy)
    names = ("e24",) if quiet else ("e1", "e4", "e24", "age")
    shapes = () if quiet else ("e1", "e24", "age")
    ones = np.ones(len(some))
    design = np.stack([ones, *(np.array([getattr(o.seen, name) for o in some]) for name in names)], 1)
    spread = np.stack([ones, *(np.array([getattr(o.seen, name) for o in some]) for name in shapes)], 1)
    offset = np.log([volume.active_hours(o.at, horizon) for o in some])
    came = np.array([o.came[HORIZONS.index(horizon)] for o in some])
    width = design.shape[1]

    def loss(weights: np.ndarray) -> float:
        mean = np.exp(np.clip(offset + design @ weights[:width], -20, 15))
        shape = np.exp(np.clip(spread @ weights[width:], -6, 6))
        log_p = gammaln(came + shape) - gammaln(shape) - gammaln(came + 1)
        log_p += shape * np.log(shape / (shape + mean)) + came * np.log(mean / (shape + mean))
        return float(-log_p.mean() + 1e-4 * (weights**2).sum())

    found = minimize(loss, np.zeros(width + spread.shape[1]), method="L-BFGS-B").x
    labels = ["intercept", *names, "shape", *(f"shape_{name}" for name in shapes)]
    return {label: round(float(weight), 3) for label, weight in zip(labels, found, strict=True)}


def main() -> None:
    """Print the fitted lines as YAML."""
    if not DATA.is_dir():
        print(f"fit_trend: {DATA} is not on this machine; nothing fitted")
        return
    policy = load_policy(REPO / "examples" / "xidi")
    spreading = [origin for origin in cascade_origins(policy) if origin.number >= FIRST_FITTED]
    quiet = board_origins(policy, board(policy))
    for horizon in HORIZONS:
        print(f"hours_{horizon}:")
        for name, some in (("quiet", quiet), ("spreading", spreading)):
            weights = fit(some, horizon, policy, name == "quiet")
            print(f"  {name}: {{{', '.join(f'{key}: {value}' for key, value in weights.items())}}}")


if __name__ == "__main__":
    main()
