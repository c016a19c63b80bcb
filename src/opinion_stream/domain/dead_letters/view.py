"""A record that was refused, to be looked at: what is known and masked is shown, of the rest only the shape."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pydantic import BaseModel
from pydantic_core import from_json

from opinion_stream.errors import Rejected

_LONGEST = 20_000
_SHOWN = 300
_MOST_LINES = 60
_MOST_ITEMS = 10
_DEEPEST = 6
_SHAPES = re.compile(r"(?P<han>[\u3400-\u9fff\U00020000-\U0003ffff]+)|(?P<digits>\d+)|(?P<word>[^\W\d]+)")
_PERSONAL = frozenset({"author", "voice"})
_MARKED = re.compile("〔[^〔〕]*〕")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ,.:;_+/-]*|")


def fields_of(model: type[BaseModel]) -> frozenset[str]:
    """The names of all fields that a record of the model can have, in any depth."""
    schema = model.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return frozenset(name for part in parts for name in part.get("properties", {}))


@dataclass(frozen=True)
class Viewer:
    """`masked` cleans and masks a text as collection does (may raise Rejected); `known` are the names of all fields
    that a sound record of the topic can have, in any depth."""

    masked: Callable[[str], str]
    known: frozenset[str]

    def view(self, value: bytes) -> list[tuple[str, str]]:
        """(field, what it holds) by line. Nothing of it is personal data that collection would have masked.

        Author and unknown fields are never shown, nor is text outside of a field: only how long they are.
        Of JSON that is broken off the whole values are shown: half a number could not be told to be one.
        """
        text = value.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
        try:
            data = from_json(text, allow_partial="on", cache_strings="none")
        except ValueError:
            return [("（不是 JSON，只显示形状）", _shape_of_text(text))]
        lines = self._lines("", "", data, 0)
        shown = [line for line, _ in zip(lines, range(_MOST_LINES), strict=False)]
        return shown + ([("…", "其余从略")] if next(lines, None) is not None else [])

    def _lines(self, path: str, name: str, data: object, depth: int) -> Iterator[tuple[str, str]]:
        if depth > _DEEPEST:
            yield path, "〔嵌套过深〕"
        elif isinstance(data, dict):
            if not data:
                yield path or "（整条记录）", "{}"
            for key, item in data.items():
                known = key in self.known
                label = key if known else f"〔未知字段，{len(key)} 个字符〕"
                yield from self._lines(f"{path}.{label}" if path else label, key if known else "", item, depth + 1)
        elif isinstance(data, list):
            for number, item in enumerate(data[:_MOST_ITEMS]):
                yield from self._lines(f"{path}[{number}]", name, item, depth + 1)
            if len(data) > _MOST_ITEMS or not data:
                yield f"{path}[]", f"〔数组，共 {len(data)} 项〕"
        else:
            yield path or "（整条记录）", self._leaf(name, data)

    def _leaf(self, name: str, data: object) -> str:
        if data is None or isinstance(data, bool):
            return {None: "null", True: "true", False: "false"}[data]
        if not isinstance(data, str):
            # A number may be a telephone number in the wrong place.
            text = str(data)
            return text if name and name not in _PERSONAL and len(text) < 7 else f"〔数字，{len(text)} 位〕"
        if not name or name in _PERSONAL or len(data) > _LONGEST:
            return f"〔文字，{len(data)} 个字符〕"
        try:
            masked = self.masked(data)
        except Rejected:
            return f"〔文字，{len(data)} 个字符〕"
        masked = _printable(masked)
        if name in ("id", "source_id", "name") and (_MARKED.search(masked) or not _PLAIN.fullmatch(masked)):
            return f"〔文字，{len(data)} 个字符〕"
        return masked if len(masked) <= _SHOWN else f"{masked[:_SHOWN]}…〔共 {len(data)} 个字符〕"


def _printable(text: str) -> str:
    """Without anything that would move a terminal's cursor or turn its text around."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)


def _shape_of_text(text: str) -> str:
    """Punctuation as it stands, runs of characters, digits and letters by their length."""
    units = {"han": "字", "digits": "位", "word": "字母"}
    shape = _SHAPES.sub(lambda run: f"〔{len(run[0])}{units[str(run.lastgroup)]}〕", text[:_LONGEST])
    shape = _printable(shape)
    return shape if len(shape) <= _SHOWN else f"{shape[:_SHOWN]}…〔共 {len(text)} 个字符〕"
