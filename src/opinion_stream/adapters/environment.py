"""What an operator gives by name in the environment: addresses and secrets, each in a variable or in a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from opinion_stream.settings import PREFIX, text_of


def variable(family: str, code: str) -> str:
    """Name of the variable of a code of the policy: `OPINION_NOTIFY_DUTY_DESK` of family `NOTIFY`, `duty-desk`."""
    return f"{PREFIX}{family}_" + "".join(c if c.isalnum() else "_" for c in code.upper())


def secret(name: str, environment: Mapping[str, str]) -> str:
    """The value of a variable, or else the text of the file that `<name>_FILE` names; empty if neither is given.

    Raises SettingsError naming the variable when the file cannot be read.
    """
    if text := environment.get(name, "").strip():
        return text
    path = environment.get(f"{name}_FILE")
    if not path:
        return ""
    return text_of(f"{name}_FILE", Path(path))
