"""`opinion-stream publish`: puts approved responses before the public, in a folder or through an HTTP door."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from opinion_stream.cli.common import BootstrapOption, ConfigOption, print_table, settings_of
from opinion_stream.errors import SettingsError
from opinion_stream.settings import Settings

if TYPE_CHECKING:
    from opinion_stream.adapters.publishers import Publisher
    from opinion_stream.policy import Policy


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "publish",
        epilog="Examples:\n\nopinion-stream publish --outlets\n\n"
        "OPINION_PUBLISH_WEBSITE=/srv/responses opinion-stream publish\n\n"
        "OPINION_PUBLISH_WEIBO=https://desk.example/api/posts OPINION_PUBLISH_WEIBO_TOKEN_FILE=/run/secrets/weibo "
        "opinion-stream publish",
    )(publish)


def publish(
    outlets: bool = typer.Option(False, "--outlets", help="List the publications and where each goes."),
    bootstrap: BootstrapOption = None,
    config: ConfigOption = None,
) -> None:
    """Publish approved responses until SIGTERM or Ctrl-C: grades I and II first, each once, retried until it stands."""
    from opinion_stream.adapters.publishers import publishers_of, variable
    from opinion_stream.policy import load_policy

    settings = settings_of(bootstrap, config)
    policy = load_policy(settings.config)
    names = {code: publication.name for code, publication in policy.response.publications.items()}
    found = publishers_of(names, os.environ, policy.jurisdiction.name)
    if outlets:
        table = Table("发布方式", "名称", "环境变量", "送往")
        for code, name in names.items():
            where = type(found[code]).__name__.removesuffix("Publisher") if code in found else "由工作人员发布"
            table.add_row(code, name, variable(code), {"Folder": "文件夹", "Http": "接口"}.get(where, where))
        print_table(table)
        return
    if not found:
        first = next(iter(names))
        raise SettingsError(f"no publication has a place to go; set e.g. {variable(first)} to a folder or an address")
    asyncio.run(_serve(settings, policy, found))


async def _serve(settings: Settings, policy: Policy, publishers: Mapping[str, Publisher]) -> None:
    from opinion_stream.adapters.delivery_metrics import DeliveryMetrics
    from opinion_stream.adapters.door import watched_door
    from opinion_stream.adapters.logs import set_up_logs
    from opinion_stream.adapters.press import Press
    from opinion_stream.adapters.sent_log import SentLog
    from opinion_stream.adapters.signals import stop_on_signals
    from opinion_stream.agents.worker_metrics import describe_process

    set_up_logs(settings.log_level)
    with SentLog(Path(settings.state_dir) / "publish.sqlite") as sent:
        metrics = DeliveryMetrics("publish", publishers)
        describe_process(metrics.registry, "publish", policy)
        press = Press(settings, policy, publishers, sent, metrics=metrics)
        async with watched_door(settings, metrics.registry, press.ready):
            await press.run(stop_on_signals())
