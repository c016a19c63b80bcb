"""`opinion-stream warnings`: a file in, its early warnings out."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from builders import SMALL_POLICY, T0, raw_mention
from opinion_stream.cli.main import app

runner = CliRunner()


@pytest.fixture
def growing(tmp_path: Path) -> Path:
    """Forty mentions of one matter within two hours, different words."""
    path = tmp_path / "in.jsonl"
    lines = [
        raw_mention(
            id=f"n{n}",
            author=f"a{n}",
            text=f"东河县柳树镇已经停水{n}小时，第{n}栋没有水，请尽快解决一下。",
            published_at=(T0 + timedelta(minutes=3 * n)).isoformat(),
        )
        for n in range(40)
    ]
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")
    return path


def test_warnings_of_a_file_as_json_and_as_a_table(growing: Path) -> None:
    machine = runner.invoke(app, ["warnings", str(growing), "--config", str(SMALL_POLICY), "--json"])
    table = runner.invoke(app, ["warnings", str(growing), "--config", str(SMALL_POLICY)])

    assert machine.exit_code == 0, machine.output
    issued = json.loads(machine.stdout)
    assert issued[0]["kind"] == "growth"
    assert issued[0]["status"] == "open"
    assert issued[0]["mention_ids"]
    assert "预警中" in table.stdout
    assert "小时" in table.stdout


def test_help_shows_an_example() -> None:
    assert "opinion-stream warnings messages.jsonl" in runner.invoke(app, ["warnings", "--help"]).output
