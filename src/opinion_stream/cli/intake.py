"""`opinion-stream intake`: the HTTP door for other bodies' mentions; its tokens and its OpenAPI document."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Annotated

import typer

from opinion_stream.cli.common import BootstrapOption, ConfigOption
from opinion_stream.errors import SettingsError
from opinion_stream.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "intake",
        epilog="Examples:\n\n"
        "opinion-stream intake --new-token hotline-12345 --source hotline\n\n"
        "OPINION_INTAKE_TOKENS_FILE=/run/secrets/intake.yaml opinion-stream intake\n\n"
        "opinion-stream intake --host 0.0.0.0 --port 8088 --behind-proxy\n\n"
        "opinion-stream intake --openapi > intake.openapi.json",
    )(intake)


def intake(
    host: Annotated[str | None, typer.Option(help="Address to listen on. [env: OPINION_INTAKE_HOST]")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port; 0: any free one. [env: OPINION_INTAKE_PORT]", min=0, max=65535)
    ] = None,
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="A proxy before this service ends TLS: a public address may be used.")
    ] = False,
    openapi: Annotated[bool, typer.Option("--openapi", help="Print the OpenAPI document and end.")] = False,
    new_token: Annotated[
        str | None, typer.Option(metavar="NAME", help="Make a token for a client of this name and end.")
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(help="With --new-token: a source the client may name; may be repeated.")
    ] = None,
    bootstrap: BootstrapOption = None,
    config: ConfigOption = None,
) -> None:
    """Take mentions over HTTP until SIGTERM or Ctrl-C; each is answered once Kafka holds it (docs/intake.md).

    Needs OPINION_KAFKA_BOOTSTRAP and OPINION_INTAKE_TOKENS_FILE. Topics must exist (`topics apply`).
    """
    if new_token is not None:
        _print_new_token(new_token, source or [])
        return
    if openapi:
        _print_openapi()
        return
    from opinion_stream.adapters.intake.server import checked_tokens, make_app, serve
    from opinion_stream.policy import load_policy

    settings = load_settings(
        kafka_bootstrap=bootstrap,
        config=config,
        intake_host=host,
        intake_port=port,
        intake_behind_proxy=behind_proxy or None,
    )
    from opinion_stream.adapters.logs import set_up_logs

    tokens = checked_tokens(settings, os.environ)
    settings.broker()
    set_up_logs(settings.log_level)
    app = make_app(settings, load_policy(settings.config), tokens)
    with contextlib.suppress(ImportError):
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(serve(settings, app, lambda port: typer.echo(f"listening on port {port}", err=True)))


def _print_new_token(name: str, sources: list[str]) -> None:
    import yaml

    from opinion_stream.adapters.intake.tokens import new_token, read_tokens

    if not sources:
        raise SettingsError("--new-token needs at least one --source: the names under which the client may hand in")
    token, digest = new_token()
    entry = {"clients": [{"name": name, "sha256": digest, "sources": sources}]}
    lines = yaml.safe_dump(entry, allow_unicode=True, sort_keys=False)
    read_tokens(lines)
    typer.echo("令牌只显示这一次，请安全地交给对方 (shown only this once; hand it over safely):", err=True)
    typer.echo(token)
    typer.echo("\n写入令牌文件 OPINION_INTAKE_TOKENS_FILE (only the hash is kept):", err=True)
    typer.echo(lines)


def _print_openapi() -> None:
    import orjson

    from opinion_stream.adapters.intake.openapi import document

    typer.echo(orjson.dumps(document(), option=orjson.OPT_INDENT_2).decode())
