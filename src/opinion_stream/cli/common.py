"""What the subcommands share: options, settings and policy, and a key for those that may invent one."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opinion_stream.errors import OpinionStreamError
from opinion_stream.settings import Settings, load_settings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from opinion_stream.domain.learning.combined import CombinedClassifier
    from opinion_stream.policy import Policy

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Folder of the policy YAML. [env: OPINION_CONFIG, default: config]"),
]
BootstrapOption = Annotated[
    str | None,
    typer.Option("--bootstrap", "-b", help="Kafka address HOST:PORT. [env: OPINION_KAFKA_BOOTSTRAP]"),
]
ModelOption = Annotated[
    Path | None,
    typer.Option("--model", "-m", help="Folder of a trained category model (`train`). [env: OPINION_MODEL]"),
]

out: Console
err: Console
PIPE_WIDTH = 240
"""Columns of a table where nobody looks (a pipe, a file), so that lines stay whole."""


def __getattr__(name: str) -> Console:
    """`out` and `err`, the consoles of the commands, made when asked for: not every command needs rich."""
    if name not in ("out", "err"):
        raise AttributeError(name)
    from rich.console import Console

    made = Console(stderr=name == "err", soft_wrap=True, highlight=False, emoji=False)
    if not made.is_terminal:
        made.width = PIPE_WIDTH
    globals()[name] = made
    return made


def print_table(table: Table) -> None:
    """Print a table whole: cells are folded, never cut, for an id with its end cut off is of no use."""
    console = globals().get("out") or __getattr__("out")
    for column in table.columns:
        column.overflow = "fold"
    console.print(table, soft_wrap=False)


def settings_of(bootstrap: str | None = None, config: Path | None = None) -> Settings:
    """Settings from the environment with the command line's options over them."""
    return load_settings(kafka_bootstrap=bootstrap, config=config)


def key_or_throwaway(settings: Settings) -> Settings:
    """The settings, with a throw-away key if none is set; says so on stderr."""
    if settings.pseudonym_key is not None or settings.pseudonym_key_file is not None:
        return settings
    note = typer.style("提示", fg=typer.colors.YELLOW)
    typer.echo(
        f"{note} OPINION_PSEUDONYM_KEY 未设置，本次使用一次性密钥：化名与死信密封仅在本次运行内有效。 "
        "(A throw-away key is used: pseudonyms and sealed dead letters hold for this run only.)",
        err=True,
    )
    return load_settings(**{**settings.model_dump(), "pseudonym_key": secrets.token_hex(32)})


def classifier_of(policy: Policy, model: Path | None) -> CombinedClassifier | None:
    """The trained model that the option or OPINION_MODEL names together with the lexicon; None without one."""
    folder = model or settings_of().model
    if folder is None:
        return None
    from opinion_stream.adapters.model_store import load_classifier

    return load_classifier(folder, policy.categories, lambda text: typer.echo(text, err=True))


def existing(path: Path) -> Path:
    """The path, if it is a file. Raises OpinionStreamError otherwise."""
    if not path.is_file():
        raise OpinionStreamError(f"{path}: no such file")
    return path
