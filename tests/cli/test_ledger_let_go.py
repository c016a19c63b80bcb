"""The ledger's commands let go of the database at their end, so that a SQLite file can be moved."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from typer.testing import CliRunner

from builders import SMALL_POLICY
from opinion_stream.adapters.ledger.database import url_of
from opinion_stream.adapters.ledger.places import Where, _settled
from opinion_stream.cli.main import build


@pytest.fixture(autouse=True)
def _no_collector() -> None:
    # What is let go of only when the collector comes by is let go of too late.
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize(
    "words", [["verify"], ["export", "--out", "OUT"], ["status"], ["prune"], ["prune", "--dry-run"]], ids=" ".join
)
def test_a_file_can_be_moved_after_a_command(words: list[str], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    env = {"OPINION_CONFIG": str(SMALL_POLICY), "OPINION_LEDGER_URL": url}
    run, app = CliRunner(), build(("ledger", "contracts"))
    made = run.invoke(app, ["ledger", "migrate"], env=env)
    assert made.exit_code == 0, made.output

    done = run.invoke(app, ["ledger", *(str(tmp_path / "out") if word == "OUT" else word for word in words)], env=env)

    assert done.exit_code == 0, done.output
    _settled(Where(url_of(url), "ledger"))
