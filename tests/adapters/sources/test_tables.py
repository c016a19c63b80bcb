"""Exported files as people have them: encodings, merged headings, dates, blank rows, wrong columns."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import Workbook

from opinion_stream.adapters.sources.tables import Row, encoding_of, rows
from opinion_stream.domain.collection.mapping import Mapper
from opinion_stream.errors import SourceError
from opinion_stream.policy.mapping import FieldMapping, Table

HEADER = ["编号", "标题", "内容", "时间", "点赞"]
LINES = [
    HEADER,
    ["1", "路灯", "南街路灯不亮，\n三天了", "2026/3/2 9:30", "3"],
    ["2", "供暖", "暖气不热，室温 14 度", "2026年3月3日", ""],
]


def mapping(**table: object) -> FieldMapping:
    fields = {"id": "编号", "title": "标题", "text": "内容", "published_at": {"path": "时间"}, "likes": "点赞"}
    return FieldMapping.model_validate({"title": "t", "fields": fields, "table": table})


def csv_text(lines: list[list[str]], mark: str = ",") -> str:
    return "".join(mark.join(f'"{cell}"' for cell in line) + "\r\n" for line in lines)


def book(path: Path, lines: list[list[Any]], merged: str | None = None) -> Path:
    made = Workbook()
    sheet = made.active
    for line in lines:
        sheet.append(line)
    if merged:
        sheet.merge_cells(merged)
    made.save(path)
    return path


def read(path: Path, made: FieldMapping | None = None) -> list[Row]:
    return list(rows(path, made or mapping(), "board"))


def mapped(path: Path, made: FieldMapping | None = None) -> list[dict[str, Any]]:
    mapper = Mapper(made or mapping(), "board", ZoneInfo("Asia/Shanghai"))
    found = [mapper.map(row.record, row=row.number, faults=row.faults) for row in read(path, made) if row.record]
    return [dict(result.record) for result in found]


EXPECTED = [
    {
        "id": "1",
        "title": "路灯",
        "text": "南街路灯不亮，\n三天了",
        "published_at": "2026-03-02T09:30:00+08:00",
        "likes": 3,
    },
    {"id": "2", "title": "供暖", "text": "暖气不热，室温 14 度", "published_at": "2026-03-03T00:00:00+08:00"},
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_csv_in_every_usual_encoding_and_with_every_delimiter(tmp_path: Path, encoding: str, mark: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(csv_text(LINES, mark).replace("\r\n三天", "\n三天").encode(encoding))

    assert mapped(path) == EXPECTED
    assert [row.number for row in read(path)] == [2, 4]


def test_big5_is_told_from_gb18030_and_a_declared_encoding_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(
        ("編號,標題,內容,時間\r\n" + "1,路燈,南街的路燈已經三天不亮了請有關部門盡快修理,2026/3/2\r\n" * 20).encode(
            "big5"
        )
    )

    assert encoding_of(path, Table()) == "big5hkscs"
    assert encoding_of(path, Table(encoding="GBK")) == "gbk"
    with pytest.raises(SourceError, match="no encoding 'gbq'"):
        encoding_of(path, Table(encoding="gbq"))


def test_a_spreadsheet_with_a_merged_title_true_dates_and_blank_rows(tmp_path: Path) -> None:
    lines = [
        ["安平市网上留言导出（2026 年 3 月）"],
        HEADER,
        [1, "路灯", "南街路灯不亮，\n三天了", datetime(2026, 3, 2, 9, 30), 3.0],  # noqa: DTZ001
        [None, None, None, None, None],
        ["2", "供暖", "暖气不热，室温 14 度", date(2026, 3, 3), "#N/A"],
    ]
    path = book(tmp_path / "a.xlsx", lines, "A1:E1")

    assert mapped(path) == EXPECTED
    assert [(row.number, row.record is None) for row in read(path)] == [(3, False), (4, True), (5, False)]


def test_serial_days_where_the_date_format_was_lost(tmp_path: Path) -> None:
    fields = {"text": "内容", "published_at": {"path": "时间", "time": ["%Y-%m-%d", "excel"]}}
    made = FieldMapping.model_validate({"title": "t", "fields": fields})
    path = book(tmp_path / "a.xlsx", [["内容", "时间"], ["路灯不亮", 46083.395833333336]])

    assert mapped(path, made)[0]["published_at"] == "2026-03-02T09:30:00+08:00"


def test_two_header_rows_with_merged_headings(tmp_path: Path) -> None:
    fields = {"text": "诉求/内容", "title": "诉求/标题", "published_at": "时间"}
    made = FieldMapping.model_validate({"title": "t", "fields": fields, "table": {"header_rows": 2}})
    lines = [["某某导出"], ["时间", "诉求", None], [None, "标题", "内容"], ["2026-03-02", "路灯", "不亮了"]]
    path = book(tmp_path / "a.xlsx", lines, "B2:C2")

    assert mapped(path, made)[0]["text"] == "不亮了"


def test_columns_by_number_where_there_is_no_header(tmp_path: Path) -> None:
    fields = {"text": "#2", "published_at": "#1"}
    made = FieldMapping.model_validate({"title": "t", "fields": fields, "table": {"header_row": 0}})
    path = tmp_path / "a.csv"
    path.write_text("2026-03-02 09:30,路灯不亮\n", encoding="utf-8")

    assert mapped(path, made)[0]["text"] == "路灯不亮"


def test_a_row_with_more_cells_than_the_header_is_marked_and_not_guessed_at(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(csv_text([HEADER, ["1", "路灯", "南街", "不亮", "2026-03-02", "3"]]), encoding="utf-8")

    assert mapped(path)[0]["unmapped"]["fields"]["record"] == "ragged"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([["编号", "标题", "正文", "时间", "点赞"]], "fields.text: 内容"),
        ([["编号", "标题", "内容", "时间", "内容", "点赞"]], "stands there twice"),
        ([], "the file is empty"),
    ],
)
def test_missing_columns_are_named_with_file_mapping_and_cure(
    tmp_path: Path, lines: list[list[str]], said: str
) -> None:
    path = tmp_path / "三月.csv"
    path.write_text(csv_text([*lines, *LINES[1:]] if lines else []), encoding="utf-8")

    with pytest.raises(SourceError) as caught:
        read(path)
    assert said in str(caught.value)
    assert "三月.csv" in str(caught.value)
    assert "config/mappings/board.yaml" in str(caught.value)


def test_what_is_no_spreadsheet_is_refused_with_the_cure(tmp_path: Path) -> None:
    old, broken, other = tmp_path / "a.xls", tmp_path / "b.xlsx", tmp_path / "c.xlsx"
    old.write_bytes(b"\xd0\xcf\x11\xe0")
    broken.write_bytes(b"PK\x03\x04 cut off")
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("readme", "no book")

    for path in (old, broken, other):
        with pytest.raises(SourceError, match=r"save it .*as \.xlsx"):
            read(path)
    with pytest.raises(SourceError, match=r"no sheet '三月' \(`table.sheet`\); it has: Sheet"):
        read(book(tmp_path / "d.xlsx", LINES), mapping(sheet="三月"))


def test_json_lines_keep_a_broken_line_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\n\n{"a": \n[1]\n')

    assert [(row.number, row.record) for row in read(path)] == [(1, {"a": 1}), (2, None), (3, b'{"a":'), (4, [1])]
