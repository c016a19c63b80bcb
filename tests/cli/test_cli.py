"""What a person at the command line meets: help with examples, files in and out, errors that name the cure."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from opinion_stream.cli import main
from opinion_stream.cli.main import app
from opinion_stream.errors import OpinionStreamError, SettingsError
from opinion_stream.policy import load_policy

REPO = Path(__file__).parents[2]
runner = CliRunner(env={"COLUMNS": "200", "TERM": "dumb"})


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPINION_KAFKA_BOOTSTRAP", "OPINION_PSEUDONYM_KEY", "OPINION_PSEUDONYM_KEY_FILE", "OPINION_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(REPO)


def raw(number: int, text: str, **more: object) -> str:
    record = {"id": f"n{number}", "source": "wenzheng", "title": "", "text": text, "author": f"作者{number}"}
    return json.dumps({**record, "published_at": f"2026-11-09T08:{number:02}:00+08:00", **more}, ensure_ascii=False)


@pytest.fixture
def messages(tmp_path: Path) -> Path:
    lines = [
        raw(1, "西峰区南街的暖气一直不热，家里只有十三度，老人孩子受不了，请供热公司尽快解决。"),
        raw(2, "西峰区南街的暖气一直不热，家里只有十三度，老人孩子受不了，请供热公司尽快解决。"),
        "this is no JSON",
        raw(3, "庆城县城北停水三天了，请问什么时候恢复供水？我的电话是13812345678。"),
        raw(4, "", title=""),
    ]
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "command",
    [
        "demo",
        "worker",
        "replay",
        "clean",
        "assess",
        "train",
        "evaluate",
        "forecast",
        "consume",
        "send-command",
        "incident list",
        "incident show",
        "incident override-grade",
        "incident lift-override",
        "incident merge",
        "incident split",
        "incident close",
        "task list",
        "task show",
        "task transfer",
        "task extend",
        "topics apply",
        "intake",
        "config check",
        "escalation ack",
        "escalation instruct",
        "escalation return",
        "escalation list",
        "referral send",
        "duty who",
        "duty week",
    ],
)
def test_help_of_each_command_shows_an_example(command: str) -> None:
    result = runner.invoke(app, [*command.split(), "--help"])

    assert result.exit_code == 0
    assert "opinion-stream " + command.split()[0] in result.output


def test_clean_masks_marks_repeats_and_explains_rejects(messages: Path, tmp_path: Path) -> None:
    out, bad = tmp_path / "out.jsonl", tmp_path / "bad.jsonl"

    result = runner.invoke(app, ["clean", str(messages), "-o", str(out), "--rejects", str(bad)])

    assert result.exit_code == 0, result.output
    mentions = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [m["source_id"] for m in mentions] == ["n1", "n2", "n3"]
    assert mentions[1]["duplicate_of"] == mentions[0]["id"]
    assert "13812345678" not in out.read_text(encoding="utf-8")
    assert "作者" not in out.read_text(encoding="utf-8")
    rejects = [json.loads(line) for line in bad.read_text(encoding="utf-8").splitlines()]
    assert [r["line"] for r in rejects] == [3, 5]
    assert all(r["reason"] for r in rejects)
    assert "一次性密钥" in result.output


def test_assess_gives_one_line_per_mention_with_reasons(messages: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"

    result = runner.invoke(app, ["assess", str(messages), "-o", str(out)])

    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [line["id"] for line in lines] == ["n1", "n2", "n3"]
    heating, copy, water = lines
    assert heating["region"] == "西峰区"
    assert water["region"] == "庆城县"
    assert copy["incident_id"] == heating["incident_id"]
    assert water["incident_id"] != heating["incident_id"]
    assert all(line["grade"] in ("I", "II", "III", "IV") for line in lines)
    assert all(line["reasons"]["region"] and line["reasons"]["unit"] for line in lines)


def test_the_same_file_assessed_twice_gives_the_same_lines(messages: Path, tmp_path: Path) -> None:
    outs = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for out in outs:
        assert runner.invoke(app, ["assess", str(messages), "-o", str(out)]).exit_code == 0

    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_a_worker_without_a_key_refuses_to_start_and_says_how_to_make_one() -> None:
    result = runner.invoke(app, ["worker", "collection", "--bootstrap", "127.0.0.1:1"])

    assert isinstance(result.exception, SettingsError)
    assert "OPINION_PSEUDONYM_KEY" in str(result.exception)
    assert "secrets.token_hex" in str(result.exception)


def test_a_worker_without_a_broker_names_the_variable() -> None:
    result = runner.invoke(app, ["worker", "collection"])

    assert isinstance(result.exception, SettingsError)
    assert "OPINION_KAFKA_BOOTSTRAP" in str(result.exception)


def test_a_missing_file_is_named() -> None:
    result = runner.invoke(app, ["replay", "nowhere.jsonl", "--bootstrap", "127.0.0.1:1"])

    assert isinstance(result.exception, OpinionStreamError)
    assert "nowhere.jsonl" in str(result.exception)


def test_config_check_passes_what_is_shipped_and_names_file_key_and_reason(tmp_path: Path) -> None:
    assert runner.invoke(app, ["config", "check"]).exit_code == 0
    for file in (REPO / "config").glob("*.yaml"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    routes = (tmp_path / "routes.yaml").read_text(encoding="utf-8")
    (tmp_path / "routes.yaml").write_text(routes.replace("role:", "rolle:"), encoding="utf-8")

    result = runner.invoke(app, ["config", "check", "--config", str(tmp_path)])

    assert result.exit_code == 1
    assert "routes.yaml" in result.output
    assert "rolle" in result.output


def test_topics_can_be_listed_and_described_without_a_broker() -> None:
    listed = runner.invoke(app, ["topics", "list"])
    described = runner.invoke(app, ["topics", "describe", "opinion.escalations"])

    assert "opinion.escalations" in listed.output
    assert "receipt_due_at" in described.output


def test_an_unknown_topic_is_answered_with_the_known_ones() -> None:
    result = runner.invoke(app, ["topics", "describe", "escalation"])

    assert isinstance(result.exception, OpinionStreamError)
    assert "escalations.receipts" in str(result.exception)


def test_shipped_policies_are_the_ones_the_readme_names() -> None:
    assert load_policy(REPO / "config").jurisdiction.name
    assert load_policy(REPO / "examples" / "xidi").jurisdiction.name


LOADED = "import sys; sys.argv = ['opinion-stream', *sys.argv[1:]]\nfrom opinion_stream.cli.main import main\n"
LOADED += "try:\n    main()\nfinally:\n    print(*sorted(sys.modules), file=sys.stderr)"


def test_a_file_command_loads_neither_a_broker_nor_a_learner(messages: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOADED, "assess", str(messages), "-o", str(tmp_path / "out.jsonl")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPO)
    loaded = set(done.stderr.split())
    assert "rjieba" in loaded
    assert not loaded & {"faust", "aiokafka", "sklearn", "scipy", "jieba", "rich", "asyncio"}


def test_each_command_has_its_module_and_none_is_left_out() -> None:
    assert set(typer.main.get_group(app).commands) == set(main.COMMANDS)


@pytest.mark.parametrize("command", sorted(main.COMMANDS))
def test_a_command_that_is_loaded_alone_is_the_one_of_the_full_help(command: str) -> None:
    alone, whole = (
        functions(typer.main.get_group(made).commands[command]) for made in (main.build([main.COMMANDS[command]]), app)
    )
    assert alone == whole


def functions(command: Any) -> object:
    """What a command calls; of a group, what each of its own commands does."""
    if hasattr(command, "commands"):
        return {name: functions(each) for name, each in command.commands.items()}
    return inspect.unwrap(command.callback)


def test_doctor_warns_of_a_key_older_than_its_period(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = "rotation_days: 30\nkeys:\n  - {id: old, from: 2020-01-01, secret: a secret that nobody knows}"
    monkeypatch.setenv("OPINION_PSEUDONYM_KEY", keys)
    late = CliRunner().invoke(app, ["doctor"])
    monkeypatch.setenv("OPINION_PSEUDONYM_KEY", keys.replace("30", "3660").replace("2020", "2026"))
    fresh = CliRunner().invoke(app, ["doctor"])

    assert "key old is in force since 2020-01-01" in late.output
    assert "docs/privacy.md" in late.output
    assert "old in force since 2026-01-01" in fresh.output
    assert late.exit_code == fresh.exit_code, "a warning, no failure"
    assert not any("nobody knows" in output for output in (late.output, fresh.output))
