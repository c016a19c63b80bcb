"""Expected volume and early warnings on the real data: intervals, lead times, false alarms. Baseline beside ours."""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from fit_forecast import CASCADES, load
from fit_trend import DATA, FIRST_FITTED, HORIZONS, REPO, Origin, board, board_origins, cascade_origins, fit
from scipy.stats import poisson
from sklearn.model_selection import GroupKFold

from opinion_stream.domain.assessment.pipeline import Assessor
from opinion_stream.domain.collection.pipeline import Collector, Received
from opinion_stream.domain.incidents.book import IncidentBook
from opinion_stream.domain.incidents.outlook import Volume
from opinion_stream.domain.incidents.record import IncidentRecord
from opinion_stream.domain.state import DictStore
from opinion_stream.domain.warning.watch import Watch
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.models.base import Grade
from opinion_stream.models.mention import Mention
from opinion_stream.models.warning import EarlyWarning, WarningKind, WarningStatus
from opinion_stream.policy import Policy, load_policy
from opinion_stream.policy.outlook import Regime
from opinion_stream.policy.places import RegionLevel

LARGE = 20
BATCH = 500
LOOK_BACK = timedelta(days=7)
Row = tuple[Origin, int, float, int, int, int]
"""Origin, horizon, mean, low, high, what came."""


def forecasts(some: list[Origin], policy: Policy) -> list[Row]:
    """Ours, for both horizons."""
    volume = Volume(policy)
    rows = []
    for origin in some:
        both = volume.outlook(origin.seen, origin.at)
        for horizon, expected, came in zip(HORIZONS, both, origin.came, strict=True):
            rows.append((origin, horizon, expected.value, expected.low, expected.high, came))
    return rows


def refitted(policy: Policy, train: list[Origin]) -> Policy:
    """The policy with the spreading lines fitted on `train` alone."""
    fitted = [origin for origin in train if origin.number >= FIRST_FITTED]
    trend = policy.trend
    for horizon in HORIZONS:
        old = getattr(trend, f"hours_{horizon}")
        line = old.model_copy(update={"spreading": Regime(**fit(fitted, horizon, policy, False))})
        trend = trend.model_copy(update={f"hours_{horizon}": line})
    return policy.model_copy(update={"trend": trend})


def show(name: str, rows: list[Row], policy: Policy) -> None:
    """One line per horizon: how often the truth lies inside, and the error of the middle."""
    window = policy.incidents.trend_window_hours
    for horizon in HORIZONS:
        some = [row for row in rows if row[1] == horizon]
        if not some:
            continue
        held = statistics.fmean(low <= came <= high for _, _, _, low, high, came in some)
        error = statistics.fmean(abs(mean - came) for _, _, mean, _, _, came in some)
        width = statistics.median(high - low for _, _, _, low, high, _ in some)
        naive = [origin.naive * horizon / window for origin, *_ in some]
        ends = np.array([poisson.ppf((0.1, 0.9), mean) for mean in naive])
        came = np.array([row[5] for row in some])
        naive_held = float(((came >= ends[:, 0]) & (came <= ends[:, 1])).mean())
        naive_error = float(np.abs(np.array(naive) - came).mean())
        print(
            f"{name:34} {horizon:>2} h {len(some):>6} {came.mean():>8.2f}   {held:>6.1%} {width:>6.0f} {error:>8.2f}"
            f"   {naive_held:>6.1%} {naive_error:>8.2f}"
        )


def volumes(policy: Policy, placed: list[tuple[AssessedMention, str]]) -> None:
    """The intervals, cascades by cross-validation over near-copy groups."""
    print("80 % interval of the volume to come, seen at a mention    ours                     same as last window")
    print(
        f"{'what':34} {'':>4} {'n':>6} {'came':>8}   {'holds':>6} {'width':>6} {'error':>8}   {'holds':>6} {'error':>8}"
    )
    groups = load(CASCADES)[1]
    every = cascade_origins(policy)
    rows: list[Row] = []
    for train, test in GroupKFold(3, shuffle=True, random_state=0).split(groups, groups=groups):
        inside, outside = set(map(str, train.tolist())), set(map(str, test.tolist()))
        model = refitted(policy, [origin for origin in every if origin.matter in inside])
        rows += forecasts([origin for origin in every if origin.matter in outside], model)
    spans = ((1, 13, "cascades, repost 1-8"), (13, 34, "cascades, repost 13-21"), (34, 144, "cascades, repost 34-89"))
    for low, high, name in (*spans, (144, 1000, "cascades, repost 144-610"), (34, 1000, "cascades, from repost 34")):
        show(name, [row for row in rows if low <= row[0].number < high], policy)
    matters = forecasts(board_origins(policy, placed), policy)
    show("message board, all", matters, policy)
    show("message board, 3 or more in a day", [row for row in matters if row[0].seen.e24 > np.log(3.5)], policy)


