"""The JSON Schema (2020-12) of each topic, generated from its model."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from collections.abc import Iterator
from typing import cast

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from opinion_stream.models.base import WireModel
from opinion_stream.models.mention import RawMention
from opinion_stream.topics import TOPICS, Topic

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Schema = dict[str, Json]
MAJOR = 1
"""Major version of all contracts; it grows only with a change that an existing consumer cannot live with."""
DIALECT = GenerateJsonSchema.schema_dialect


def is_written_outside(topic: Topic) -> bool:
    """Whether bodies or persons outside the road write the topic: then its schema says what they must hand in."""
    return topic.desks_write or not topic.writers


def mode_of(topic: Topic) -> JsonSchemaMode:
    """What is written outside is described as we accept it; what we write, as it stands there: all fields given."""
    return "validation" if is_written_outside(topic) else "serialization"


def schema_of(topic: Topic) -> Schema:
    """The schema of a topic's records, with a description of each field, in a stable order.

    Readers must ignore fields they do not know (`additionalProperties` stays open): a minor version may add some.
    """
    schema = _plain(topic.model, mode_of(topic))
    definitions = cast("dict[str, Schema]", schema.get("$defs", {}))
    for model in _models(topic.model):
        _describe(model, schema if model is topic.model else definitions.get(model.__name__, {}))
    if mode_of(topic) == "serialization":
        for part in (schema, *definitions.values()):
            if "properties" in part:
                part["required"] = list(cast("dict[str, Json]", part["properties"]))
    return {
        "$schema": DIALECT,
        "$id": f"urn:opinion-stream:{topic.name}:v{MAJOR}",
        "title": f"{topic.model.__name__} · {topic.label}",
        **{key: value for key, value in schema.items() if key != "title"},
    }


def schemas() -> dict[str, Schema]:
    """Topic name (without prefix) -> its schema."""
    return {topic.name: schema_of(topic) for topic in TOPICS}


def _plain(model: type[WireModel] | type[RawMention], mode: JsonSchemaMode) -> Schema:
    return cast("Schema", model.model_json_schema(mode=mode))


def _models(model: type[BaseModel], known: set[type[BaseModel]] | None = None) -> Iterator[type[BaseModel]]:
    """The model and all models its fields hold."""
    known = set() if known is None else known
    if model in known:
        return
    known.add(model)
    yield model
    for field in model.model_fields.values():
        for inner in _inside(field.annotation):
            yield from _models(inner, known)


def _inside(annotation: object) -> Iterator[type[BaseModel]]:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _inside(part)


def _describe(model: type[BaseModel], schema: Schema) -> None:
    """Give the properties the docstrings that stand below their fields in the source."""
    properties = cast("dict[str, Schema]", schema.get("properties", {}))
    for name, text in field_docs(model).items():
        if name in properties:
            properties[name]["description"] = text
    for property_schema in properties.values():
        property_schema.pop("title", None)


def field_docs(model: type[BaseModel]) -> dict[str, str]:
    """Field -> the docstring below it in the source of the model or of a base; fields without one are left out."""
    found: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        if not issubclass(cls, BaseModel) or cls in (BaseModel, WireModel):
            continue
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
        body = cast("ast.ClassDef", tree.body[0]).body
        for field, below in itertools.pairwise(body):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
                value = below.value
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    found[field.target.id] = inspect.cleandoc(value.value)
    return found
