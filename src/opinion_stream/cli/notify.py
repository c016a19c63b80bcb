"""`opinion-stream notify`: tells the duty posts what was reported to them and what is overdue."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from opinion_stream.cli.common import BootstrapOption, ConfigOption, out, print_table, settings_of
from opinion_stream.errors import OpinionStreamError, SettingsError
from opinion_stream.settings import Settings

if TYPE_CHECKING:
    from opinion_stream.policy import Policy


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "notify",
        epilog="Examples:\n\nopinion-stream notify --channels\n\n"
        "OPINION_NOTIFY_DUTY_DESK=wecombot://KEY opinion-stream notify --test duty-desk\n\n"
        "opinion-stream notify --dry-run",
    )(notify)


def notify(
    channels: bool = typer.Option(False, "--channels", help="List the channels and whether they have an address."),
    test: str | None = typer.Option(None, "--test", metavar="CHANNEL", help="Send one test message, and end."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Print what would be sent; remembers nothing."),
    bootstrap: BootstrapOption = None,
    config: ConfigOption = None,
) -> None:
    """Send escalations and supervision notices to the duty posts, until SIGTERM or Ctrl-C.

    Grades I and II at once; the rest as a digest, after the quiet hours (`config/notify.yaml`).
    """
    from opinion_stream.adapters.addresses import addresses_of, variable
    from opinion_stream.adapters.senders import AppriseSender
    from opinion_stream.domain.notify.planner import Message
    from opinion_stream.policy import load_policy

    settings = settings_of(bootstrap, config)
    policy = load_policy(settings.config)
    known = policy.notify.channels
    addresses = addresses_of(known, os.environ)
    if channels:
        table = Table("渠道", "名称", "环境变量", "地址")
        for code, channel in known.items():
            table.add_row(code, channel.name, variable(code), f"{len(addresses.get(code, ()))} 个")
        print_table(table)
        return
    if test is not None:
        if test not in known:
            raise SettingsError(f"--test: {test!r} is not a channel of notify.yaml; known: {', '.join(known)}")
        if test not in addresses:
            raise SettingsError(f"--test: channel {test} has no address; set {variable(test)}")
        at = datetime.now(UTC).isoformat(timespec="seconds")
        message = Message(
            f"test-{at}", test, "【测试】opinion-stream 通知", "这是一条测试消息，收到即表示渠道可用。", ()
        )
        if not asyncio.run(AppriseSender(addresses).send(message)):
            raise OpinionStreamError(f"channel {test}: the message was not taken; check {variable(test)}")
        out.print(f"已发送测试消息：{test}")
        return
    if not addresses and not dry_run:
        raise SettingsError(f"no channel has an address; set one of {', '.join(variable(code) for code in known)}")
    asyncio.run(_serve(dry_run, addresses, settings, policy))


async def _serve(dry_run: bool, addresses: dict[str, tuple[str, ...]], settings: Settings, policy: Policy) -> None:
    from opinion_stream.adapters.addresses import variable
    from opinion_stream.adapters.delivery_metrics import DeliveryMetrics
    from opinion_stream.adapters.door import watched_door
    from opinion_stream.adapters.logs import set_up_logs
    from opinion_stream.adapters.notifier import Notifier
    from opinion_stream.adapters.senders import AppriseSender, PrintingSender, Sender
    from opinion_stream.adapters.sent_log import SentLog
    from opinion_stream.adapters.signals import stop_on_signals
    from opinion_stream.agents.worker_metrics import describe_process

    set_up_logs(settings.log_level)
    stop = stop_on_signals()
    for code in policy.notify.channels:
        if code not in addresses and not dry_run:
            out.print(f"提示：渠道 {code} 没有地址（{variable(code)}），发往该渠道的通知只记日志，不发送")
    sender: Sender = PrintingSender(lambda text: out.print(text, markup=False)) if dry_run else AppriseSender(addresses)
    served = list(policy.notify.channels if dry_run else addresses)
    with TemporaryDirectory() as throwaway, SentLog(_log_path(settings, throwaway if dry_run else None)) as sent:
        metrics = DeliveryMetrics("notify", served)
        describe_process(metrics.registry, "notify", policy)
        notifier = Notifier(settings, policy, sender, sent, served, remembers=not dry_run, metrics=metrics)
        async with watched_door(settings, metrics.registry, notifier.ready):
            await notifier.run(stop)


def _log_path(settings: Settings, throwaway: str | None) -> Path:
    return Path(throwaway or settings.state_dir) / "notify.sqlite"
