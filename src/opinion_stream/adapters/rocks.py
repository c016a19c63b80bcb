"""The local database of a partition's state: a RocksDB of its own, whose errors are told apart from all others."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import rocksdict
import structlog

from opinion_stream.errors import StateError

log = structlog.get_logger(__name__)

MIB = 1024 * 1024
_SIZES = ("estimate-num-keys", "total-sst-files-size", "cur-size-all-mem-tables")
STALE_SECONDS = 12 * 3600.0
"""A copy that was not written to for longer is made anew. Deletions leave the changelog after a day
(`delete.retention.ms`), and a copy that has missed them would bring the deleted back."""


class RocksBackend:
    """A `Backend` in RocksDB. Every error of the database is raised as StateError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = _open(path)

    def get(self, key: bytes) -> bytes | None:
        """The value, or None."""
        try:
            value: bytes | None = self._db.get(key)
        except Exception as error:
            raise self._failed(error) from error
        return value

    def write(self, entries: Mapping[bytes, bytes | None]) -> None:
        """Set the values in one atomic write; None deletes."""
        batch = rocksdict.WriteBatch(raw_mode=True)
        for key, value in entries.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        try:
            self._db.write(batch)
        except Exception as error:
            raise self._failed(error) from error

    def scan(self, prefix: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """All entries whose key starts with `prefix`, in key order."""
        reading = rocksdict.ReadOptions()
        reading.set_readahead_size(2 * MIB)  # whole files are read, not single keys: half the time
        try:
            entries = cast("Iterator[tuple[bytes, bytes]]", self._db.items(from_key=prefix or None, read_opt=reading))
            if not prefix:
                yield from entries
                return
            for key, value in entries:
                if not key.startswith(prefix):
                    return
                yield key, value
        except Exception as error:
            raise self._failed(error) from error

    def size(self) -> tuple[int, int]:
        """Entries and bytes as RocksDB estimates them."""
        entries, files, memory = (self._db.property_int_value(f"rocksdb.{name}") or 0 for name in _SIZES)
        return entries, files + memory

    def close(self) -> None:
        """Let go of the files."""
        try:
            self._db.close()
        except Exception as error:  # noqa: BLE001  what could not be written stands in the changelog
            log.warning("state_not_closed", path=str(self._path), detail=str(error))

    def _failed(self, error: Exception) -> StateError:
        return StateError(f"{self._path}: {error}. Is the disk full? What is missing is rebuilt from the changelog.")


def _open(path: Path) -> rocksdict.Rdict:
    if path.exists() and time.time() - _written(path) > STALE_SECONDS:
        log.info("state_too_old", path=str(path))
        shutil.rmtree(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return rocksdict.Rdict(str(path), options=_options())
    except Exception as error:
        text = str(error)
        if "lock" in text.lower() or "No space" in text or isinstance(error, OSError):
            raise StateError(
                f"{path}: {text}. Give every worker its own OPINION_STATE_DIR, with room on the disk."
            ) from error
        # Torn by a crash in the middle of a write, or by another version: the changelog has it all.
        log.warning("state_thrown_away", path=str(path), detail=text)
        shutil.rmtree(path, ignore_errors=True)
        try:
            return rocksdict.Rdict(str(path), options=_options())
        except Exception as again:
            raise StateError(f"{path}: {again}") from again


def _written(path: Path) -> float:
    return max((file.stat().st_mtime for file in path.iterdir()), default=0.0)


def _options() -> rocksdict.Options:
    # For several small databases in one worker, not for one big one.
    options = rocksdict.Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_write_buffer_size(8 * MIB)
    options.set_max_write_buffer_number(3)
    options.set_target_file_size_base(16 * MIB)
    options.set_max_background_jobs(2)
    options.set_keep_log_file_num(2)
    options.set_max_log_file_size(MIB)
    table = rocksdict.BlockBasedOptions()
    table.set_bloom_filter(10, block_based=False)
    table.set_block_cache(rocksdict.Cache(16 * MIB))
    options.set_block_based_table_factory(table)
    return options
