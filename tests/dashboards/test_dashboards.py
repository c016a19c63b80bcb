"""The committed dashboards: equal to their code, complete for who reads them, and asking only what exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from opinion_stream.dashboards import style
from opinion_stream.dashboards.files import FOLDER, differing, texts
from opinion_stream.dashboards.reading import Language, boards, panels, queries
from opinion_stream.models.base import Grade

ROOT = Path(__file__).parents[2]
BOARDS = boards(ROOT / FOLDER)
PANELS = [pytest.param(board, panel, id=f"{board['uid']}-{panel['id']}") for board in BOARDS for panel in panels(board)]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_the_committed_files_are_what_the_code_builds() -> None:
    assert differing(ROOT / FOLDER) == [], "run `make dashboards`"


def test_a_file_changed_by_hand_is_noticed(tmp_path: Path) -> None:
    for name, text in texts():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert differing(tmp_path) == []
    (tmp_path / "opinion-duty.json").write_text("{}", encoding="utf-8")
    (tmp_path / "more.json").write_text("{}", encoding="utf-8")
    assert differing(tmp_path) == ["more.json", "opinion-duty.json"]


def test_building_twice_gives_the_same() -> None:
    assert list(texts()) == list(texts())


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_a_panel_explains_itself_in_chinese(board: dict[str, Any], panel: dict[str, Any]) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    assert CHINESE.search(panel["title"])
    assert "来源：" in panel["description"]
    assert defaults["noValue"] == "0" or CHINESE.search(defaults["noValue"])
    assert defaults["unit"]
    assert panel["targets"]


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board["uid"])
def test_titles_are_told_apart_and_nothing_can_be_changed_by_hand(board: dict[str, Any]) -> None:
    titles = [panel["title"] for panel in panels(board)]
    assert len(titles) == len(set(titles))
    assert board["editable"] is False
    assert board["refresh"]
    assert board["timezone"] == "Asia/Shanghai"


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board["uid"])
def test_panels_fill_the_grid_without_lying_over_each_other(board: dict[str, Any]) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        own = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not taken & own, panel["title"]
        taken |= own


def _links(found: Any) -> list[str]:
    if isinstance(found, dict):
        own = [found["url"]] if isinstance(found.get("url"), str) else []
        return own + [url for value in found.values() for url in _links(value)]
    return [url for value in found for url in _links(value)] if isinstance(found, list) else []


def test_links_lead_to_dashboards_and_variables_that_exist() -> None:
    choices = {board["uid"]: {v["name"] for v in board["templating"]["list"]} for board in BOARDS}
    followed = 0
    for board in BOARDS:
        for panel in panels(board):
            columns = panel["targets"][0].get("rawSql", "")
            for url in _links(panel):
                found = re.match(r"/d/([\w-]+)\?", url)
                if found is None:
                    assert url in ("${__data.fields.url}", ""), url
                    continue
                followed += 1
                assert set(re.findall(r"var-(\w+)=", url)) <= choices[found[1]], url
                assert all(f" {name}" in columns for name in re.findall(r"fields\.(\w+)", url)), url
    assert followed >= 10


def test_every_metric_asked_for_is_one_that_the_code_names() -> None:
    own = ROOT / "src/opinion_stream/dashboards"
    files = [path for path in (ROOT / "src").rglob("*.py") if path.parent != own]
    source = "".join(path.read_text(encoding="utf-8") for path in files)
    asked = {
        name
        for board in BOARDS
        for query in queries(board)
        if query.language is Language.PROMQL
        for name in re.findall(r"\bopinion_[a-z_]+(?=\{)", query.text)
    }
    assert len(asked) > 20
    for name in asked:
        if name.startswith("opinion_source_") and "opinion_source_" not in source:
            continue  # the collect service does not count its sources yet
        plain = name.removesuffix("_bucket").removesuffix("_info")
        # The sources' metrics are named by what comes after their common prefix.
        assert f'"{plain}"' in source or f'"{plain.removeprefix("opinion_source_")}"' in source, name


def test_grades_have_the_colours_of_the_national_scale() -> None:
    assert [style.GRADE_COLOURS[grade] for grade in Grade] == [style.RED, style.ORANGE, style.YELLOW, style.BLUE]
    duty = next(board for board in BOARDS if board["uid"] == style.DUTY)
    stats = {panel["title"]: panel["fieldConfig"]["defaults"]["thresholds"]["steps"] for panel in panels(duty)[:4]}
    assert [steps[-1]["color"] for steps in stats.values()] == [style.GRADE_COLOURS[grade] for grade in Grade]


def test_what_may_be_empty_is_there_and_has_a_reason() -> None:
    entries = yaml.safe_load((ROOT / "deploy/observability/may-be-empty.yaml").read_text(encoding="utf-8"))
    there = {(board["uid"], panel["title"]) for board in BOARDS for panel in panels(board)}
    for entry in entries:
        assert (entry["board"], entry["panel"]) in there
        assert entry["reason"]


def test_every_exception_from_the_linter_has_a_reason() -> None:
    rules = yaml.safe_load((ROOT / FOLDER / ".lint").read_text(encoding="utf-8"))["exclusions"]
    for rule, found in rules.items():
        assert found["entries"], rule
        assert all(entry["reason"] and entry["dashboard"] for entry in found["entries"])


def test_no_service_needs_the_builder_library_at_run_time() -> None:
    own = ROOT / "src/opinion_stream/dashboards"
    for path in (ROOT / "src").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if own not in path.parents:
            assert "opinion_stream.dashboards" not in text, path
            assert "grafana_foundation_sdk" not in text, path


def test_provisioning_takes_addresses_and_passwords_from_outside() -> None:
    path = ROOT / "deploy/grafana/provisioning/datasources/opinion.yml"
    sources = yaml.safe_load(path.read_text(encoding="utf-8"))["datasources"]
    assert all(str(source["url"]).startswith("$") for source in sources)
    ledger = next(source for source in sources if source["type"] == "grafana-postgresql-datasource")
    assert ledger["secureJsonData"]["password"].startswith("$__file{")
    assert "password" not in str(ledger["jsonData"])
    folder = yaml.safe_load((ROOT / "deploy/grafana/provisioning/dashboards/opinion.yml").read_text(encoding="utf-8"))
    assert folder["providers"][0]["folder"] == "政务舆情"
    assert folder["providers"][0]["allowUiUpdates"] is False
