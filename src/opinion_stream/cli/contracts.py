"""`opinion-stream contracts write|check`: the schemas of the topics, and whether a change breaks anyone."""

from __future__ import annotations

from pathlib import Path

import typer

from opinion_stream.cli.common import out
from opinion_stream.errors import OpinionStreamError

FOLDER = Path("contracts")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    contracts = typer.Typer(help="消息契约 · JSON Schema and AsyncAPI of the topics.", no_args_is_help=True)
    contracts.command("write", epilog="Example:\n\nopinion-stream contracts write --out contracts")(write)
    contracts.command(
        "check",
        epilog="Examples:\n\nopinion-stream contracts check\n\n"
        "opinion-stream contracts check --against contracts/released/1.0",
    )(check)
    app.add_typer(contracts, name="contracts")


def write(folder: Path = typer.Option(FOLDER, "--out", help="Folder of the contract.")) -> None:
    """Write the schema of every topic and the AsyncAPI document, as the code says now."""
    from opinion_stream.contracts.files import rendered
    from opinion_stream.contracts.files import write as write_files

    changed = write_files(folder)
    for path in changed:
        out.print(f"已更新 {path}", markup=False)
    out.print(f"契约文件 {len(rendered())} 个，更新 {len(changed)} 个")


def check(
    folder: Path = typer.Option(FOLDER, "--folder", help="Folder of the contract."),
    against: Path | None = typer.Option(
        None, "--against", help="A release to compare with; left out: every one below FOLDER/released."
    ),
) -> None:
    """Fail when the files are not what the code says, or when the code would break bodies relying on a release."""
    from opinion_stream.contracts.files import broken_since, stale

    late = stale(folder)
    releases = [against] if against else sorted(path for path in (folder / "released").glob("*") if path.is_dir())
    problems = [f"{folder / name} is not what the code says; run `opinion-stream contracts write`" for name in late]
    for release in releases:
        problems += [f"breaks {release}: {b.topic} {b.at}" for b in broken_since(release)]
    if problems:
        raise OpinionStreamError("\n".join(problems))
    out.print(f"契约一致；与 {len(releases)} 个已发布版本兼容")
