"""`opinion-stream watch`: rules are checked, tried on a file and explained, and files tell what was set aside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from opinion_stream.cli.main import app

SMALL = str(Path(__file__).parents[1] / "small_policy")
runner = CliRunner(env={"COLUMNS": "200", "TERM": "dumb"})
TEXTS = [
    "东河县柳树镇停水三天，电话13812345678，请尽快解决。",
    "秋冬女装清仓特惠，扫码进群抢购，电话13812345679。",
    "秋冬女装清仓，扫码进群，我要投诉这家店。",
    "东河县柳树镇公园的花开了。",
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = [
        {"id": f"n{n}", "source": "s", "title": "", "text": text, "published_at": f"2026-03-02T08:0{n}:00+08:00"}
        for n, text in enumerate(TEXTS)
    ]
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def run(*args: str, code: int = 0) -> str:
    result = runner.invoke(app, [*args])
    assert result.exit_code == code, result.output
    return result.stdout


@pytest.mark.parametrize("command", ["check", "test", "explain"])
def test_help_shows_examples(command: str) -> None:
    assert f"opinion-stream watch {command}" in run("watch", command, "--help")


def test_check_shows_how_each_rule_is_read() -> None:
    told = run("watch", "check", "-c", SMALL)
    assert "[关注] 学校食品安全：(学校 or 幼儿园 or 学生) near/20 (食堂 or 营养餐 or 饭菜)" in told
    assert "关注词规则 2 条，排除规则 1 条" in told


def test_check_points_at_the_mistake_in_a_draft(tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text("priority: [{name: 停水, query: 停水 断水, reason: 因为如此}]", encoding="utf-8")
    told = run("watch", "check", "--rules", str(draft), code=1)
    assert "停水.query: 第 4 个字" in told
    assert "\n    停水 断水\n         ^" in told
    assert "改法：" in told


def test_a_trial_on_a_file_counts_and_shows_masked_samples(file: Path) -> None:
    told = json.loads(run("watch", "test", str(file), "-c", SMALL, "--json").splitlines()[-1])
    assert (told["mentions"], told["watched"], told["set_aside"]) == (4, 1, 1)
    rules = {(rule["kind"], rule["name"]): rule for rule in told["rules"]}
    assert (rules["priority", "停水"]["hits"], rules["priority", "停水"]["decided"]) == (1, 1)
    assert (rules["exclusion", "商业广告"]["hits"], rules["exclusion", "商业广告"]["decided"]) == (2, 1)
    assert rules["always_hear", "always_hear"]["hits"] == 1
    assert "〔手机号〕" in rules["priority", "停水"]["samples"][0]["text"]
    assert "1381234567" not in run("watch", "test", str(file), "-c", SMALL)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (TEXTS[0], "照常研判，带关注词：停水"),
        (TEXTS[1], "另列，不立事：商业广告"),
        (TEXTS[2], "照常研判（排除规则被盖过）"),
        (TEXTS[3], "结论：照常研判；"),
    ],
)
def test_explain_says_what_becomes_of_a_text(text: str, verdict: str) -> None:
    assert verdict in run("watch", "explain", text, "-c", SMALL)


def test_assess_writes_a_line_for_each_and_says_which_are_set_aside(file: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    told = run("assess", str(file), "-o", str(target), "-c", SMALL)
    lines = [json.loads(line) for line in target.read_bytes().splitlines()]
    assert [line["id"] for line in lines] == ["n0", "n1", "n2", "n3"]
    assert [line["set_aside"] for line in lines] == [None, "商业广告", None, None]
    assert [line["watch"] for line in lines] == [["停水"], [], [], []]
    assert set(lines[1]) == set(lines[0])
    assert lines[1]["incident_id"] is None
    assert "商业广告" in lines[1]["reasons"]["watch"][0]["text"]
    assert "停水" in lines[0]["reasons"]["watch"][0]["text"]
    assert "另列 1 条" in told


def test_why_tells_that_a_mention_is_set_aside_and_by_which_rule(file: Path) -> None:
    told = run("why", str(file), "--id", "n1", "-c", SMALL)
    assert "另列（商业广告）" in told
    assert "推销商品" in told
    assert "关注词：停水" in run("why", str(file), "--id", "n0", "-c", SMALL)
