"""Which changes of a schema break whom."""

from __future__ import annotations

from copy import deepcopy

import pytest

from opinion_stream.contracts.compatibility import Side, breaks
from opinion_stream.contracts.schemas import Schema, schemas

OLD: Schema = {
    "$defs": {
        "Unit": {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]},
        "Kind": {"type": "string", "enum": ["a", "b"]},
    },
    "type": "object",
    "properties": {
        "id": {"type": "string", "maxLength": 100, "minLength": 1},
        "kind": {"$ref": "#/$defs/Kind"},
        "unit": {"$ref": "#/$defs/Unit"},
        "units": {"type": "array", "items": {"$ref": "#/$defs/Unit"}},
        "note": {"anyOf": [{"type": "string", "maxLength": 10}, {"type": "null"}]},
    },
    "required": ["id", "kind"],
}


def changed(path: str, value: object) -> Schema:
    """OLD with the value at a dotted path replaced; None: removed."""
    new = deepcopy(OLD)
    at: dict[str, object] = new  # type: ignore[assignment]
    *steps, last = path.split("/")
    for step in steps:
        at = at[step]  # type: ignore[assignment]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return new


CASES: list[tuple[str, object, Side, str | None]] = [
    ("properties/extra", {"type": "string"}, "read", None),
    ("properties/extra", {"type": "string"}, "written", None),
    ("properties/note", None, "read", "$.note: is gone"),
    ("required", ["id"], "read", "$.kind: may now be missing"),
    ("required", ["id"], "written", None),
    ("required", ["id", "kind", "note"], "written", "$.note: must now be given"),
    ("required", ["id", "kind", "note"], "read", None),
    ("$defs/Kind/enum", ["a", "b", "c"], "read", "$.kind: has new values: c"),
    ("$defs/Kind/enum", ["a", "b", "c"], "written", None),
    ("$defs/Kind/enum", ["a"], "read", None),
    ("$defs/Kind/enum", ["a"], "written", "$.kind: no longer takes b"),
    ("$defs/Unit/properties/code", {"type": "integer"}, "read", "$.unit.code: may now be integer"),
    ("properties/id/maxLength", 200, "read", "$.id: maxLength was 100, is 200"),
    ("properties/id/maxLength", 200, "written", None),
    ("properties/id/maxLength", 50, "written", "$.id: maxLength was 100, is 50"),
    ("properties/id/maxLength", 50, "read", None),
    ("properties/id/minLength", 2, "written", "$.id: minLength was 1, is 2"),
    ("properties/id/minLength", None, "read", "$.id: minLength was 1, is None"),
    ("properties/note/anyOf", [{"type": "string", "maxLength": 10}], "written", "$.note: may no longer be null"),
    ("properties/note/anyOf", [{"type": "string", "maxLength": 10}], "read", None),
    ("properties/note", {"type": "string", "maxLength": 20}, "read", "$.note: maxLength was 10, is 20"),
    ("properties/id", {"type": ["string"], "pattern": "^x"}, "written", "$.id"),
]


@pytest.mark.parametrize(("path", "value", "side", "told"), CASES)
def test_a_change_breaks_whom_it_breaks(path: str, value: object, side: Side, told: str | None) -> None:
    found = [str(at) for at in breaks(OLD, changed(path, value), side)]
    if told is None:
        assert found == []
    else:
        assert any(at.startswith(told) for at in found), found


@pytest.mark.parametrize("side", ["read", "written"])
def test_no_change_breaks_nobody(side: Side) -> None:
    for schema in schemas().values():
        assert breaks(schema, deepcopy(schema), side) == []
