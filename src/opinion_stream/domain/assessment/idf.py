"""jieba's table of inverse document frequencies, read without the rest of jieba."""

from __future__ import annotations

from collections import Counter
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, Protocol

from opinion_stream.native import native

_CHUNK = 1 << 18
"""Bytes taken at once: in small bites the texts stay in the processor's cache and their memory is used again."""


class Values(Protocol):
    """Word -> inverse document frequency."""

    def __len__(self) -> int:
        """Number of words."""

    def __contains__(self, word: object, /) -> bool:
        """Whether the table has the word."""

    def get(self, word: str, default: float, /) -> float:
        """The frequency of the word, or the default."""


class IdfTable(NamedTuple):
    """Inverse document frequencies, and their median, which stands for an unknown word."""

    values: Values
    median: float


@cache
def idf_table() -> IdfTable:
    """The table that `jieba.analyse` uses, with jieba's own definition of the median.

    Read from jieba's file on first use: importing `jieba.analyse` loads its tagger and two dictionaries too, which
    takes five times as long and 90 MB more. Raises FileNotFoundError if jieba is not installed whole.
    """
    spec = find_spec("jieba")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package jieba is not installed")
    raw = (Path(spec.origin).parent / "analyse" / "idf.txt").read_bytes()
    module = native("text")
    if module is not None:
        table = module.Frequencies(raw)
        return IdfTable(table, table.median())
    values = read_idf(raw)
    return IdfTable(values, _median(values))


def read_idf(raw: bytes) -> dict[str, float]:
    """The words of the file (UTF-8, `word value` a line) with their values."""
    values: dict[str, float] = {}
    numbers = _Numbers()
    start = 0
    while start < len(raw):
        end = raw.find(b"\n", start + _CHUNK)
        end = len(raw) if end < 0 else end
        parts = raw[start:end].decode().strip("\n").replace("\n", " ").split(" ")
        values.update(zip(parts[::2], map(numbers.__getitem__, parts[1::2]), strict=False))
        start = end + 1
    return values


class _Numbers(dict[str, float]):
    """The table's few thousand different numbers, each made once."""

    def __missing__(self, text: str) -> float:
        value = self[text] = float(text)
        return value


def _median(values: dict[str, float]) -> float:
    """The upper median: the entry in the middle of the sorted values."""
    rest = len(values) // 2
    for value, times in sorted(Counter(values.values()).items()):
        rest -= times
        if rest < 0:
            return value
    raise ValueError("the table is empty")
