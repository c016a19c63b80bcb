"""The services of the road as Kubernetes resources: one deployment per stage, probes, limits, scaling on lag."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from opinion_stream.access import COLLECT, INTAKE, LEDGER, NOTIFY, PUBLISH, Service, user_of
from opinion_stream.settings import Settings
from opinion_stream.topics import STATEFUL, Stage, full_name, group_id, inputs_of

Manifest = dict[str, object]
IMAGE = "opinion-stream:0.1"
PORT = 9100
DRAIN_SECONDS = 60
CPU_MEMORY: dict[str, tuple[str, str]] = {
    # Requests; measured on the real messages with room to spare. Limits: memory twice that, no limit of CPU.
    Stage.COLLECTION.value: ("500m", "512Mi"),
    Stage.ASSESSMENT.value: ("1", "768Mi"),
    Stage.INCIDENTS.value: ("1", "1536Mi"),
    Stage.REPORTING.value: ("250m", "512Mi"),
    Stage.RESPONSE.value: ("250m", "512Mi"),
}
OTHERS: tuple[Service, ...] = (COLLECT, INTAKE, NOTIFY, PUBLISH, LEDGER)
COMMANDS: dict[Service, list[str]] = {LEDGER: ["ledger", "run"]}
"""Where a service's command is not its name."""
OWN: dict[Service, dict[str, str]] = {LEDGER: {"OPINION_LEDGER_URL_FILE": "/run/secrets/opinion/ledger-url"}}
"""Settings that a service has beside those of all."""
DATA = "/var/lib/opinion-stream"


def stages(settings: Settings) -> list[Manifest]:
    """Every stage with its disruption budget: a StatefulSet (a claim per worker) where it keeps state."""
    found: list[Manifest] = []
    for stage in Stage:
        found.append(_workload(stage.value, ["worker", stage.value], user_of_stage(settings, stage), stage in STATEFUL))
        found.append(_budget(stage.value))
    return found


def doors() -> list[Manifest]:
    """A headless Service per workload, by which Prometheus finds its workers and a StatefulSet its names."""
    names = [*(stage.value for stage in Stage), *(service.name for service in OTHERS)]
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "labels": _labels(name)},
            "spec": {
                "clusterIP": "None",
                "selector": _labels(name),
                "ports": [{"name": "metrics", "port": PORT, "targetPort": "metrics"}],
            },
        }
        for name in names
    ]


def services(settings: Settings) -> list[Manifest]:
    """The other services, one worker each; all but the connectors and the intake keep a small file of their own."""
    return [
        _workload(
            service.name,
            COMMANDS.get(service, [service.name]),
            user_of(settings.topic_prefix, service),
            keeps=service is not INTAKE,
            own=OWN.get(service, {}),
        )
        for service in OTHERS
    ]


def scaling(settings: Settings, bootstrap: str) -> list[Manifest]:
    """A KEDA ScaledObject per stage: more workers while the stage lags, never more than there are partitions."""
    return [
        {
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledObject",
            "metadata": {"name": stage.value},
            "spec": {
                "scaleTargetRef": {
                    "name": stage.value,
                    "kind": "StatefulSet" if stage in STATEFUL else "Deployment",
                },
                "minReplicaCount": 1,
                "maxReplicaCount": settings.partitions,
                # A change of workers moves partitions and their state: not for every gust.
                "cooldownPeriod": 900,
                "triggers": [
                    {
                        "type": "kafka",
                        "metadata": {
                            "bootstrapServers": bootstrap,
                            "consumerGroup": group_id(settings.topic_prefix, stage),
                            "topic": full_name(settings.topic_prefix, inputs_of(stage)[0]),
                            "lagThreshold": "5000",
                            "sasl": "scram_sha512",
                            "tls": "enable",
                        },
                        "authenticationRef": {"name": "kafka-desk"},
                    }
                ],
            },
        }
        for stage in Stage
    ]


def user_of_stage(settings: Settings, stage: Stage) -> str:
    """The Kafka user of a stage, e.g. `opinion-collection`."""
    return f"{settings.topic_prefix}-{stage.value}"


def _workload(
    name: str, arguments: list[str], user: str, keeps: bool, own: Mapping[str, str] = MappingProxyType({})
) -> Manifest:
    """A Deployment, or with `keeps` a StatefulSet with a volume for each worker."""
    spec: dict[str, object] = {
        "replicas": 1,
        "selector": {"matchLabels": _labels(name)},
        "template": {
            "metadata": {"labels": _labels(name)},
            "spec": _pod(name, arguments, user, keeps, own),
        },
    }
    if keeps:
        spec |= {
            "serviceName": name,
            "podManagementPolicy": "Parallel",
            "volumeClaimTemplates": [
                {
                    "metadata": {"name": "data"},
                    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}},
                }
            ],
        }
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet" if keeps else "Deployment",
        "metadata": {"name": name, "labels": _labels(name)},
        "spec": spec,
    }


def _pod(name: str, arguments: list[str], user: str, keeps: bool, own: Mapping[str, str]) -> dict[str, object]:
    cpu, memory = CPU_MEMORY.get(name, ("100m", "256Mi"))
    volumes: list[object] = [
        {"name": "policy", "configMap": {"name": "opinion-policy"}},
        {"name": "secrets", "secret": {"secretName": f"opinion-{name}", "defaultMode": 0o440}},
        {"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
    ]
    if not keeps:
        volumes.append({"name": "data", "emptyDir": {"sizeLimit": "1Gi"}})
    container = {
        "name": name,
        "image": IMAGE,
        "args": arguments,
        "envFrom": [{"configMapRef": {"name": "opinion-settings"}}],
        "env": [
            {"name": "OPINION_KAFKA_USERNAME", "value": user},
            {"name": "OPINION_KAFKA_PASSWORD_FILE", "value": "/run/secrets/opinion/kafka-password"},
            {"name": "OPINION_PSEUDONYM_KEY_FILE", "value": "/run/secrets/opinion/pseudonym-key"},
            {"name": "OPINION_METRICS_TOKEN_FILE", "value": "/run/secrets/opinion/metrics-token"},
            *({"name": variable, "value": value} for variable, value in own.items()),
        ],
        "ports": [{"name": "metrics", "containerPort": PORT}],
        # State may take a while to come back; until then the worker lives and is not ready.
        "livenessProbe": {
            "httpGet": {"path": "/healthz", "port": "metrics"},
            "periodSeconds": 10,
            "failureThreshold": 6,
        },
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": "metrics"}, "periodSeconds": 5},
        "startupProbe": {
            "httpGet": {"path": "/healthz", "port": "metrics"},
            "periodSeconds": 3,
            "failureThreshold": 40,
        },
        "resources": {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": _twice(memory)}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "data", "mountPath": DATA},
            {"name": "policy", "mountPath": "/etc/opinion-stream/config", "readOnly": True},
            {"name": "secrets", "mountPath": "/run/secrets/opinion", "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  the container's own
        ],
    }
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        # SIGTERM: the batch in hand is finished, offsets are committed, the group is left.
        "terminationGracePeriodSeconds": DRAIN_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": volumes,
    }


def _budget(name: str) -> Manifest:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": _labels(name)}},
    }


def _labels(name: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": "opinion-stream", "app.kubernetes.io/component": name}


def _twice(memory: str) -> str:
    return f"{int(memory.removesuffix('Mi')) * 2}Mi"
