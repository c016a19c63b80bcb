"""Whether a new schema breaks those who rely on an old one: what a consumer reads, and what a producer hands in.

The rules are those of docs/contracts.md: readers ignore unknown fields; writers may leave out what is not required.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast

from opinion_stream.contracts.schemas import Json, Schema

Side = Literal["read", "written"]
"""`read`: outside bodies read records of the schema. `written`: they write them."""

_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_EXACT = ("pattern", "format", "const")


@dataclass(frozen=True)
class Break:
    """One change that breaks an existing body: where (a JSON path of the record) and what."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


def breaks(old: Schema, new: Schema, side: Side) -> list[Break]:
    """Every change from `old` to `new` that a body relying on `old` can notice; empty: compatible.

    A reader is broken by a field that is gone or may now be missing, by a type, a value of a closed list or a
    number it could not meet before. A writer is broken by a new obligation, a type or a value no longer taken, and
    a tighter limit.
    """
    return list(_Comparison(old, new, side).compare(old, new, "$"))


class _Comparison:
    def __init__(self, old: Schema, new: Schema, side: Side) -> None:
        self._old = old
        self._new = new
        self._side: Side = side
        self._met: set[tuple[str, str]] = set()

    def compare(self, old: Schema, new: Schema, path: str) -> Iterator[Break]:
        refs = str(old.get("$ref", "")), str(new.get("$ref", ""))
        if refs != ("", ""):
            if refs in self._met:
                return
            self._met.add(refs)
        old, new = _resolved(old, self._old), _resolved(new, self._new)
        yield from self._types(old, new, path)
        yield from self._values(old, new, path)
        yield from self._limits(old, new, path)
        yield from self._properties(old, new, path)
        for key, step in (("items", "[*]"), ("additionalProperties", ".*")):
            before, after = old.get(key), new.get(key)
            if isinstance(before, dict) and isinstance(after, dict):
                yield from self.compare(before, after, path + step)
        yield from self._alternatives(old, new, path)

    def _types(self, old: Schema, new: Schema, path: str) -> Iterator[Break]:
        before, after = _types_of(old, self._old), _types_of(new, self._new)
        if self._side == "read" and (added := after - before):
            yield Break(path, f"may now be {', '.join(sorted(added))}")
        if self._side == "written" and (gone := before - after):
            yield Break(path, f"may no longer be {', '.join(sorted(gone))}")

    def _values(self, old: Schema, new: Schema, path: str) -> Iterator[Break]:
        before, after = _listed(old), _listed(new)
        if before is None and after is not None and self._side == "written":
            yield Break(path, "is now a closed list of values")
        if before is not None and after is None and self._side == "read":
            yield Break(path, "is no longer a closed list of values")
        if before is None or after is None:
            return
        if self._side == "read" and (added := after - before):
            yield Break(path, f"has new values: {', '.join(sorted(added))}")
        if self._side == "written" and (gone := before - after):
            yield Break(path, f"no longer takes {', '.join(sorted(gone))}")

    def _limits(self, old: Schema, new: Schema, path: str) -> Iterator[Break]:
        for name in (*_UPPER, *_LOWER):
            before, after = old.get(name), new.get(name)
            if before == after:
                continue
            tighter = before is None or (after is not None and (_number(after) < _number(before)) == (name in _UPPER))
            if tighter == (self._side == "written"):
                yield Break(path, f"{name} was {before}, is {after}")
        for name in _EXACT:
            before, after = old.get(name), new.get(name)
            if before == after:
                continue
            if not (after is None if self._side == "written" else before is None):
                yield Break(path, f"{name} was {before}, is {after}")

    def _properties(self, old: Schema, new: Schema, path: str) -> Iterator[Break]:
        before = cast("dict[str, Schema]", old.get("properties", {}))
        after = cast("dict[str, Schema]", new.get("properties", {}))
        required_before, required_after = _required(old), _required(new)
        for name in before.keys() - after.keys():
            yield Break(f"{path}.{name}", "is gone")
        if self._side == "read":
            for name in sorted((required_before - required_after) & after.keys()):
                yield Break(f"{path}.{name}", "may now be missing")
        else:
            for name in sorted(required_after - required_before):
                yield Break(f"{path}.{name}", "must now be given")
        for name in before:
            if name in after:
                yield from self.compare(before[name], after[name], f"{path}.{name}")

    def _alternatives(self, old: Schema, new: Schema, path: str) -> Iterator[Break]:
        """Compare alternatives of equal type; which types there are is judged by `_types`."""
        before = _branches(old, self._old)
        after = _branches(new, self._new)
        for kind in before.keys() & after.keys():
            if kind not in ("null", "any") and (before[kind] is not old or after[kind] is not new):
                yield from self.compare(before[kind], after[kind], path)


def _resolved(schema: Schema, root: Schema) -> Schema:
    ref = schema.get("$ref")
    if not isinstance(ref, str):
        return schema
    found: Json = root
    for step in ref.removeprefix("#/").split("/"):
        found = cast("dict[str, Json]", found)[step]
    return {**cast("Schema", found), **{key: value for key, value in schema.items() if key != "$ref"}}


def _branches(schema: Schema, root: Schema) -> dict[str, Schema]:
    """Type -> the alternative of that type; the schema itself where there are no alternatives."""
    parts = schema.get("anyOf") or schema.get("oneOf")
    if not isinstance(parts, list):
        return {_own_type(schema): schema}
    found: dict[str, Schema] = {}
    for part in parts:
        if isinstance(part, dict):
            found |= _branches(_resolved(part, root), root)
    return found


def _types_of(schema: Schema, root: Schema) -> frozenset[str]:
    kinds = _branches(schema, root).keys()
    return frozenset(kinds)


def _own_type(schema: Schema) -> str:
    kind = schema.get("type")
    if isinstance(kind, str):
        return kind
    return "string" if "enum" in schema or isinstance(schema.get("const"), str) else "any"


def _listed(schema: Schema) -> frozenset[str] | None:
    values = schema.get("enum")
    return frozenset(str(value) for value in values) if isinstance(values, list) else None


def _required(schema: Schema) -> frozenset[str]:
    names = schema.get("required")
    return frozenset(str(name) for name in names) if isinstance(names, list) else frozenset()


def _number(value: Json) -> float:
    if isinstance(value, int | float):
        return float(value)
    raise TypeError(f"a limit must be a number, not {value!r}")
