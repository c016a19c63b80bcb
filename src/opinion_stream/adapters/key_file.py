"""The text of OPINION_PSEUDONYM_KEY or of the file it names: one key as it is, or a list of keys with their days."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from opinion_stream.domain.collection.keys import Key, KeyRing, ring_of
from opinion_stream.errors import SettingsError

SHORTEST = 16
"""Fewest characters of a key."""
_IS_LIST = re.compile(r"""^\s*(?:\{.*)?["']?keys["']?\s*:""", re.MULTILINE | re.DOTALL)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(pattern=r"^[a-z0-9]{1,16}$")]
    since: Annotated[date, Field(alias="from")]
    secret: Annotated[SecretStr, Field(min_length=SHORTEST)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rotation_days: Annotated[int, Field(ge=1, le=3660)] = 92
    keys: Annotated[list[_Entry], Field(min_length=1)]


def read_keys(text: str, where: str) -> KeyRing:
    """The ring that the text states. `where` names the variable in errors.

    A text without a `keys:` list is one key without period. Raises SettingsError; it never quotes the text.
    """
    if not _IS_LIST.search(text):
        if len(text) < SHORTEST:
            raise SettingsError(f"{where}: the key must have at least {SHORTEST} characters")
        return ring_of(text.encode())
    try:
        found = _File.model_validate(yaml.safe_load(text))
        keys = [Key(entry.id, entry.since, entry.secret.get_secret_value().encode()) for entry in found.keys]
        return KeyRing(keys, found.rotation_days)
    except ValidationError as error:
        lines = [f"{where}: {'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise SettingsError("\n".join(lines)) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark else ""
        raise SettingsError(f"{where}: the list of keys is no valid YAML{line}; see docs/privacy.md") from None
    except ValueError as error:
        raise SettingsError(f"{where}: keys: {error}") from None
