"""Senders of notifications: by Apprise over whatever service an address names, or as lines of a printer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from apprise import Apprise, AppriseAsset

from opinion_stream.adapters.addresses import variable
from opinion_stream.domain.notify.planner import Message
from opinion_stream.errors import SettingsError

TIMEOUT_SECONDS = 20.0


class Sender(Protocol):
    """Sends a message over its channel."""

    async def send(self, message: Message) -> bool:
        """True once every address of the channel has taken it."""


class AppriseSender:
    """Apprise speaks the protocols: WeCom, DingTalk, Feishu, e-mail, webhooks and a hundred others."""

    def __init__(self, addresses: Mapping[str, tuple[str, ...]]) -> None:
        # Its own log lines quote addresses, which hold tokens.
        logging.getLogger("apprise").setLevel(logging.CRITICAL)
        self._channels: dict[str, Apprise] = {}
        for channel, urls in addresses.items():
            asset = AppriseAsset(app_id="opinion-stream", service_timeout=TIMEOUT_SECONDS)
            apprise = Apprise(asset=asset)
            for number, url in enumerate(urls, 1):
                if not apprise.add(url):
                    raise SettingsError(
                        f"{variable(channel)}: address {number} is not one that Apprise knows; "
                        "it looks like SCHEME://…, e.g. wecombot://KEY, see docs/notify.md"
                    )
            self._channels[channel] = apprise

    async def send(self, message: Message) -> bool:
        """See `Sender`; False too for a channel without an address."""
        apprise = self._channels.get(message.channel)
        if apprise is None:
            return False
        body = f"{message.body}\n（通知编号 {message.id}）"
        return bool(await asyncio.to_thread(apprise.notify, body=body, title=message.title))


class PrintingSender:
    """Prints what would be sent: `notify --dry-run`."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show

    async def send(self, message: Message) -> bool:
        """See `Sender`."""
        self._show(f"[{message.channel}] {message.title}\n{message.body}")
        return True
