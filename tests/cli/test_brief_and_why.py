"""`brief` and `why` on files: documents for grave matters, and for each result its rule, words and figures."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from opinion_stream.cli.main import app
from opinion_stream.errors import OpinionStreamError

REPO = Path(__file__).parents[2]
SMALL = str(REPO / "tests" / "small_policy")
runner = CliRunner(env={"COLUMNS": "200", "TERM": "dumb"})
RESULTS = {
    "category",
    "region",
    "unit",
    "nature",
    "sensitivity",
    "response_value",
    "priority_rule",
    "duplicate_of",
    "incident",
    "grade",
    "watch",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    texts = ["东河县柳树镇小区昨晚发生爆炸，3名住户受伤。", "东河县柳树镇公园的花开了。", "东河县柳树镇公园的花开了！"]
    rows = [
        {"id": f"n{n}", "source": "s", "title": "", "text": text, "published_at": f"2026-03-02T08:0{n}:00+08:00"}
        for n, text in enumerate(texts)
    ]
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def explain(file: Path, wanted: str) -> dict[str, object]:
    result = runner.invoke(app, ["why", str(file), "--id", wanted, "-c", SMALL, "--json"])
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("command", ["brief", "why"])
def test_help_shows_examples(command: str) -> None:
    result = runner.invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert f"opinion-stream {command}" in result.output


def test_a_file_gives_one_document_for_each_grave_matter(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "briefs"
    result = runner.invoke(app, ["brief", "--file", str(file), "-o", str(folder), "-c", SMALL])
    assert result.exit_code == 0, result.output
    (document,) = folder.glob("*.md")
    text = document.read_text(encoding="utf-8")
    assert "“东河县柳树镇小区昨晚发生爆炸，3名住户受伤”" in text
    assert "s:n0" in text
    assert "待审" in text

    runner.invoke(app, ["brief", "--file", str(file), "-o", str(folder), "-c", SMALL, "--grade", "IV", "--json"])
    assert sorted(json.loads(p.read_text(encoding="utf-8"))["grade"] for p in folder.glob("*.json")) == ["II", "IV"]


@pytest.mark.parametrize("arguments", [[], ["i-1", "--file", "x"], ["--file", "x"]], ids=str)
def test_a_wrong_call_names_the_right_one(arguments: list[str]) -> None:
    result = runner.invoke(app, ["brief", *arguments])
    assert isinstance(result.exception, OpinionStreamError)
    assert "-o" in str(result.exception)


def test_every_result_has_a_rule_and_a_sentence(file: Path) -> None:
    found = explain(file, "n0")
    reasons = found["reasons"]
    assert isinstance(reasons, dict)
    assert set(reasons) == RESULTS
    assert all(reason["rule"] and reason["text"] for each in reasons.values() for reason in each)
    assert reasons["sensitivity"][0]["evidence"] == ["受伤"]
    assert "合计" in reasons["sensitivity"][-1]["text"]
    assert reasons["priority_rule"][0]["rule"] == "emergency"
    assert "达到50分" in reasons["response_value"][0]["text"]


def test_nothing_found_is_said_and_a_repeat_names_its_original(file: Path) -> None:
    found = explain(file, "n2")
    reasons = found["reasons"]
    assert isinstance(reasons, dict)
    assert reasons["sensitivity"] == [
        {"rule": "sensitivity.none", "text": "没有命中任何敏感规则，敏感度0分", "evidence": []}
    ]
    assert reasons["priority_rule"][0]["rule"] == "priority.none"
    assert reasons["duplicate_of"][0]["evidence"] == ["s:n1"]
    assert found["incident_id"] == explain(file, "n1")["incident_id"]


def test_an_unsure_category_says_how_near_it_came_and_that_a_person_decides(file: Path, tmp_path: Path) -> None:
    path = tmp_path / "unsure.jsonl"
    row = {"id": "u", "source": "s", "text": "小区门口的公交", "published_at": "2026-03-02T08:00:00+08:00"}
    path.write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")
    found = explain(path, "u")
    assert found["category_source"] == "unsure"
    reasons = found["reasons"]
    assert isinstance(reasons, dict)
    (reason,) = reasons["category"]
    assert reason["rule"] == "category.unsure"
    assert "低于0.4" in reason["text"]
    assert "转人工判定" in reason["text"]


def test_the_page_shows_the_text_and_the_rules(file: Path) -> None:
    result = runner.invoke(app, ["why", str(file), "--id", "s:n0", "-c", SMALL])
    assert result.exit_code == 0, result.output
    for part in ("研判依据", "3名住户受伤", "敏感度", "规则 casualties", "grading.total", "词语：受伤"):
        assert part in result.output
    assert re.search(r"诉求性质：\S+（[a-z_]+）", result.output)
    assert re.search(r"等级：\S+（I{1,3}V?）", result.output)


def test_an_id_that_is_not_there_is_named_with_the_cure(file: Path) -> None:
    result = runner.invoke(app, ["why", str(file), "--id", "nobody", "-c", SMALL])
    assert isinstance(result.exception, OpinionStreamError)
    assert "nobody" in str(result.exception)
    assert "--rejects" in str(result.exception)
