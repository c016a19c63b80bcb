"""Addresses of the notification channels, from the environment or from files: they are secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from opinion_stream.errors import SettingsError
from opinion_stream.settings import PREFIX


def variable(channel: str) -> str:
    """Name of the environment variable with the address of a channel: `OPINION_NOTIFY_DUTY_DESK` of `duty-desk`."""
    return f"{PREFIX}NOTIFY_" + "".join(c if c.isalnum() else "_" for c in channel.upper())


def addresses_of(channels: Iterable[str], environment: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Channel -> its addresses (several stand on lines or between blanks); channels without any are left out.

    `<variable>_FILE` names a file to read them from. Raises SettingsError when that cannot be read.
    """
    found: dict[str, tuple[str, ...]] = {}
    for channel in channels:
        name = variable(channel)
        text = environment.get(name, "")
        if not text and (path := environment.get(f"{name}_FILE")):
            try:
                text = Path(path).read_text(encoding="utf-8")
            except OSError as error:
                raise SettingsError(f"{name}_FILE: cannot be read: {error.strerror}") from error
        if text.split():
            found[channel] = tuple(text.split())
    return found
