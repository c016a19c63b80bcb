"""A folder into which exported files are put: each file is read once, from where it was left, and then put away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from fnmatch import fnmatch
from pathlib import Path

import structlog

from opinion_stream.adapters.sources.base import Cursor, Failure, Page, Surroundings
from opinion_stream.adapters.sources.exported import Account, ExportedFile, digest_of_file
from opinion_stream.domain.collection.mapping import Mapper
from opinion_stream.errors import SourceError
from opinion_stream.policy.mapping import FieldMapping
from opinion_stream.policy.source_data import FolderSource

DONE, FAILED = "done", "failed"
_UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".download", ".filepart")
log = structlog.get_logger("opinion_stream.collect")

Look = tuple[int, int]
"""Size and time of change of a file."""


class FolderConnector:
    """Reads the files in a folder, in the order of their names.

    The folder is looked at anew at every poll and not watched by the system's notices, which do not come from network
    drives. The cursor holds the file under way with the row reached, and the digests of the files read.
    """

    def __init__(self, source: FolderSource, mapping: FieldMapping | None, around: Surroundings) -> None:
        self._source = source
        self._mapping = mapping
        self._mapper = Mapper(mapping, source.mapping or "", around.zone) if mapping is not None else None
        self._around = around
        self._folder = Path(source.path)

    async def poll(self, cursor: Cursor) -> AsyncGenerator[Page, None]:
        """See `Connector`. A file that cannot be read is put into `failed` with the reason, and the others are read."""
        known = cursor.get("read")
        read = [str(digest) for digest in known] if isinstance(known, list) else []
        under_way = Account.of(cursor.get("file"))
        first = under_way.name if under_way is not None else ""
        for path in sorted(await self._ready(), key=lambda path: (path.name != first, path.name)):
            try:
                if path.stat().st_size > self._source.max_megabytes * 1e6:
                    raise SourceError("too_large", f"{path.name}: larger than max_megabytes; split it")
                before = _look(path)
                digest = await asyncio.to_thread(digest_of_file, path)
                if digest in read:
                    self._put_away(path, digest, DONE, f"文件：{path.name}\n内容与已读取过的文件相同，没有再次读取\n")
                    yield Page((), {"read": [*read]}, ())
                    continue
                account = under_way if under_way is not None and under_way.digest == digest else None
                account = account or Account(path.name, digest)
                if not account.finished:
                    async for page in self._pages(path, account, read):
                        yield page
                    if _look(path) != before:
                        log.warning("file changed while it was read", source=self._source.name, file=path.name)
                        continue
                    account.finished = True
                    yield Page((), {"read": [*read], "file": account.stored()})
                worthless = account.refused and not account.read
                self._put_away(path, digest, FAILED if worthless else DONE, account.report())
                log.info("file read", source=self._source.name, rows=account.row, refused=account.refused)
                read = [*read, digest][-self._source.remember :]
                failures = (Failure("rows", f"{path.name}: {account.refused} 行不能转换"),) if account.refused else ()
                yield Page((), {"read": [*read]}, failures)
            except SourceError as error:
                self._put_away(path, "", FAILED, f"文件：{path.name}\n不能读取：{error.reason}\n")
                yield Page((), {"read": [*read]}, (Failure(error.kind, error.reason),))

    async def _pages(self, path: Path, account: Account, read: list[str]) -> AsyncGenerator[Page, None]:
        async for records in ExportedFile(path, self._mapping, self._mapper).pages(account, self._source.page_rows):
            yield Page(records, {"read": [*read], "file": account.stored()})
            log.info("file under way", source=self._source.name, file=path.name, row=account.row)

    async def _ready(self) -> list[Path]:
        """The files that nobody is writing to: two looks some seconds apart see the same."""
        first = self._looks()
        if not first:
            return []
        if self._source.stable_seconds:
            await self._around.sleep(self._source.stable_seconds)
        second = self._looks()
        return [path for path, look in second.items() if look[0] and first.get(path) == look]

    def _looks(self) -> dict[Path, Look]:
        if not self._folder.is_dir():
            raise SourceError("folder", f"{self._folder}: no such folder; make it, or mend `path` in sources.yaml")
        try:
            return {path: _look(path) for path in self._folder.iterdir() if self._is_ours(path)}
        except FileNotFoundError:
            # Somebody took a file away between the list and the look.
            return {}

    def _is_ours(self, path: Path) -> bool:
        name = path.name.lower()
        if name.startswith((".", "~$")) or name.endswith(_UNFINISHED) or path.is_symlink() or not path.is_file():
            return False
        return any(fnmatch(name, pattern.lower()) for pattern in self._source.patterns)

    def _put_away(self, path: Path, digest: str, where: str, report: str) -> None:
        """Move the file, and write its report beside it. Doing it again changes nothing. Raises OSError."""
        folder = self._folder / where
        folder.mkdir(exist_ok=True)
        target = folder / path.name
        if target.exists():
            target = folder / f"{path.stem}.{digest[:8] or _mark(path)}{path.suffix}"
        target.with_name(f"{target.name}.report.txt").write_text(report, encoding="utf-8")
        path.replace(target)


def _look(path: Path) -> Look:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _mark(path: Path) -> str:
    return f"{path.stat().st_mtime_ns:x}"
