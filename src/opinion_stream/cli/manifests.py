"""`opinion-stream manifests kubernetes|strimzi`: what follows from the registry, as YAML for the cluster."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from opinion_stream.cli.common import out, settings_of
from opinion_stream.cli.topics import UPSTREAM, UpstreamOption

HEAD = "# Made by `opinion-stream manifests`; do not edit, change the settings and make it anew.\n"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    manifests = typer.Typer(help="部署清单 · Kubernetes and Strimzi resources.", no_args_is_help=True)
    manifests.command(
        "kubernetes",
        epilog="Example:\n\nOPINION_PARTITIONS=12 opinion-stream manifests kubernetes --out deploy/kubernetes",
    )(kubernetes)
    manifests.command(
        "strimzi",
        epilog="Example:\n\nOPINION_PARTITIONS=12 OPINION_REPLICATION=3 opinion-stream manifests strimzi "
        "--upstream province --out deploy/kafka/strimzi",
    )(strimzi)
    app.add_typer(manifests, name="manifests")


def kubernetes(
    folder: Path = typer.Option(Path("deploy/kubernetes"), "--out", help="Where the files go."),
    kafka: str = typer.Option("kafka-kafka-bootstrap:9093", "--kafka", help="Kafka's address as the cluster sees it."),
) -> None:
    """Write the workloads with probes and limits, their doors, and how they scale on lag."""
    from opinion_stream.deployment import kubernetes as made

    settings = settings_of()
    _write(folder / "stages.yaml", made.stages(settings))
    _write(folder / "services.yaml", made.services(settings))
    _write(folder / "doors.yaml", made.doors())
    _write(folder / "scaling.yaml", made.scaling(settings, kafka))


def strimzi(
    folder: Path = typer.Option(Path("deploy/kafka/strimzi"), "--out", help="Where the files go."),
    cluster: str = typer.Option("kafka", "--cluster", help="Name of the Kafka resource."),
    upstream: UpstreamOption = UPSTREAM,
) -> None:
    """Write topics.yaml and users.yaml: every topic, and every service's user with its rights."""
    from opinion_stream.deployment import strimzi as made

    settings = settings_of()
    _write(folder / "topics.yaml", made.topics(settings, cluster))
    _write(folder / "users.yaml", made.users(settings, cluster, upstream))


def _write(path: Path, manifests: Sequence[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(rendered(manifests), encoding="utf-8")
    out.print(f"已写入 {path}：{len(manifests)} 项", markup=False)


def rendered(manifests: Sequence[dict[str, object]]) -> str:
    """The manifests as one YAML stream."""
    import yaml

    return HEAD + yaml.safe_dump_all(manifests, sort_keys=False, allow_unicode=True, width=120)
