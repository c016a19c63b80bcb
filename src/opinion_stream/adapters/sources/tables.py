"""Reads exported files row by row: JSON Lines, CSV in whatever encoding, Excel. What is unfit is said, not guessed."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

import orjson
from charset_normalizer import from_bytes
from pydantic import JsonValue

from opinion_stream.domain.collection.mapping import Fault
from opinion_stream.errors import SourceError
from opinion_stream.policy.mapping import FieldMapping, Table

EXCEL = (".xlsx", ".xlsm")
JSON_LINES = (".jsonl", ".ndjson")
_HEADER_WITHIN = 30
_MAX_UNPACKED = 2_000_000_000
_ERRORS = frozenset(("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"))
_SAMPLE = 200_000
csv.field_size_limit(10_000_000)


@dataclass(frozen=True, slots=True)
class Row:
    """`number`: as the spreadsheet or editor shows it, from 1. `record`: by column name and as `#1`, `#2` …; bytes for
    a line that is no JSON, None for an empty row."""

    number: int
    record: JsonValue | bytes
    faults: tuple[Fault, ...] = ()


def rows(path: Path, mapping: FieldMapping | None, name: str) -> Iterator[Row]:
    """The rows of a file below its header. `mapping` None: JSON Lines as they are; `name`: the mapping's, for errors.

    Raises SourceError, naming the file, the mapping's key and the cure, when the file as a whole cannot be read.
    """
    table = mapping.table if mapping is not None else Table()
    suffix = path.suffix.lower()
    if suffix == ".xls":
        raise SourceError("format", f"{path.name}: the old Excel format; save it as .xlsx and put it in again")
    if suffix in JSON_LINES:
        yield from _json_lines(path, table)
        return
    if mapping is None:
        raise SourceError("mapping", f"{path.name}: a table needs a mapping: name one of config/mappings by `mapping`")
    if suffix in EXCEL:
        yield from _table(_cells(path, table), mapping, name, path.name)
        return
    with path.open(encoding=encoding_of(path, table), newline="", errors="strict") as file:
        try:
            yield from _table(_csv_cells(file, table), mapping, name, path.name)
        except (UnicodeDecodeError, csv.Error) as error:
            raise SourceError(
                "encoding", f"{path.name}: cannot be read as {file.encoding}; name `table.encoding` in mapping {name}"
            ) from error


def encoding_of(path: Path, table: Table) -> str:
    """The encoding of a text file: the declared one, or one its bytes fit. Raises SourceError if there is none."""
    if table.encoding:
        try:
            return codecs.lookup(table.encoding).name
        except LookupError as error:
            raise SourceError("encoding", f"{path.name}: no encoding {table.encoding!r} is known") from error
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if _fits(path, "utf-8"):
        return "utf-8-sig"
    best = from_bytes(head, cp_isolation=["gb18030", "big5hkscs"]).best()
    # Most of what is Big5 would pass as GB18030 too, and come out as nonsense.
    likely = "big5hkscs" if best is not None and best.encoding == "big5hkscs" else "gb18030"
    for name in (likely, "gb18030", "big5hkscs"):
        if _fits(path, name):
            return name
    raise SourceError("encoding", f"{path.name}: neither UTF-8, GB18030 nor Big5; save it as UTF-8 and put it in again")


def _fits(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            while block := file.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _json_lines(path: Path, table: Table) -> Iterator[Row]:
    encoding = encoding_of(path, table) if table.encoding or not _fits(path, "utf-8") else "utf-8"
    with path.open("rb") as file:
        wide = encoding.startswith("utf-16")
        lines: Iterator[bytes] = (
            (line.encode() for line in io.TextIOWrapper(file, encoding)) if wide else (line for line in file)
        )
        for number, line in enumerate(lines, 1):
            raw = line.strip().removeprefix(codecs.BOM_UTF8)
            if not raw:
                yield Row(number, None)
                continue
            try:
                text = raw if wide or encoding.startswith("utf") else raw.decode(encoding).encode()
                yield Row(number, orjson.loads(text))
            except ValueError:
                yield Row(number, raw)


def _csv_cells(file: io.TextIOWrapper, table: Table) -> Iterator[tuple[int, list[JsonValue]]]:
    delimiter = table.delimiter
    if delimiter is None:
        head = file.read(_SAMPLE)
        file.seek(0)
        lines = head.splitlines()[:_HEADER_WITHIN]
        delimiter = max(",\t;|", key=lambda mark: max((line.count(mark) for line in lines), default=0))
    reader = csv.reader(file, delimiter=delimiter)
    line = 1
    for cells in reader:
        yield line, list(cells)
        # A quoted cell may go over several lines; the row is named by its first.
        line = reader.line_num + 1


def _cells(path: Path, table: Table) -> Iterator[tuple[int, list[JsonValue]]]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(path) as archive:
            if sum(item.file_size for item in archive.infolist()) > _MAX_UNPACKED:
                raise SourceError("too_large", f"{path.name}: more than {_MAX_UNPACKED} bytes when unpacked; split it")
        book = load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise SourceError(
            "format",
            f"{path.name}: not a readable Excel file (damaged, or locked by a password); save it again as .xlsx",
        ) from error
    try:
        if table.sheet is not None and table.sheet not in book.sheetnames:
            raise SourceError(
                "sheet", f"{path.name}: no sheet {table.sheet!r} (`table.sheet`); it has: {', '.join(book.sheetnames)}"
            )
        sheet = book[table.sheet or book.sheetnames[0]]
        # Some programs write a wrong extent, by which all but one cell would be passed over.
        sheet.reset_dimensions()
        for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
            yield number, [_cell(value) for value in cells]
    finally:
        book.close()


def _cell(value: object) -> JsonValue:
    if isinstance(value, str):
        return None if value in _ERRORS else value.replace("_x000D_", "")
    if value is None or isinstance(value, bool | int | float):
        return value
    return value.isoformat(" ") if isinstance(value, datetime) else _other(value)


def _other(value: object) -> str:
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _table(
    numbered: Iterator[tuple[int, list[JsonValue]]], mapping: FieldMapping, name: str, file: str
) -> Iterator[Row]:
    table, names = mapping.table, [""]
    if table.header_row != 0:
        head = list(itertools.islice(numbered, table.header_row or _HEADER_WITHIN))
        names, below = _header(head, mapping, name, file)
        numbered = itertools.chain(head[below:], numbered)
    twice = {column for column in names if column and names.count(column) > 1}
    width = len(names) if table.header_row != 0 else None
    for number, cells in numbered:
        if all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in cells):
            yield Row(number, None)
            continue
        record: dict[str, JsonValue] = {f"#{at}": cell for at, cell in enumerate(cells, 1)}
        record |= {column: cell for column, cell in zip(names, cells, strict=False) if column and column not in twice}
        extra = width is not None and any(cell not in (None, "") for cell in cells[width:])
        yield Row(number, record, (Fault("record", "ragged"),) if extra else ())


def _header(
    head: Sequence[tuple[int, list[JsonValue]]], mapping: FieldMapping, name: str, file: str
) -> tuple[list[str], int]:
    """(column names, how many of the rows of `head` stand above the data). Raises SourceError."""
    table = mapping.table
    first = (table.header_row or 1) - 1
    candidates = [first] if table.header_row else range(len(head))
    missing: list[str] = []
    for at in candidates:
        names = _names([cells for _, cells in head[at : at + 1]])
        if table.header_rows == 2:
            upper = head[at - 1 : at] if at else []
            names = _names([cells for _, cells in (*upper, *head[at : at + 1])])
        lacking = _missing(mapping, names)
        if not lacking:
            return names, at + 1
        if not missing or len(lacking) < len(missing):
            missing = lacking
    shown = f"row {table.header_row}" if table.header_row else f"any of the first {len(head)} rows"
    raise SourceError(
        "columns",
        f"{file}: {shown} has not the columns that mapping {name} needs: {'; '.join(missing) or 'the file is empty'}. "
        f"Mend config/mappings/{name}.yaml (or say `optional: true`, or `table.header_row`) and put the file in again",
    )


def _names(levels: Sequence[Sequence[JsonValue]]) -> list[str]:
    texts = [[" ".join(str(cell).split()) if cell is not None else "" for cell in level] for level in levels]
    if len(texts) < 2:
        found = texts[0] if texts else []
    else:
        upper, lower = texts
        found, heading = [], ""
        for at in range(max(len(upper), len(lower))):
            over, under = (level[at] if at < len(level) else "" for level in (upper, lower))
            # A merged heading stands in its first cell only; a cell merged downwards has nothing below it.
            heading = over or (heading if under else "")
            found.append("/".join(part for part in (heading, under) if part))
    while found and not found[-1]:
        found.pop()
    return found


def _missing(mapping: FieldMapping, names: Sequence[str]) -> list[str]:
    lacking: list[str] = []
    for field, spec in mapping.fields.items():
        if spec.optional or not spec.places:
            continue
        absent = [place for place in spec.places if not _has(names, place)]
        if spec.path is not None and len(absent) < len(spec.places):
            continue
        if absent:
            twice = any(names.count(place) > 1 for place in absent)
            cure = " (stands there twice: name it by number, as in `#3`)" if twice else ""
            lacking.append(f"fields.{field}: {' / '.join(absent)}{cure}")
    return lacking


def _has(names: Sequence[str], place: str) -> bool:
    if place.startswith("#") and place[1:].isdecimal():
        return 0 < int(place[1:]) <= len(names)
    return names.count(place) == 1
