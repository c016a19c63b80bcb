"""`opinion-stream demo`: the whole road on this machine, with a scenario."""

from __future__ import annotations

import time
from pathlib import Path

import typer

from opinion_stream.cli.common import BootstrapOption, ConfigOption, settings_of

SCENARIO = Path("examples/qingyang-three-days")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "demo",
        epilog="Examples:\n\nopinion-stream demo\n\nopinion-stream demo --exit --summary out.json\n\n"
        "opinion-stream demo --bootstrap 127.0.0.1:9092    on a Kafka of yours, under topics of its own",
    )(demo)


def demo(
    leave: bool = typer.Option(False, "--exit", help="Exit after the summary instead of staying up."),
    summary: Path | None = typer.Option(None, help="Write the figures to this file as JSON."),
    scenario: Path = typer.Option(SCENARIO, help="Folder with mentions.jsonl and actions.yaml."),
    step_minutes: int = typer.Option(180, min=5, help="Simulated minutes between two looks at the deadlines."),
    keep: bool = typer.Option(False, help="Keep logs and state of the run."),
    bootstrap: BootstrapOption = None,
    config: ConfigOption = None,
) -> None:
    """Run the whole road: broker, topics, five workers, a scenario of three days in simulated time, a summary.

    Then it stays up, with a ledger (SQLite) that can be asked at once.
    """
    started = time.perf_counter()
    from opinion_stream.cli.demo_run import play

    play(settings_of(bootstrap, config), scenario, step_minutes, started, leave=leave, summary=summary, keep=keep)
