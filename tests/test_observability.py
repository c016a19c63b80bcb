"""Metrics, alerts, runbook and documentation hold together."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest

from metric_registries import registries, table
from opinion_stream.deployment.kubernetes import OTHERS
from opinion_stream.topics import Stage

REPO = Path(__file__).parents[1]
PROMETHEUS = REPO / "deploy" / "prometheus"
RULES = sorted((PROMETHEUS / "rules").glob("*.yml"))
OF_OTHERS = ("opinion_source_",)
"""Metrics of the collect service, checked where they live."""


def rules() -> list[dict[str, Any]]:
    return [
        rule
        for path in RULES
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    ]


ALERTS = [rule for rule in rules() if "alert" in rule]


def documented() -> dict[str, tuple[str, frozenset[str]]]:
    rows = re.findall(r"^\| `(opinion_\w+)` \| (\w+) \| ([^|]*) \|", (REPO / "docs/metrics.md").read_text(), re.M)
    return {name: (kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def test_the_documentation_lists_every_metric_with_its_type_and_labels() -> None:
    assert documented() == {name: (kind, labels) for name, (kind, labels, _) in table().items()}


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: str(rule["alert"]))
def test_an_alert_says_in_chinese_what_is_wrong_and_where_the_cure_stands(rule: dict[str, Any]) -> None:
    name, notes = rule["alert"], rule["annotations"]
    assert all(re.search("[\u4e00-\u9fff]", notes[key]) for key in ("summary", "description"))
    assert notes["runbook_url"] == f"{{{{ $externalLabels.runbook }}}}#{name.lower()}"
    assert rule["labels"]["severity"] in ("page", "ticket")
    runbook = (REPO / "docs/runbook.md").read_text(encoding="utf-8")
    section = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", runbook, re.M | re.S)
    assert section is not None, f"docs/runbook.md has no section {name}"
    for part in ("含义", "影响", "先看什么", "怎么处理", "何时算好"):
        assert f"**{part}**" in section.group(1)


@pytest.mark.parametrize("name", ["prometheus/prometheus.yml", "observability/prometheus.compose.yml"])
def test_the_address_of_the_runbook_stands_in_one_place_and_is_no_label_of_alerts(name: str) -> None:
    config = yaml.safe_load((REPO / "deploy" / name).read_text(encoding="utf-8"))
    assert re.fullmatch(r"https?://[^#\s]+", config["global"]["external_labels"]["runbook"])
    assert config["alerting"]["alert_relabel_configs"] == [{"action": "labeldrop", "regex": "runbook"}]


@pytest.mark.parametrize("name", ["prometheus/prometheus.yml", "observability/prometheus.compose.yml"])
def test_prometheus_asks_every_service_that_shows_figures(name: str) -> None:
    text = (REPO / "deploy" / name).read_text(encoding="utf-8")
    for service in (*(stage.value for stage in Stage), *(service.name for service in OTHERS)):
        assert re.search(rf"[ \[]{service}[,:\]}}]", text), service


def test_every_alert_is_tested_to_fire_and_to_keep_quiet() -> None:
    tested = {
        test["name"]
        for path in (PROMETHEUS / "tests").glob("*.yml")
        for test in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]
    }
    assert tested == {f"{rule['alert']} {what}" for rule in ALERTS for what in ("fires", "keeps quiet")}


def test_every_metric_in_a_rule_exists() -> None:
    known = set(table()) | {str(rule["record"]) for rule in rules() if "record" in rule}
    for rule in rules():
        for name in re.findall(r"(?<![\w:])(?:\w+:)?opinion_[\w:]+", rule["expr"]):
            base = re.sub(r"_(bucket|sum|count)$", "", name)
            assert base in known or name in known or name.startswith(OF_OTHERS), name


def test_routes_and_inhibitions_name_alerts_that_exist() -> None:
    text = (PROMETHEUS / "alertmanager.yml").read_text(encoding="utf-8")
    named = {name for group in re.findall(r'alertname=~?"([^"]+)"', text) for name in group.split("|")}
    assert named <= {str(rule["alert"]) for rule in ALERTS}
    config = yaml.safe_load(text)
    areas = {rule["labels"]["area"] for rule in ALERTS}
    assert "duty" in areas
    assert config["route"]["group_by"] == ["alertname", "area"]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not on PATH: make metrics-check brings it")
@pytest.mark.parametrize("process", sorted(registries()))
def test_promtool_finds_no_fault_in_the_metrics(process: str) -> None:
    shown = generate_latest(registries()[process])
    found = subprocess.run(["promtool", "check", "metrics"], input=shown, capture_output=True, check=False)
    assert (found.returncode, found.stdout, found.stderr) == (0, b"", b"")
