"""One exported file as pages of raw records: from the row where it was left, with an account of every row."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Self

import orjson

from opinion_stream.adapters.sources.base import Json, Record
from opinion_stream.adapters.sources.tables import Row, rows
from opinion_stream.domain.collection.mapping import Mapper
from opinion_stream.policy.mapping import FieldMapping

LISTED = 1000
"""Refused rows that are listed one by one; of more only the number is kept."""


@dataclass
class Account:
    """What became of the rows of a file so far: each is read, refused (handed on with its faults) or empty."""

    name: str
    digest: str
    row: int = 0
    """The last row dealt with."""
    read: int = 0
    refused: int = 0
    empty: int = 0
    listed: list[Json] = field(default_factory=list)
    """`[row, what is amiss]`, without any content."""
    finished: bool = False

    @classmethod
    def of(cls, stored: Json) -> Self | None:
        """From a cursor; None when there is none, or not of this form."""
        if not isinstance(stored, dict):
            return None
        try:
            return cls(**stored)  # type: ignore[arg-type]
        except TypeError:
            return None

    def stored(self) -> dict[str, Json]:
        """To be stored in a cursor."""
        return {**self.__dict__, "listed": list(self.listed)}

    def report(self) -> str:
        """For duty staff; names rows and columns and quotes nothing."""
        lines = [
            f"文件：{self.name}",
            f"内容校验（SHA-256）：{self.digest}",
            f"读取 {self.read} 行，空行 {self.empty} 行",
            f"不能转换 {self.refused} 行（已作为原始记录送入，连同原因进入死信）",
        ]
        lines += [
            f"第 {row} 行：{what}" for row, what in (tuple(item) for item in self.listed if isinstance(item, list))
        ]
        if self.refused > len(self.listed):
            lines.append(f"（只列出前 {len(self.listed)} 行）")
        return "\n".join(lines) + "\n"


class ExportedFile:
    """A file and how it is mapped; `mapper` None: JSON Lines of raw mentions as they are."""

    def __init__(self, path: Path, mapping: FieldMapping | None, mapper: Mapper | None) -> None:
        self.path = path
        self._mapping = mapping
        self._mapper = mapper

    async def pages(self, account: Account, size: int) -> AsyncGenerator[tuple[Record, ...], None]:
        """The records after row `account.row`, `size` rows at a time; `account` is brought up to date with each page.

        Raises SourceError when the file cannot be read; OSError.
        """
        name = self._mapper.name if self._mapper is not None else ""
        reading = rows(self.path, self._mapping, name)
        # In a thread, since a spreadsheet takes its time and other sources must go on.
        while chunk := await asyncio.to_thread(_after, reading, account.row, size):
            yield tuple(record for row in chunk if (record := self._record(row, account)) is not None)

    def _record(self, row: Row, account: Account) -> Record | None:
        account.row = row.number
        if row.record is None:
            account.empty += 1
            return None
        if isinstance(row.record, bytes):
            self._refuse(account, row, "不是合法的 JSON")
            return row.record
        if self._mapper is None:
            if not isinstance(row.record, dict):
                self._refuse(account, row, "不是 JSON 对象")
                return orjson.dumps(row.record)
            account.read += 1
            return row.record
        mapped = self._mapper.map(row.record, row=row.number, faults=row.faults)
        if mapped.faults:
            self._refuse(account, row, "；".join(fault.text() for fault in mapped.faults))
        else:
            account.read += 1
        return mapped.record

    @staticmethod
    def _refuse(account: Account, row: Row, what: str) -> None:
        account.refused += 1
        if len(account.listed) < LISTED:
            account.listed.append([row.number, what])


def _after(reading: Iterator[Row], row: int, size: int) -> list[Row]:
    return list(islice((found for found in reading if found.number > row), size))


def digest_of_file(path: Path) -> str:
    """SHA-256 of the content, in hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
