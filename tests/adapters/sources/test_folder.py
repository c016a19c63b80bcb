"""The folder of exported files: each read once, whole, from where it was left, and put away with its report."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from opinion_stream.adapters.sources.folder import FolderConnector
from opinion_stream.policy.mapping import FieldMapping
from opinion_stream.policy.source_data import FolderSource
from source_world import World

MAPPING = FieldMapping.model_validate(
    {"title": "t", "fields": {"id": "编号", "text": "内容", "published_at": {"path": "时间"}}}
)
REPORT = ".report.txt"


class Inbox:
    """A folder, and what is put into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "inbox"
        self.folder.mkdir()
        self.world = World(folder / "state")
        self.while_waiting: Callable[[], None] = lambda: None

    async def _sleep(self, seconds: float, /) -> None:
        self.while_waiting()

    async def poll(self, **more: object) -> str | None:
        """One poll as by a new process; the error."""
        fixed = {
            "name": "board",
            "title": "t",
            "kind": "folder",
            "licence": "本单位导出",
            "mapping": "m",
            "page_rows": 3,
        }
        source = FolderSource.model_validate({**fixed, "path": str(self.folder), **more})
        around = replace(self.world.around, sleep=self._sleep)
        mapping = MAPPING if source.mapping else None
        return (await self.world.poll(source, FolderConnector(source, mapping, around))).error

    def names(self, where: str = "") -> list[str]:
        folder = self.folder / where
        return sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []

    def report(self, name: str, where: str = "done") -> str:
        return (self.folder / where / f"{name}{REPORT}").read_text(encoding="utf-8")

    def ids(self) -> list[object]:
        return self.world.broker.field("id")


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path)


def export(count: int, first: int = 0) -> bytes:
    lines = [f"Q{first + n},路灯不亮第 {n} 天,2026-03-0{n % 9 + 1}" for n in range(count)]
    return ("编号,内容,时间\n" + "\n".join(lines) + "\n").encode("gb18030")


async def test_a_file_is_read_put_away_and_reported(inbox: Inbox) -> None:
    (inbox.folder / "三月.csv").write_bytes(export(10))
    (inbox.folder / "说明.docx").write_bytes(b"not ours")

    assert await inbox.poll() is None

    assert inbox.ids() == [f"Q{n}" for n in range(10)]
    assert inbox.world.broker.field("source") == ["board"] * 10
    assert inbox.names() == ["说明.docx"]
    assert inbox.names("done") == ["三月.csv", f"三月.csv{REPORT}"]
    assert "读取 10 行" in inbox.report("三月.csv")
    assert await inbox.poll() is None
    assert len(inbox.ids()) == 10


async def test_a_file_somebody_is_writing_is_left_until_it_rests(inbox: Inbox) -> None:
    path, half = inbox.folder / "a.csv", export(10)[:60]
    path.write_bytes(half)
    (inbox.folder / "~$a.xlsx").write_bytes(b"lock")
    (inbox.folder / "b.csv.part").write_bytes(half)
    (inbox.folder / "empty.csv").write_bytes(b"")

    def write_on() -> None:
        path.write_bytes(export(10))
        os.utime(path, ns=(1, 1))

    inbox.while_waiting = write_on
    await inbox.poll()
    assert inbox.ids() == []

    inbox.while_waiting = lambda: None
    await inbox.poll()

    assert len(inbox.ids()) == 10
    assert inbox.names() == ["b.csv.part", "empty.csv", "~$a.xlsx"]


async def test_the_same_content_again_is_not_read_again_whatever_its_name(inbox: Inbox) -> None:
    (inbox.folder / "a.csv").write_bytes(export(4))
    await inbox.poll()
    (inbox.folder / "a.csv").write_bytes(export(4))
    (inbox.folder / "copy.csv").write_bytes(export(4))
    await inbox.poll()

    assert len(inbox.ids()) == 4
    assert inbox.names() == []
    assert len([name for name in inbox.names("done") if not name.endswith(REPORT)]) == 3
    assert "没有再次读取" in inbox.report("copy.csv")


@pytest.mark.parametrize("broken", ["broker", "state"])
@pytest.mark.parametrize("at", range(1, 9))
async def test_after_a_crash_it_goes_on_at_the_row(inbox: Inbox, broken: str, at: int) -> None:
    world = inbox.world
    (world.broker if broken == "broker" else world.cursors).fail_at = {at}
    (inbox.folder / "b.csv").write_bytes(export(10))
    for _ in range(3):
        await inbox.poll()
        # A file that comes in between, and would be first by its name, does not push the other aside.
        if not (inbox.folder / "done" / "a.csv").exists():
            (inbox.folder / "a.csv").write_bytes(export(2, first=100))
    await inbox.poll()

    assert set(inbox.ids()) == {f"Q{n}" for n in (*range(10), 100, 101)}
    assert len(inbox.ids()) <= 12 + 3
    assert inbox.names() == []
    assert "读取 10 行" in inbox.report("b.csv")
    assert "不能转换 0 行" in inbox.report("b.csv")


async def test_rows_that_do_not_fit_are_handed_on_and_reported_by_row_and_column(inbox: Inbox) -> None:
    text = "编号,内容,时间\n1,路灯不亮,2026-03-02\n2,,2026-03-02\n\n3,王某某来电,上个月\n合计,3\n"
    (inbox.folder / "a.csv").write_text(text, encoding="utf-8")

    assert await inbox.poll() == "rows: a.csv: 3 行不能转换"

    report = inbox.report("a.csv")
    assert len(inbox.world.broker.values) == 4
    assert "第 3 行：text（列 内容）：没有取到值" in report
    assert "第 5 行：published_at（列 时间）：不是映射所声明的时间形式" in report
    assert "王某某" not in report
    marks = inbox.world.broker.field("unmapped")
    assert [mark["row"] for mark in marks if isinstance(mark, dict)] == [3, 5, 6]


async def test_a_file_that_cannot_be_read_goes_to_failed_and_the_next_is_read(inbox: Inbox) -> None:
    (inbox.folder / "a.csv").write_text("甲,乙\n1,2\n", encoding="utf-8")
    (inbox.folder / "b.xlsx").write_bytes(b"no book")
    (inbox.folder / "c.csv").write_bytes(export(1))
    (inbox.folder / "d.csv").write_text("编号,内容,时间\n1,路灯不亮,某日\n", encoding="utf-8")

    assert await inbox.poll() is not None

    assert inbox.names("failed") == [name for n in ("a.csv", "b.xlsx", "d.csv") for name in (n, f"{n}{REPORT}")]
    assert "fields.text: 内容" in inbox.report("a.csv", "failed")
    assert inbox.ids()[0] == "Q0"
    # Mended and put in again, it is read.
    (inbox.folder / "a.csv").write_bytes(export(2))
    await inbox.poll()
    assert "a.csv" in inbox.names("done")


async def test_raw_mentions_need_no_mapping(inbox: Inbox) -> None:
    (inbox.folder / "a.jsonl").write_bytes(b'{"id": "1", "text": "x"}\n{"id": \n[1]\n')

    await inbox.poll(mapping=None)

    assert inbox.world.broker.values[1:] == [b'{"id":', b"[1]"]
    assert "不能转换 2 行" in inbox.report("a.jsonl")


async def test_a_folder_that_is_not_there_is_said(inbox: Inbox) -> None:
    error = await inbox.poll(path=str(inbox.folder / "nowhere"))

    assert error is not None
    assert error.startswith("folder: ")
    assert "mend `path` in sources.yaml" in error
