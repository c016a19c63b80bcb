"""Addresses of the notification channels, from the environment or from files: they are secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from opinion_stream.adapters import environment as env


def variable(channel: str) -> str:
    """Name of the environment variable with the address of a channel: `OPINION_NOTIFY_DUTY_DESK` of `duty-desk`."""
    return env.variable("NOTIFY", channel)


def addresses_of(channels: Iterable[str], environment: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Channel -> its addresses (several stand on lines or between blanks); channels without any are left out.

    `<variable>_FILE` names a file to read them from. Raises SettingsError when that cannot be read.
    """
    found = {channel: tuple(env.secret(variable(channel), environment).split()) for channel in channels}
    return {channel: addresses for channel, addresses in found.items() if addresses}
