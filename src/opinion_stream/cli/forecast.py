"""`opinion-stream forecast`: the expected final repost count of cascades, from their first hours."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from rich.table import Table

from opinion_stream.cli.common import err, existing, print_table
from opinion_stream.domain.forecast.parameters import MANY, After, ForecastParameters
from opinion_stream.domain.forecast.predict import Forecast, forecast
from opinion_stream.errors import OpinionStreamError

SHOWN_PROBLEMS = 10


class Cascade(BaseModel):
    """One line of the file. Other fields, a text or a label among them, are not read."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    id: str | int
    published_at: AwareDatetime
    reposts: tuple[Annotated[float, Field(ge=0)], ...]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "forecast",
        epilog="Examples:\n\nopinion-stream forecast cascades.jsonl --after 1h\n\n"
        "opinion-stream forecast cascades.jsonl --after 6h --json > forecasts.json",
    )(run)


def run(
    file: Path = typer.Argument(
        help="JSON Lines, one cascade a line: id, published_at (ISO 8601 with offset), reposts (seconds after it).",
    ),
    after: After = typer.Option(..., "--after", help="How much of each cascade may be seen."),
    as_json: bool = typer.Option(False, "--json", help="A JSON array of {id, predicted, low, high}, in input order."),
) -> None:
    """Predict the final repost count of each cascade, with an 80 % interval.

    Only reposts inside the window are looked at; no text, no label. The hour of publication counts through the daily
    rhythm of activity alone (few repost at night). Fitted on posts that had spread, below 1,000 reposts: a forecast
    for a larger cascade, or for one of a few reposts, is a rough guess.
    """
    parameters = load_parameters()
    cascades = read_cascades(existing(file))
    forecasts = [forecast(c.published_at, c.reposts, after, parameters) for c in cascades]
    if as_json:
        rows = [
            {"id": c.id, "predicted": f.predicted, "low": f.low, "high": f.high}
            for c, f in zip(cascades, forecasts, strict=True)
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False))
    else:
        print_table(_table(cascades, forecasts, after))
    _caution(forecasts)


def load_parameters() -> ForecastParameters:
    """The fitted parameters that ship with the package."""
    shipped = resources.files("opinion_stream.domain.forecast").joinpath("parameters.json")
    return ForecastParameters.model_validate_json(shipped.read_bytes())


def read_cascades(file: Path) -> list[Cascade]:
    """The cascades of the file; blank lines are passed over.

    Raises OpinionStreamError naming each wrong line and field, and never quoting what stands there.
    """
    cascades: list[Cascade] = []
    problems: list[str] = []
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                cascades.append(Cascade.model_validate_json(line))
            except ValidationError as error:
                problems += [f"{file}: line {number}: {problem}" for problem in _problems(error)]
    if problems:
        rest = len(problems) - SHOWN_PROBLEMS
        more = [f"… and {rest} more"] if rest > 0 else []
        raise OpinionStreamError("\n".join(problems[:SHOWN_PROBLEMS] + more))
    return cascades


def _problems(error: ValidationError) -> list[str]:
    found: dict[str, str] = {}
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        where = [str(part) for part in problem["loc"]]
        if not where:
            found["JSON"] = "not a JSON object (不是 JSON 对象)"
        elif where[0] == "id":
            found["id"] = f"field id: {'missing' if problem['type'] == 'missing' else 'must be text or a whole number'}"
        elif len(where) > 1:
            found.setdefault(where[0], f"field {where[0]}, item {int(where[1]) + 1}: {problem['msg']}")
        else:
            found[where[0]] = f"field {where[0]}: {problem['msg']}"
    return list(found.values())


def _table(cascades: list[Cascade], forecasts: list[Forecast], after: After) -> Table:
    table = Table(title=f"转发量预测（发布后 {after.value}，80% 区间） · repost forecast")
    table.add_column("id", overflow="fold")
    for name in ("已有 seen", "预计 predicted", "低 low", "高 high"):
        table.add_column(name, justify="right")
    for cascade, f in zip(cascades, forecasts, strict=True):
        table.add_row(str(cascade.id), *(str(number) for number in (f.seen, f.predicted, f.low, f.high)))
    return table


def _caution(forecasts: list[Forecast]) -> None:
    beyond = sum(f.beyond for f in forecasts)
    few = sum(f.seen < MANY for f in forecasts)
    if beyond:
        err.print(
            f"[yellow]提示[/yellow] {beyond} 条已超出拟合数据的规模，预测与区间仅供参考。 "
            f"({beyond} are larger than any cascade of the fit: a rough guess.)"
        )
    if few:
        err.print(
            f"[yellow]提示[/yellow] {few} 条在窗口内转发不足 {MANY} 次，预测较粗。 "
            f"({few} have fewer than {MANY} reposts in the window: a rough guess.)"
        )
