"""The table of bars: how rows look, and that a part that fails or has no data is told and not dropped."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("rows")


@pytest.fixture
def table(rows: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = importlib.import_module("table")
    monkeypatch.setattr(module, "HERE", tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(BENCHMARKS))
    return module


def test_rows_travel_through_the_file_into_even_columns(
    rows: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed = tmp_path / "rows.jsonl"
    monkeypatch.setenv(rows.ROWS_FILE, str(handed))
    rows.row("speed | mentions/s", "2,600", ">= 2,500", True, "words 6,800")
    rows.row("share", "16 %", "<= 15 %", False)
    rows.row("memory", "2 KB")
    read = rows.read_rows(handed)
    assert rows.render(read).splitlines() == [
        "what                simplest method  ours   bar       reached",
        "------------------  ---------------  -----  --------  -------",
        "speed | mentions/s  words 6,800      2,600  >= 2,500  yes",
        "share               -                16 %   <= 15 %   NO",
        "memory              -                2 KB   -         -",
    ]
    markdown = rows.render(read, markdown=True).splitlines()
    assert markdown[:2] == ["| what | simplest method | ours | bar | reached |", "|---|---|---|---|---|"]
    assert markdown[2].startswith("| speed \\| mentions/s |")


@pytest.mark.parametrize(
    ("script", "ours", "failed"),
    [
        (
            "from rows import row; row('a', '1', '0', True); raise SystemExit('no luck')",
            "failed (exit 1): no luck",
            True,
        ),
        ("print('x.jsonl is not on this machine')", "not measured: x.jsonl is not on this machine", False),
        ("import threading; threading.Event().wait()", "stopped after", True),
    ],
    ids=["fails", "no data", "too long"],
)
def test_a_part_that_does_not_measure_has_a_line_saying_so(
    table: ModuleType, tmp_path: Path, script: str, ours: str, failed: bool
) -> None:
    (tmp_path / "part.py").write_text(script, encoding="utf-8")
    minutes = 0.01 if "wait" in script else 1
    outcome = table.run(table.Part("some", ("part.py",)), tmp_path, minutes)
    assert outcome.rows[-1].what == "some: part.py"
    assert outcome.rows[-1].ours.startswith(ours)
    assert bool(outcome.trouble) is failed
    assert len(outcome.rows) == (2 if "row(" in script else 1)
