"""The `opinion-stream` command: its subcommands and how it reports an error."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from opinion_stream import __version__
from opinion_stream.cli import (
    act,
    brief,
    bulletin,
    check,
    demo,
    duty,
    escalation,
    files,
    forecast,
    incident,
    learn,
    look,
    notify,
    publish,
    referral,
    replay,
    task,
    topics,
    warn,
    why,
    worker,
)
from opinion_stream.errors import OpinionStreamError

app = typer.Typer(
    name="opinion-stream",
    help="政务舆情回应流水线 · from what people say in public to an answer given in public and in time.",
    epilog="Examples:\n\n"
    "opinion-stream demo                          the whole road on an embedded broker, with a shipped scenario\n\n"
    "opinion-stream assess messages.jsonl -o out.jsonl   judge a file, no broker needed\n\n"
    "OPINION_KAFKA_BOOTSTRAP=kafka:9092 opinion-stream topics apply\n\n"
    "OPINION_KAFKA_BOOTSTRAP=kafka:9092 OPINION_PSEUDONYM_KEY=… opinion-stream worker collection",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _root(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


for module in (
    demo,
    worker,
    topics,
    replay,
    files,
    why,
    warn,
    brief,
    forecast,
    learn,
    look,
    incident,
    act,
    task,
    escalation,
    referral,
    duty,
    notify,
    publish,
    bulletin,
    check,
):
    module.register(app)


def main() -> None:
    """Run the command. An error raised on purpose is printed without a traceback and gives exit code 2."""
    try:
        app()
    except OpinionStreamError as error:
        Console(stderr=True).print(f"[red]错误[/red] {error}", highlight=False, markup=True, soft_wrap=True)
        sys.exit(2)
