"""Repost forecast on the real cascades, cross-validated by near-copy group: the baselines beside ours."""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

import numpy as np
from fit_forecast import CASCADES, Row, fit, load
from rows import row as hand_over
from sklearn.model_selection import GroupKFold

from opinion_stream.domain.forecast.parameters import MANY, After
from opinion_stream.domain.forecast.predict import forecast, inside

WANTED = {After.H1: 0.28, After.H3: 0.25, After.H6: 0.22}
"""The bars on the median absolute percentage error."""


def log_linear(train: list[Row], test: list[Row], after: After) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Least squares of log(final) on log(count in the window), and its ends by the residuals at 10 and 90 %."""
    seen = [np.log([len(inside(row.reposts, after)) for row in part]) for part in (train, test)]
    finals = np.log([len(row.reposts) for row in train])
    slope, intercept = np.polyfit(seen[0], finals, 1)
    below, above = np.quantile(finals - intercept - slope * seen[0], (0.1, 0.9))
    middle = intercept + slope * seen[1]
    return np.exp(middle), np.exp(middle + below), np.exp(middle + above)


def measure(rows: list[Row], groups: np.ndarray, repeats: int) -> None:
    """Print one line per window."""
    errors: dict[tuple[After, str], list[float]] = {}
    folds: dict[tuple[After, str], list[float]] = {}
    for seed in range(repeats):
        once: dict[tuple[After, str], list[float]] = {}
        for train, test in GroupKFold(5, shuffle=True, random_state=seed).split(rows, groups=groups):
            parameters = fit([rows[i] for i in train], groups[train])
            for after in After:
                known = [rows[i] for i in train if len(inside(rows[i].reposts, after)) >= MANY]
                few = [rows[i] for i in test if len(inside(rows[i].reposts, after)) < MANY]
                fresh = [rows[i] for i in test if len(inside(rows[i].reposts, after)) >= MANY]
                for name, part in (("ours", fresh), ("few", few)):
                    results = [forecast(row.published_at, row.reposts, after, parameters) for row in part]
                    for row, f in zip(part, results, strict=True):
                        final = len(row.reposts)
                        once.setdefault((after, name), []).append(abs(f.predicted - final) / final)
                        once.setdefault((after, name + " held"), []).append(f.low <= final <= f.high)
                        once.setdefault((after, name + " width"), []).append(f.high / max(f.low, 1))
                finals = np.array([len(row.reposts) for row in fresh])
                middle, low, high = log_linear(known, fresh, after)
                once.setdefault((after, "log-linear"), []).extend((np.abs(middle - finals) / finals).tolist())
                held = (low <= finals) & (finals <= high)
                once.setdefault((after, "log-linear held"), []).extend(held.tolist())
                seen = np.array([len(inside(row.reposts, after)) for row in fresh])
                once.setdefault((after, "no more"), []).extend((1 - seen / finals).tolist())
        for key, values in once.items():
            sum_up = statistics.fmean if key[1].endswith("held") else statistics.median
            folds.setdefault(key, []).append(sum_up(values))
            errors.setdefault(key, []).extend(values)
    print(f"median absolute percentage error, {repeats} x 5 folds by near-copy group, >= {MANY} reposts in the window")
    print("window  cascades  no more  log-linear   ours  (range of repeats)  80% holds  high/low | few: ours  holds")
    for after in After:
        mean = {name: statistics.fmean(values) for (at, name), values in folds.items() if at == after}
        ours = folds[after, "ours"]
        print(
            f"{after.value:>6}  {len(errors[after, 'ours']) // repeats:>8}  {mean['no more']:>7.3f}  "
            f"{mean['log-linear']:>10.3f}  {mean['ours']:>5.3f}  ({min(ours):.3f}-{max(ours):.3f})       "
            f"{mean['ours held']:>9.3f}  {mean['ours width']:>8.1f} | {mean['few']:>9.3f}  {mean['few held']:>5.3f}"
        )
        what, error, held = f"forecast after {after.value}", mean["ours"], mean["ours held"]
        hand_over(
            f"{what}: median absolute percentage error",
            f"{error:.3f}",
            f"<= {WANTED[after]:.2f}",
            error <= WANTED[after],
            f"log-linear {mean['log-linear']:.3f}",
        )
        inside_bar = 0.75 <= held <= 0.85
        theirs = f"log-linear {mean['log-linear held']:.1%}"
        hand_over(f"{what}: 80 % interval holds", f"{held:.1%}", "75-85 %", inside_bar, theirs)


def main() -> None:
    """Measure, or say why not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, default=CASCADES, help="JSON Lines of cascades")
    parser.add_argument("--repeats", type=int, default=2)
    options = parser.parse_args()
    if not options.file.is_file():
        print(f"bench: {options.file} is not on this machine; nothing measured")
        return
    measure(*load(options.file), options.repeats)


if __name__ == "__main__":
    main()
