"""The `opinion-stream` command: its subcommands and how it reports an error."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module

import typer

from opinion_stream import __version__
from opinion_stream.errors import OpinionStreamError

COMMANDS = {
    "demo": "demo",
    "worker": "worker",
    "topics": "topics",
    "replay": "replay",
    "clean": "files",
    "assess": "files",
    "why": "why",
    "warnings": "warn",
    "brief": "brief",
    "forecast": "forecast",
    "train": "learn",
    "evaluate": "learn",
    "consume": "look",
    "status": "look",
    "incident": "incident",
    "send-command": "act",
    "task": "task",
    "escalation": "escalation",
    "referral": "referral",
    "duty": "duty",
    "notify": "notify",
    "publish": "publish",
    "bulletin": "bulletin",
    "doctor": "check",
    "config": "check",
    "collect": "collect",
    "sources": "sources",
    "intake": "intake",
    "watch": "watch",
    "dlq": "dlq",
    "contracts": "contracts",
    "manifests": "manifests",
    "import": "import_file",
    "ledger": "ledger",
}
"""Subcommand -> the module of this package that adds it, in the order of the help.

With one of these as the first word only its module is imported: an operator who asks for a task waits for nothing else.
"""
MODULES = tuple(dict.fromkeys(COMMANDS.values()))


def build(modules: Sequence[str] = MODULES) -> typer.Typer:
    """The command with the subcommands of these modules."""
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
    app.callback(invoke_without_command=True)(_root)
    for name in modules:
        import_module(f"opinion_stream.cli.{name}").register(app)
    return app


def _root(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def __getattr__(name: str) -> typer.Typer:
    """`app`, the command with all its subcommands, made when it is asked for."""
    if name != "app":
        raise AttributeError(name)
    globals()["app"] = made = build()
    return made


def main() -> None:
    """Run the command. An error raised on purpose is printed without a traceback and gives exit code 2."""
    # Imports and a policy make many objects and no garbage; a command that works long sets its own pace.
    gc.set_threshold(50_000, 20, 50)
    # No plugin of pydantic is ours, and to look for some it reads the metadata of every package installed.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    alone = COMMANDS.get(sys.argv[1]) if len(sys.argv) > 1 else None
    try:
        build(MODULES if alone is None else (alone,))()
    except OpinionStreamError as error:
        from rich.console import Console

        Console(stderr=True).print(f"[red]错误[/red] {error}", highlight=False, markup=True, soft_wrap=True)
        sys.exit(2)
