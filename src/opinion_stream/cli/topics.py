"""`opinion-stream topics apply|list|describe`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from opinion_stream.access import Right
from opinion_stream.cli.common import BootstrapOption, out, print_table, settings_of
from opinion_stream.errors import OpinionStreamError
from opinion_stream.settings import Settings
from opinion_stream.topics import BY_NAME, TOPICS, Topic, full_name

UpstreamOption = Annotated[
    list[str], typer.Option("--upstream", help="Name of a body that escalations are sent to; repeat for several.")
]
UPSTREAM = ["upstream"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    topics = typer.Typer(help="Provision and look at the topics.", no_args_is_help=True)
    topics.command("apply", epilog="Example:\n\nopinion-stream topics apply --bootstrap 127.0.0.1:9092")(apply)
    topics.command("list")(list_topics)
    topics.command(
        "rights",
        epilog="Examples:\n\nopinion-stream topics rights\n\n"
        "opinion-stream topics rights --commands --upstream province --upstream ministry",
    )(rights)
    topics.command("describe", epilog="Example:\n\nopinion-stream topics describe escalations")(describe)
    app.add_typer(topics, name="topics")


def apply(upstream: UpstreamOption = UPSTREAM, bootstrap: BootstrapOption = None) -> None:
    """Create every topic that is missing, with the settings of the registry.

    Where the broker asks for a login (OPINION_KAFKA_SECURITY=sasl_tls), also give every service its rights.
    """
    from opinion_stream.access import rights as rights_of
    from opinion_stream.adapters.admin import apply_topics

    settings = settings_of(bootstrap)
    done = asyncio.run(apply_topics(settings))
    differs = False
    for state, what in done:
        out.print(f"{state.name:48} {what}")
        differs |= what.startswith("differs")
    if settings.kafka_security == "sasl_tls":
        given = rights_of(settings.topic_prefix, upstream)
        asyncio.run(_grant(settings, given))
        out.print(f"权限已就绪：{len(given)} 条（opinion-stream topics rights 查看）")
    if differs:
        raise OpinionStreamError(
            "some topics have another number of partitions than OPINION_PARTITIONS asks for; "
            "set it to what they have, or make new topics under another OPINION_TOPIC_PREFIX"
        )


async def _grant(settings: Settings, given: Sequence[Right]) -> None:
    from opinion_stream.adapters.admin import admin_client
    from opinion_stream.adapters.rights import grant

    async with admin_client(settings.broker()) as admin:
        await grant(admin, given)


def rights(
    upstream: UpstreamOption = UPSTREAM,
    commands: bool = typer.Option(False, "--commands", help="As arguments of Kafka's own kafka-acls.sh."),
) -> None:
    """Print who may do what: one user per service, each with its own topics only. Everything else is refused."""
    from opinion_stream.access import rights as rights_of

    found = rights_of(settings_of().topic_prefix, upstream)
    if commands:
        for right in found:
            typer.echo(right.as_command())
        return
    table = Table("user", "may", "what", "name")
    for right in found:
        name = f"{right.name}*" if right.prefixed else right.name
        table.add_row(right.principal.removeprefix("User:"), right.operation, right.resource, name)
    print_table(table)


def list_topics(bootstrap: BootstrapOption = None) -> None:
    """List the topics: who writes and reads them, and, with a broker, whether they exist."""
    from opinion_stream.adapters.admin import topic_states

    settings = settings_of(bootstrap)
    found: dict[str, int] = {}
    if settings.kafka_bootstrap:
        found = {state.name: state.found for state in asyncio.run(topic_states(settings))}
    table = Table("topic", "中文", "model", "written by", "read by", "partitions" if found else "kept")
    for topic in TOPICS:
        name = full_name(settings.topic_prefix, topic)
        kept = "latest of each key" if topic.compacted else f"{topic.retention_days or '∞'} days"
        table.add_row(
            name,
            topic.label,
            topic.model.__name__,
            _stages(topic.writers),
            _stages(topic.readers),
            str(found.get(name) or "missing") if found else kept,
        )
    print_table(table)


def _stages(stages: tuple[object, ...]) -> str:
    return ", ".join(str(stage) for stage in stages) if len(stages) < 5 else "every stage"


def describe(name: str = typer.Argument(help="Topic with or without the prefix, e.g. escalations")) -> None:
    """Show one topic: key, broker settings and the JSON Schema of its records."""
    settings = settings_of()
    topic = topic_named(name, settings.topic_prefix)
    out.print(f"[bold]{full_name(settings.topic_prefix, topic)}[/bold]  {topic.label}")
    out.print(f"key: {topic.key}")
    for key, value in topic.config().items():
        out.print(f"{key}: {value}")
    out.print_json(json.dumps(topic.model.model_json_schema(), ensure_ascii=False))


def topic_named(name: str, prefix: str) -> Topic:
    """The topic of that name, with or without prefix. Raises OpinionStreamError naming the known ones."""
    short = name.removeprefix(f"{prefix}.")
    if short not in BY_NAME:
        raise OpinionStreamError(f"there is no topic {name!r}; known: {', '.join(BY_NAME)}")
    return BY_NAME[short]
