"""`opinion-stream forecast` at the command line: made-up cascades, clear errors, and a coarse look at the real file."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import pytest
from typer.testing import CliRunner

from opinion_stream.cli.main import app
from opinion_stream.errors import OpinionStreamError

REAL = Path(__file__).parents[3] / "shared" / "data" / "cascades_dev.jsonl"
runner = CliRunner(env={"COLUMNS": "200", "TERM": "dumb"})


def cascade(name: str, reposts: list[int], **more: object) -> str:
    record = {"id": name, "text": "某地路灯夜里不亮", "published_at": "2026-11-09T21:10:00+08:00", "reposts": reposts}
    return json.dumps({**record, **more}, ensure_ascii=False)


def write(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "cascades.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def cascades(tmp_path: Path) -> Path:
    return write(
        tmp_path,
        cascade("b", list(range(60, 6000, 60)), rumor=1),
        "",
        cascade("a", [30, 4000]),
        cascade("c", []),
    )


def test_json_has_every_cascade_in_input_order(cascades: Path) -> None:
    result = runner.invoke(app, ["forecast", str(cascades), "--after", "1h", "--json"])

    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)
    assert [row["id"] for row in rows] == ["b", "a", "c"]
    assert all(list(row) == ["id", "predicted", "low", "high"] for row in rows)
    assert rows[0]["predicted"] >= 60
    assert all(row["low"] <= row["predicted"] <= row["high"] for row in rows)
    assert "2 条在窗口内转发不足" in result.stderr


def test_label_text_and_later_reposts_change_nothing(cascades: Path, tmp_path: Path) -> None:
    seen = [x for x in range(60, 6000, 60) if x <= 3600]
    other = write(
        tmp_path,
        cascade("b", [*seen, 90_000], rumor=0, text="别的话"),
        cascade("a", [30]),
        cascade("c", [3601]),
    )
    args = ["--after", "1h", "--json"]

    first, second = (runner.invoke(app, ["forecast", str(path), *args]).stdout for path in (cascades, other))

    assert json.loads(first) == json.loads(second)


def test_table_shows_counts_so_far_and_forecasts(cascades: Path) -> None:
    result = runner.invoke(app, ["forecast", str(cascades), "--after", "3h"])

    assert result.exit_code == 0, result.output
    assert "预计" in result.output
    assert "99" in result.output


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{no json", "line 2: not a JSON object"),
        ("[1]", "line 2: not a JSON object"),
        (cascade("x", [-5]), "line 2: field reposts, item 1"),
        (json.dumps({"id": "x", "published_at": "2026-11-09T21:10:00+08:00"}), "line 2: field reposts"),
        (cascade("x", [1], published_at="2026-11-09T21:10:00"), "line 2: field published_at"),
        (cascade("x", [1], id=None), "line 2: field id"),
    ],
)
def test_a_wrong_line_is_named_with_its_field(line: str, said: str, tmp_path: Path) -> None:
    path = write(tmp_path, cascade("ok", [1]), line)

    result = runner.invoke(app, ["forecast", str(path), "--after", "1h", "--json"])

    assert isinstance(result.exception, OpinionStreamError)
    assert said in str(result.exception)
    assert result.stdout == ""


def test_a_missing_file_and_an_unknown_window_are_refused(tmp_path: Path) -> None:
    missing = runner.invoke(app, ["forecast", str(tmp_path / "none.jsonl"), "--after", "1h"])
    unknown = runner.invoke(app, ["forecast", str(write(tmp_path, cascade("a", []))), "--after", "2h"])

    assert "no such file" in str(missing.exception)
    assert unknown.exit_code == 2
    assert "1h" in unknown.output


def test_help_shows_examples() -> None:
    result = runner.invoke(app, ["forecast", "--help"])

    assert "opinion-stream forecast cascades.jsonl --after 6h --json" in result.output


@pytest.mark.skipif(not REAL.is_file(), reason="the real cascades (../shared/data/cascades_dev.jsonl) are not here")
def test_on_the_real_cascades_it_is_of_use(tmp_path: Path) -> None:
    """Coarse, and on the data of the fit: it would notice broken features or parameters, not a small loss."""
    lines = REAL.read_text(encoding="utf-8").splitlines()[:400]
    records = [json.loads(line) for line in lines]
    result = runner.invoke(app, ["forecast", str(write(tmp_path, *lines)), "--after", "3h", "--json"])
    rows = json.loads(result.stdout)

    known = [
        (len(record["reposts"]), row)
        for record, row in zip(records, rows, strict=True)
        if sum(x <= 3 * 3600 for x in record["reposts"]) >= 20
    ]

    assert statistics.median(abs(row["predicted"] - final) / final for final, row in known) < 0.26
    assert 0.7 < statistics.fmean(row["low"] <= final <= row["high"] for final, row in known) < 0.9
