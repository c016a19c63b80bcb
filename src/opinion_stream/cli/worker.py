"""`opinion-stream worker STAGE`: one stage as a process."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
from pathlib import Path

import typer

from opinion_stream.cli.common import BootstrapOption, ConfigOption, settings_of
from opinion_stream.topics import Stage


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "worker",
        epilog="Examples:\n\n"
        "opinion-stream worker collection\n\n"
        "OPINION_METRICS_PORT=9101 opinion-stream worker incidents --bootstrap 127.0.0.1:9092",
    )(worker)


def worker(
    stage: Stage = typer.Argument(help="The stage to run."),
    bootstrap: BootstrapOption = None,
    config: ConfigOption = None,
    ready_file: Path | None = typer.Option(None, help="Touch this file once the worker consumes."),
    parent: int | None = typer.Option(None, hidden=True),
) -> None:
    """Run one stage of the road until SIGTERM or Ctrl-C; start as many as you like, one by one.

    Needs OPINION_KAFKA_BOOTSTRAP and OPINION_PSEUDONYM_KEY. Topics must exist (`topics apply`).
    """
    from opinion_stream.adapters.door import Pulse, open_door
    from opinion_stream.adapters.logs import set_up_logs
    from opinion_stream.adapters.processes import end_with_parent
    from opinion_stream.adapters.signals import stop_on_signals
    from opinion_stream.bootstrap import StageApp
    from opinion_stream.policy import load_policy

    if parent is not None:
        end_with_parent()
        if os.getppid() != parent:
            raise typer.Exit
    settings = settings_of(bootstrap, config)
    settings.broker()
    settings.secret_key()
    set_up_logs(settings.log_level)
    policy = load_policy(settings.config)
    with contextlib.suppress(ImportError):
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())

    async def run() -> None:
        stop = stop_on_signals()
        stage_app = StageApp(stage, settings, policy)
        gc.freeze()  # what a worker starts with stays to the end: no need to look through it again and again
        pulse = Pulse()
        open_door(settings, stage_app.metrics.registry, pulse.alive, stage_app.ready)
        beating = asyncio.create_task(pulse.beat())
        await stage_app.run(stop, on_ready=lambda: ready_file.touch() if ready_file else None)
        beating.cancel()

    asyncio.run(run())
