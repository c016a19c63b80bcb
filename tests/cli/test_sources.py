"""`opinion-stream sources`: what cron gets to see; and what a restart of the service tells."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from builders import CST, SMALL_POLICY
from opinion_stream.adapters.sources.base import Surroundings
from opinion_stream.adapters.sources.cursors import FOLDER
from opinion_stream.adapters.sources.journal import PollJournal
from opinion_stream.adapters.sources.watch import SourceWatch
from opinion_stream.cli.main import build
from opinion_stream.models.source import PollOutcome, SourceHealth, SourceState
from opinion_stream.policy import load_policy
from site_server import QuickTime
from source_desk import Broker

NOW = datetime.now(UTC)


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = Path(shutil.copytree(SMALL_POLICY, tmp_path / "policy"))
    text = (folder / "sources.yaml").read_text(encoding="utf-8")
    (folder / "sources.yaml").write_text(text.replace("    kind: rss\n", "    kind: rss\n    enabled: true\n"), "utf-8")
    monkeypatch.setenv("OPINION_CONFIG", str(folder))
    monkeypatch.setenv("OPINION_STATE_DIR", str(tmp_path))
    return folder


def poll(minutes_ago: float, error: str | None = None) -> PollOutcome:
    at = NOW - timedelta(minutes=minutes_ago)
    return PollOutcome(source="evening-news", at=at, ok=error is None, sent=int(error is None), error=error)


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(build(("collect", "sources")), ["sources", *words])
    return result.exit_code, result.output


def test_the_exit_code_tells_whether_an_enabled_source_is_well(policy: Path, tmp_path: Path) -> None:
    assert run("status")[0] == 1, "enabled and never read"
    journal = PollJournal(tmp_path / FOLDER)
    journal.record(poll(10))
    assert run("status")[0] == 0
    for minutes in (9, 8, 7):
        journal.record(poll(minutes, "timeout: x"))
    code, shown = run("status", "evening-news")
    assert code == 1
    assert "连续3次读取失败：对方没有在时限内答复" in shown
    code, shown = run("status", "--json")
    found = {one["source"]: one for one in json.loads(shown)}
    assert (found["evening-news"]["state"], found["board"]["state"]) == ("failing", "off")
    assert (found["evening-news"]["consecutive_failures"], found["evening-news"]["error_rate"]) == (3, 0.75)
    assert run("status", "board")[0] == 0, "a disabled source is nobody's worry"


def test_the_list_names_every_source_and_its_ground(policy: Path) -> None:
    code, shown = run("list")
    assert code == 0
    assert "robots.txt 允许" in shown
    assert "共 2 个来源，启用 1 个" in shown
    assert [one["name"] for one in json.loads(run("list", "--json")[1])] == ["evening-news", "board"]


async def test_a_fault_is_told_once_over_restarts_and_again_only_if_the_broker_did_not_take_it(
    policy: Path, tmp_path: Path
) -> None:
    sources = load_policy(policy).sources
    for minutes in (40, 30, 20):
        PollJournal(tmp_path / FOLDER).record(poll(minutes, "http_503: x"))
    time, broker = QuickTime(NOW), Broker(refuse=1)

    def watch() -> SourceWatch:
        around = Surroundings(clock=time, zone=CST, sleep=time.sleep, chance=lambda: 0.0)
        folder = tmp_path / FOLDER
        return SourceWatch(sources.sources[:1], sources, PollJournal(folder), broker, "t", folder, around)

    await watch().check()
    assert broker.taken == []
    time.pass_by(minutes=1)
    for _ in range(3):
        await watch().check()
    (told,) = [SourceHealth.model_validate_json(value) for value in broker.taken]
    assert (told.state, told.since) == (SourceState.FAILING, NOW), "of the time at which it was seen first"
    disabled = sources.sources[0].model_copy(update={"enabled": False})
    sources = sources.model_copy(update={"sources": (disabled, *sources.sources[1:])})
    await watch().check()
    assert SourceHealth.model_validate_json(broker.taken[-1]).state is SourceState.OFF
