"""The rules of the house that a machine can check."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from opinion_stream.policy import load_policy

REPO = Path(__file__).parents[1]
PACKAGE = REPO / "src" / "opinion_stream"
MODULES = sorted(PACKAGE.rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize(
    "path",
    [p for p in MODULES if p.parts[-2] in {"models"} or "domain" in p.parts],
    ids=lambda p: str(p.relative_to(PACKAGE)),
)
def test_the_core_knows_no_broker_no_framework_and_no_outer_layer(path: Path) -> None:
    forbidden = ("faust", "aiokafka", "rocksdict", "asyncio", "opinion_stream.agents", "opinion_stream.adapters")
    forbidden += ("opinion_stream.cli", "opinion_stream.demo", "opinion_stream.settings")
    assert [name for name in imports_of(path) if name.startswith(forbidden)] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_module_says_in_its_first_line_what_lives_there(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_name_of_a_place_stands_in_code(path: Path) -> None:
    """Docstrings may give examples; string constants that the code works with may not name a place."""
    policy = load_policy(REPO / "config")
    places = {region.name for region in policy.regions.regions} | {"庆阳", "西峰", "甘肃"}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    constants = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
    ]
    assert [text for text in constants if any(place in text for place in places)] == []


def test_the_two_commands_stand_at_the_top_of_both_readmes() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        top = (REPO / name).read_text(encoding="utf-8").splitlines()[:6]
        assert any(line.startswith("make run") for line in top)
        assert any(line.startswith("make test") for line in top)
