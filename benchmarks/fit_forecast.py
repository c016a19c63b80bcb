"""Fits the parameters of `opinion-stream forecast` and writes them as readable JSON; needs the real cascades.

The middle line minimises the mean absolute percentage error itself (log-linear, ridge), the ends of the interval the
pinball loss at 10 % and 90 %; both ends are then moved by one conformal step so that 80 % of the cascades held out by
near-copy group lie inside (Romano et al. 2019, conformalized quantile regression).
"""

from __future__ import annotations

import argparse
import json
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GroupKFold

from opinion_stream.domain.forecast.parameters import MANY, After, ForecastParameters, Line, Term, Weights, WindowLines
from opinion_stream.domain.forecast.predict import features_of, inside, scaled

REPO = Path(__file__).parents[1]
CASCADES = REPO.parent / "shared" / "data" / "cascades_dev.jsonl"
TARGET = REPO / "src" / "opinion_stream" / "domain" / "forecast" / "parameters.json"
UTC_OFFSET = 480
RIDGE = 0.03
CURVED = {"count", "since_last", "age_q50", "pace_last_10", "gap_median", "left_over_seen", "rate_last_quarter"}
CURVED |= {"active_age_mean"}
NOTE = (
    "Written by benchmarks/fit_forecast.py; do not edit. Fitted on half of CED_Dataset (Song et al. 2018, "
    "arXiv:1811.04175): Weibo posts of 2010-2014 with fewer than 1,000 reposts each, all of which had spread."
)


class Row(NamedTuple):
    """A cascade without its text and label."""

    published_at: datetime
    reposts: list[float]


