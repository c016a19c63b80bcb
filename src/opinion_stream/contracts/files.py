"""The contract as files: what `contracts write` writes, and how far a folder is from what the code says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml

from opinion_stream.contracts.asyncapi import document
from opinion_stream.contracts.compatibility import Break, Side, breaks
from opinion_stream.contracts.schemas import Schema, is_written_outside, schemas
from opinion_stream.errors import OpinionStreamError
from opinion_stream.topics import BY_NAME

SUFFIX = ".schema.json"


def rendered() -> dict[str, str]:
    """Path in the contract folder -> text, of every generated file."""
    files = {
        f"schemas/{name}{SUFFIX}": json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
        for name, schema in schemas().items()
    }
    files["asyncapi.yaml"] = yaml.safe_dump(document(), allow_unicode=True, sort_keys=False, width=120)
    return files


def write(folder: Path) -> list[Path]:
    """Write all generated files below `folder`; returns those that changed."""
    changed: list[Path] = []
    for name, text in rendered().items():
        path = folder / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        changed.append(path)
    return changed


def stale(folder: Path) -> list[str]:
    """Names of the generated files that are missing in `folder` or differ from what the code says."""
    return [
        name
        for name, text in rendered().items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


@dataclass(frozen=True)
class Broken:
    """A break and the topic it is on."""

    topic: str
    at: Break


def broken_since(released: Path) -> list[Broken]:
    """What in today's schemas breaks bodies that rely on those of a release, a folder of `<topic>.schema.json`.

    A topic that is gone is a break; a new one is not. Raises OpinionStreamError when the folder holds no schemas.
    """
    old = {
        path.name.removesuffix(SUFFIX): cast("Schema", json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(released.glob(f"*{SUFFIX}"))
    }
    if not old:
        raise OpinionStreamError(f"{released}: no schemas here (expected files like escalations{SUFFIX})")
    new = schemas()
    found: list[Broken] = []
    for name, schema in old.items():
        if name not in new:
            found.append(Broken(name, Break("$", "the topic is gone")))
            continue
        side: Side = "written" if is_written_outside(BY_NAME[name]) else "read"
        found += [Broken(name, at) for at in breaks(schema, new[name], side)]
    return found
