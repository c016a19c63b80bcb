"""`opinion-stream import`: an exported file tried out, and sent."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

from builders import SMALL_POLICY
from opinion_stream.cli.main import build
from opinion_stream.errors import SettingsError, SourceError

SHIPPED = Path(__file__).resolve().parents[2] / "config" / "mappings"
HEADER = ["留言编号", "留言标题", "留言内容", "追加内容", "留言时间", "提交时间", "点赞数"]
RUN = CliRunner()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The small policy with the shipped mappings."""
    folder = Path(shutil.copytree(SMALL_POLICY, tmp_path / "policy"))
    shutil.copytree(SHIPPED, folder / "mappings")
    return folder


@pytest.fixture
def export(tmp_path: Path) -> Path:
    book = Workbook()
    for line in (
        ["网上留言导出"],
        HEADER,
        ["W1", "路灯", "南街路灯不亮", None, "2026-03-02 09:30:00", None, "1.2万"],
        ["W2", "供暖", "暖气不热", "仍未解决", None, "2026/3/2 9:30", 3],
        ["W3", "噪声", "夜间施工", None, "上周", None, None],
    ):
        book.active.append(line)
    path = tmp_path / "三月.xlsx"
    book.save(path)
    return path


def run(config: Path, *words: str) -> str:
    result = RUN.invoke(build(("import_file", "check")), [*words, "--config", str(config)], catch_exceptions=False)
    return result.output


def test_a_dry_run_says_what_fits_and_what_not_and_quotes_nothing(config: Path, export: Path) -> None:
    said = run(config, "import", str(export), "--mapping", "message_board_export", "--dry-run")

    assert "读取 2 行" in said
    assert "第 5 行：published_at（列 留言时间、提交时间）：不是映射所声明的时间形式" in said
    assert "没有送出任何内容" in said
    assert "施工" not in said


def test_an_unknown_mapping_and_a_file_with_other_columns_are_refused_with_the_cure(
    config: Path, export: Path, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="known: hotline_12345_api, message_board_export"):
        run(config, "import", str(export), "--mapping", "nothing", "--dry-run")
    other = tmp_path / "other.csv"
    other.write_text("甲,乙\n1,2\n", encoding="utf-8")
    with pytest.raises(SourceError, match=r"message_board_export needs: fields.id: 留言编号"):
        run(config, "import", str(other), "--mapping", "message_board_export", "--dry-run")


def test_a_mapping_that_is_wrong_is_named_by_file_and_key(config: Path) -> None:
    (config / "mappings" / "bad.yaml").write_text("title: t\nfields: {text: a, published_at: {paht: b}}\n", "utf-8")

    said = run(config, "config", "check")

    assert "mappings/bad.yaml: fields.published_at" in said
    assert "paht" in said


def test_a_source_that_names_no_mapping_there_is_is_refused(config: Path) -> None:
    with (config / "sources.yaml").open("a", encoding="utf-8") as file:
        file.write("  - {name: x, title: x, kind: folder, path: in, mapping: nowhere, licence: 本单位导出}\n")

    assert "sources.yaml: sources.x.mapping: there is no mappings/nowhere.yaml" in run(config, "config", "check")


def test_help_has_examples() -> None:
    assert "--dry-run" in RUN.invoke(build(("import_file", "check")), ["import", "--help"]).output