class Replay:
    """A run of the book and the watch: warnings, and when each incident became large."""

    def __init__(self, policy: Policy, items: list[AssessedMention]) -> None:
        store = DictStore()
        book, self._watch = IncidentBook(policy, store), Watch(policy, store)
        self.issued: list[EarlyWarning] = []
        self.times: dict[str, list[datetime]] = defaultdict(list)
        self.graded: dict[str, datetime] = {}
        self.cost = 0.0
        for begin in range(0, len(items), BATCH):
            book.take(items[begin : begin + BATCH], self._joined)
            start = time.process_time()
            self.issued += self._watch.drain()
            self.cost += time.process_time() - start
        self.opened = [warning for warning in self.issued if warning.version == 1]

    def _joined(self, item: AssessedMention, record: IncidentRecord) -> None:
        self.times[record.id].append(item.mention.published_at)
        if record.grade.rank <= Grade.III.rank:
            self.graded.setdefault(record.id, item.mention.published_at)
        start = time.process_time()
        self._watch.see(item, record)
        self.cost += time.process_time() - start

    def series(self) -> int:
        """Region-category pairs that were met."""
        return len(self._watch)

    def leads(self) -> dict[str, list[float | None]]:
        """Hours from the first warning of the last week that names an incident to the moment it is large, or None."""
        named: dict[str, list[datetime]] = defaultdict(list)
        for warning in self.issued:
            if warning.status is WarningStatus.OPEN:
                for incident in warning.incidents:
                    named[incident.id].append(warning.at)
        large = {i: sorted(times)[LARGE - 1] for i, times in self.times.items() if len(times) >= LARGE}
        later = {i: at for i, at in self.graded.items() if at > min(self.times[i])}
        found: dict[str, list[float | None]] = {}
        for name, moments in ((f"{LARGE} mentions", large), ("grade III, not at once", later)):
            found[name] = [
                max((at - w).total_seconds() / 3600 for w in named[i] if w <= at <= w + LOOK_BACK)
                if any(w <= at <= w + LOOK_BACK for w in named[i])
                else None
                for i, at in moments.items()
            ]
        return found


def tell(name: str, replay: Replay, mentions: int) -> None:
    """Numbers of warnings and lead times."""
    kinds = [sum(warning.kind is kind for warning in replay.opened) for kind in WarningKind]
    print(f"{name}: {kinds[0]} bursts, {kinds[1]} growing; {1e6 * replay.cost / mentions:.0f} µs a mention")
    for what, leads in replay.leads().items():
        early = [lead for lead in leads if lead is not None]
        middle = f", median {statistics.median(early):.1f} h before" if early else ""
        print(f"    {len(leads)} incidents came to {what}; warned before: {len(early)}{middle}")


def shuffled(items: list[AssessedMention], seed: int, weeks: int) -> list[AssessedMention]:
    """The same mentions with their times dealt anew, so that only days on which all categories stand out are left.

    `weeks` > 0: each time is also moved by up to so many whole weeks, so that hour and weekday stay and those days go.
    """
    dice = random.Random(seed)  # noqa: S311
    times = [item.mention.published_at + timedelta(weeks=dice.randint(-weeks, weeks)) for item in items]
    dice.shuffle(times)
    dealt = [
        item.model_copy(update={"mention": item.mention.model_copy(update={"published_at": at})})
        for item, at in zip(items, times, strict=True)
    ]
    return sorted(dealt, key=lambda item: item.mention.published_at)


def warnings(policy: Policy, items: list[AssessedMention], seeds: int) -> None:
    """Early warnings on the message board, as it is and shuffled, and on the shipped scenario.

    From 2019 on: the 84 older messages of the file are stray ones, and the start of a stream is no burst.
    """
    start = datetime(2019, 1, 1, tzinfo=UTC)
    items = [item for item in items if item.mention.published_at >= start]
    months = (items[-1].mention.published_at - start).days / 30.4
    for level in (RegionLevel.CITY, RegionLevel.COUNTY):
        own = policy.model_copy(update={"incidents": policy.incidents.model_copy(update={"shard_level": level})})
        tell(f"message board, shards by {level.value}", Replay(own, items), len(items))
        for weeks in (0, 4):
            bursts, growths, series = [], [], 0
            for seed in range(seeds):
                replay = Replay(own, shuffled(items, seed, weeks))
                bursts.append(sum(warning.kind is WarningKind.BURST for warning in replay.opened))
                growths.append(len(replay.opened) - bursts[-1])
                series = replay.series()
            print(
                f"    times shuffled{', moved by whole weeks' if weeks else ''}: {bursts} bursts, {growths} growing in "
                f"{months:.1f} months of {series} series: {statistics.fmean(bursts) / (series * months):.4f} false "
                "alarms a region, category and month"
            )
    home = load_policy(REPO / "config")
    lines = (REPO / "examples" / "qingyang-three-days" / "mentions.jsonl").read_bytes().splitlines()
    results = Collector(home, b"x" * 32).collect([Received(line, datetime.now(UTC)) for line in lines])
    mentions = sorted((r for r in results if isinstance(r, Mention)), key=lambda mention: mention.published_at)
    judged = zip(mentions, Assessor(home).assess(mentions), strict=True)
    scenario = [AssessedMention(mention=mention, assessment=assessment) for mention, assessment in judged]
    tell("the three days of the scenario (made up)", Replay(home, scenario), len(scenario))
    burst = home.warnings.burst.model_copy(update={"warm_up_hours": 24})
    soon = home.model_copy(update={"warnings": home.warnings.model_copy(update={"burst": burst})})
    tell("the same with warm_up_hours: 24", Replay(soon, scenario), len(scenario))


def main() -> None:
    """Measure, or say why not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=REPO / "examples" / "xidi")
    parser.add_argument("--seeds", type=int, default=2, help="shuffled runs")
    parser.add_argument("--only", choices=["volumes", "warnings"])
    options = parser.parse_args()
    if not DATA.is_dir():
        print(f"bench: {DATA} is not on this machine; nothing measured")
        return
    policy = load_policy(options.config)
    placed = board(policy)
    if options.only != "warnings":
        volumes(policy, placed)
    if options.only != "volumes":
        warnings(policy, [item for item, _ in placed], options.seeds)


if __name__ == "__main__":
    main()
