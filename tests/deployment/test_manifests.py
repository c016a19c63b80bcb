"""What is deployed follows from the code: committed manifests, rights, probes, limits."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import typer
import yaml

from opinion_stream.access import SERVICES, rights, upstream, user_of
from opinion_stream.cli.main import build
from opinion_stream.cli.manifests import rendered
from opinion_stream.deployment import kubernetes, strimzi
from opinion_stream.settings import load_settings
from opinion_stream.topics import STATEFUL, Stage

DEPLOY = Path(__file__).parents[2] / "deploy"
SETTINGS = load_settings(partitions=12, replication=3)
"""As `deploy/kubernetes/settings.yaml` says."""


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("kubernetes/stages.yaml", kubernetes.stages(SETTINGS)),
        ("kubernetes/services.yaml", kubernetes.services(SETTINGS)),
        ("kubernetes/doors.yaml", kubernetes.doors()),
        ("kubernetes/scaling.yaml", kubernetes.scaling(SETTINGS, "kafka-kafka-bootstrap:9093")),
        ("kafka/strimzi/topics.yaml", strimzi.topics(SETTINGS, "kafka")),
        ("kafka/strimzi/users.yaml", strimzi.users(SETTINGS, "kafka")),
    ],
)
def test_the_committed_manifests_are_what_the_code_makes(name: str, made: list[dict[str, object]]) -> None:
    assert (DEPLOY / name).read_text(encoding="utf-8") == rendered(made), (
        "make them anew: OPINION_PARTITIONS=12 OPINION_REPLICATION=3 opinion-stream manifests kubernetes (strimzi)"
    )


def workloads() -> list[dict[str, Any]]:
    made = [*kubernetes.stages(SETTINGS), *kubernetes.services(SETTINGS)]
    return [one for one in made if one["kind"] in ("Deployment", "StatefulSet")]


@pytest.mark.parametrize("workload", workloads(), ids=lambda workload: workload["metadata"]["name"])
def test_every_workload_is_shut_in_probed_and_bounded(workload: dict[str, Any]) -> None:
    pod = workload["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["terminationGracePeriodSeconds"] >= 30
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["resources"]["limits"]["memory"]
    values = [variable["value"] for variable in container["env"]]
    assert all("/run/secrets/" in value or value.startswith("opinion-") for value in values)


def test_a_stage_that_remembers_keeps_its_state_over_a_restart() -> None:
    kinds = {one["metadata"]["name"]: one["kind"] for one in workloads()}
    for stage in Stage:
        assert kinds[stage.value] == ("StatefulSet" if stage in STATEFUL else "Deployment")


def test_no_more_workers_than_partitions() -> None:
    for scaled in kubernetes.scaling(SETTINGS, "kafka:9093"):
        assert scaled["spec"]["maxReplicaCount"] == SETTINGS.partitions  # type: ignore[index]


def test_the_users_of_strimzi_have_the_rights_of_the_registry_and_no_other() -> None:
    given = set()
    for user in strimzi.users(SETTINGS, "kafka"):
        name, spec = user["metadata"]["name"], user["spec"]  # type: ignore[index]
        for acl in spec["authorization"]["acls"]:
            resource = acl["resource"]
            for operation in acl["operations"]:
                given.add((name, resource["type"], resource["name"], operation, resource["patternType"] == "prefix"))
    wanted = {
        (r.principal.removeprefix("User:"), r.resource.lower(), r.name, r.operation.capitalize(), r.prefixed)
        for r in rights(SETTINGS.topic_prefix)
    }
    assert given == wanted


def test_compose_runs_every_stage_with_a_user_and_a_password_of_its_own() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))["services"]
    for stage in Stage:
        service = services[stage.value]
        assert service["command"] == ["worker", stage.value]
        assert service["environment"]["OPINION_KAFKA_USERNAME"] == f"opinion-{stage.value}"
        assert {"source": f"kafka-{stage.value}", "target": "kafka-password"} in service["secrets"]
        assert service["read_only"]
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert all(str(port).startswith("127.0.0.1:") for port in published)


def test_the_secrets_script_knows_every_service() -> None:
    script = (DEPLOY / "secrets.sh").read_text(encoding="utf-8")
    for service in (*SERVICES, upstream("upstream")):
        assert f" {service.name} " in script.replace(";", " ;"), service.name
        assert user_of("opinion", service) == f"opinion-{service.name}"


def test_no_secret_is_committed() -> None:
    ignored = (DEPLOY.parent / ".gitignore").read_text(encoding="utf-8")
    assert "deploy/secrets/" in ignored
    assert "deploy/.env" in ignored
    # Being ignored does not help a file that git knows already.
    git = shutil.which("git")
    if git is None or not (DEPLOY.parent / ".git").exists():
        pytest.skip("no git, or not a checkout: what is committed cannot be told")
    known = subprocess.run(
        [git, "ls-files", "deploy/secrets", "deploy/.env"],
        cwd=DEPLOY.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert known.stdout == ""


def test_compose_has_what_analysts_need_and_opens_it_to_this_machine_alone() -> None:
    whole = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))
    services = whole["services"]
    assert {"intake", "ledger", "postgres", "prometheus", "alertmanager", "grafana"} <= services.keys()
    grafana = services["grafana"]["environment"]
    assert grafana["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    assert grafana["GF_SECURITY_ADMIN_PASSWORD__FILE"] == "/run/secrets/grafana-password"
    assert "ports" not in services["postgres"]
    used = {
        s if isinstance(s, str) else s["source"] for service in services.values() for s in service.get("secrets", [])
    }
    assert used <= whole["secrets"].keys()
    script = (DEPLOY / "secrets.sh").read_text(encoding="utf-8")
    for name in ("ledger-url", "intake-tokens", "grafana-password", "grafana-reader-password", "postgres-password"):
        assert name in script
    for service in services.values():
        for volume in service.get("volumes", []):
            if str(volume).startswith("./"):
                assert (DEPLOY / str(volume).split(":")[0]).exists(), volume


def _commands() -> dict[str, list[str]]:
    """What each workload of Kubernetes, compose and systemd calls the program with."""
    found = {
        f"kubernetes {workload['metadata']['name']}": workload["spec"]["template"]["spec"]["containers"][0]["args"]
        for workload in workloads()
    }
    services = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))["services"]
    for name, service in services.items():
        if "OPINION_KAFKA_USERNAME" in (service.get("environment") or {}):
            found[f"compose {name}"] = service["command"]
    for service in kubernetes.OTHERS:
        drop_in = DEPLOY / "systemd" / f"opinion-stream-service@{service.name}.service.d"
        files = [DEPLOY / "systemd/opinion-stream-service@.service", *sorted(drop_in.glob("*.conf"))]
        lines = "\n".join(path.read_text(encoding="utf-8") for path in files).splitlines()
        started = [line.partition("=")[2] for line in lines if line.startswith("ExecStart=")][-1]
        found[f"systemd {service.name}"] = started.replace("%i", service.name).split()[1:]
    return found


@pytest.mark.parametrize(("where", "words"), _commands().items(), ids=lambda value: str(value))
def test_what_is_started_is_a_command_and_not_a_group_of_commands(where: str, words: list[str]) -> None:
    group: Any = typer.main.get_command(build())
    for word in words:
        if not isinstance(group, click.Group):
            break
        assert word in group.commands, where
        group = group.commands[word]
    assert not isinstance(group, click.Group), f"{where}: {' '.join(words)} only prints its help"


def test_the_ledger_is_told_its_database_by_a_secret_everywhere() -> None:
    (pod,) = [one["spec"]["template"]["spec"] for one in workloads() if one["metadata"]["name"] == "ledger"]
    given = {variable["name"]: variable["value"] for variable in pod["containers"][0]["env"]}
    assert given["OPINION_LEDGER_URL_FILE"] == "/run/secrets/opinion/ledger-url"
    drop_in = DEPLOY / "systemd/opinion-stream-service@ledger.service.d/ledger.conf"
    assert "OPINION_LEDGER_URL_FILE=%d/ledger-url" in drop_in.read_text(encoding="utf-8")
    services = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))["services"]
    assert services["ledger"]["environment"]["OPINION_LEDGER_URL_FILE"] == "/run/secrets/ledger-url"