def load(path: Path) -> tuple[list[Row], np.ndarray]:
    """The cascades, and the number of the near-copy group of each (char-3-gram TF-IDF cosine >= 0.5, closed)."""
    with path.open(encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    grams = TfidfVectorizer(analyzer="char", ngram_range=(3, 3)).fit_transform([r["text"] for r in records])
    near = (grams @ grams.T).tocsr()
    near.data = (near.data >= 0.5).astype(float)
    near.eliminate_zeros()
    groups = connected_components(near, directed=False)[1]
    return [Row(datetime.fromisoformat(r["published_at"]), r["reposts"]) for r in records], groups


def fit_profile(rows: list[Row]) -> list[float]:
    """Activity by hour of the day: reposts = size * decay(age) * profile(hour), fitted by iterative scaling.

    The decay by age is taken out, so hours at which many posts were published do not look more active.
    """
    edges = np.concatenate([np.arange(0, 24), np.arange(24, 97, 3)]) * 3600.0
    grid = np.arange(0, 96 * 3600, 900.0)
    grid_age = np.searchsorted(edges, grid, "right") - 1
    counted, exposed = np.zeros((2, len(edges) - 1, 24))
    for row in rows:
        start = (row.published_at.timestamp() + 60 * UTC_OFFSET) % 86400
        at = np.array([x for x in row.reposts if x < edges[-1]])
        np.add.at(counted, (np.searchsorted(edges, at, "right") - 1, ((start + at) // 3600 % 24).astype(int)), 1)
        np.add.at(exposed, (grid_age, ((start + grid) // 3600 % 24).astype(int)), len(row.reposts) / 4)
    profile = np.ones(24)
    for _ in range(100):
        decay = counted.sum(1) / np.maximum((exposed * profile).sum(1), 1e-9)
        profile = counted.sum(0) / (exposed * decay[:, None]).sum(0)
        profile /= profile.mean()
    return [round(float(x), 3) for x in profile]


def fit_line(rows: list[Row], groups: np.ndarray, after: After, profile: list[float]) -> Line:
    """One line for rows that are all many or all few: three fits and the conformal step."""
    found = [features_of(row.published_at, row.reposts, after, profile, UTC_OFFSET) for row in rows]
    seen = np.array([len(inside(row.reposts, after)) for row in rows])
    growth = np.log([len(row.reposts) for row in rows]) - np.log(np.maximum(seen, 1))
    curved = sorted(CURVED) if len(found[0]) > 5 else ["count"]
    shape = []
    for name, power in [(name, 1) for name in found[0]] + [(name, 2) for name in curved]:
        values = np.array([f[name] for f in found])
        shape.append((name, power, round(float(values.mean()), 4), round(float(values.std()) + 1e-3, 4)))
    table = np.array([[1.0, *(scaled(f[name], c, s, power) for name, power, c, s in shape)] for f in found])
    middle, low, high = _three(table, growth)
    misses = np.zeros(len(rows))
    for train, test in GroupKFold(5, shuffle=True, random_state=1).split(table, growth, groups):
        _, below, above = _three(table[train], growth[train])
        misses[test] = np.maximum(table[test] @ below - growth[test], growth[test] - table[test] @ above)
    step = float(np.quantile(misses, min(1.0, 0.8 * (1 + 1 / len(rows)))))
    low[0] -= step
    high[0] += step
    weights = [
        {"predicted": round(m, 4), "low": round(lo, 4), "high": round(h, 4)}
        for m, lo, h in zip(middle, low, high, strict=True)
    ]
    terms = tuple(
        Term(feature=name, power=power, centre=c, scale=s, **w)
        for (name, power, c, s), w in zip(shape, weights[1:], strict=True)
    )
    return Line(fitted_on=len(rows), largest=int(seen.max()), intercept=Weights(**weights[0]), terms=terms)


def _three(table: np.ndarray, growth: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    start = np.zeros(table.shape[1])
    start[0] = np.median(growth)
    median = _descend(start, table, growth, lambda r: _pinball(r, 0.5))
    low, high = (_descend(median, table, growth, lambda r, q=q: _pinball(r, q)) for q in (0.1, 0.9))
    return _descend(median, table, growth, _percentage), low, high


def _percentage(residual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """|exp(residual) - 1|, smoothed at its corner, and its slope."""
    ratio = np.exp(np.clip(residual, -5, 3))
    size = np.sqrt((ratio - 1) ** 2 + 0.02**2)
    return size, (ratio - 1) / size * ratio


def _pinball(residual: np.ndarray, quantile: float) -> tuple[np.ndarray, np.ndarray]:
    """Pinball loss of prediction minus truth, smoothed at its corner, and its slope."""
    size = np.sqrt(residual**2 + 0.02**2)
    return 0.5 * size + (0.5 - quantile) * residual, 0.5 * residual / size + (0.5 - quantile)


def _descend(start, table, growth, loss) -> np.ndarray:
    def target(weights: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = loss(table @ weights - growth)
        gradient = table.T @ slope / len(growth)
        gradient[1:] += 2 * RIDGE * weights[1:]
        return float(value.mean() + RIDGE * (weights[1:] @ weights[1:])), gradient

    return minimize(target, start, jac=True, method="L-BFGS-B", options={"maxiter": 1000}).x


def fit(rows: list[Row], groups: np.ndarray, windows: tuple[After, ...] = tuple(After)) -> ForecastParameters:
    """All parameters from these cascades."""
    profile = fit_profile(rows)
    lines = {}
    for after in windows:
        many = np.array([len(inside(row.reposts, after)) >= MANY for row in rows])
        many_line, few_line = (
            fit_line([row for row, k in zip(rows, keep, strict=True) if k], groups[keep], after, profile)
            for keep in (many, ~many)
        )
        lines[after] = WindowLines(many=many_line, few=few_line)
    return ForecastParameters(note=NOTE, utc_offset_minutes=UTC_OFFSET, profile=tuple(profile), windows=lines)


def readable(parameters: ForecastParameters) -> str:
    """JSON with one term a line."""
    plain = parameters.model_dump(mode="json")
    stored: dict[str, str] = {}

    def short(value: object) -> str:
        key = f"@{len(stored)}@"
        stored[f'"{key}"'] = json.dumps(value)
        return key

    plain["profile"] = short(plain["profile"])
    for window in plain["windows"].values():
        for line in window.values():
            line["intercept"] = short(line["intercept"])
            line["terms"] = [
                short({k: term[k] for k in ("feature", "power", "centre", "scale", "predicted", "low", "high")})
                for term in line["terms"]
            ]
    text = json.dumps(plain, indent=1, ensure_ascii=False)
    for key, value in stored.items():
        text = text.replace(key, value)
    return text + "\n"


def main() -> None:
    """Fit on the whole file and write the parameters."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, default=CASCADES, help="JSON Lines of cascades")
    parser.add_argument("--out", type=Path, default=TARGET)
    options = parser.parse_args()
    if not options.file.is_file():
        print(f"fit_forecast: {options.file} is not on this machine; nothing fitted")
        return
    rows, groups = load(options.file)
    options.out.write_text(readable(fit(rows, groups)), encoding="utf-8")
    print(f"fitted on {len(rows)} cascades in {len(set(groups.tolist()))} groups -> {options.out.name}")


if __name__ == "__main__":
    main()
