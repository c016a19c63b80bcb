"""Which transitions of a task are legal, read from the table in docs/rules-response.md and from nowhere else."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from opinion_stream.models.task import ResponseTask

RULES = Path(__file__).parents[2] / "docs" / "rules-response.md"
OUTSIDE = {"open", "raise"}
"""What follows from escalations and not from a command; such a step may not change the state of a task."""


@cache
def moves() -> frozenset[tuple[str, str, str]]:
    """(action, state before, state after) of the documented table, by their codes."""
    text = RULES.read_text(encoding="utf-8")
    codes = dict(re.findall(r"^\| (\S+) \| `(\w+)` \| [^|→]* \|$", text, re.MULTILINE))
    found: set[tuple[str, str, str]] = set()
    for action, cell in re.findall(r"^\| \S+ \| `(\w+)` \| ([^|]*→[^|]*) \|", text, re.MULTILINE):
        for part in cell.split("；"):
            before, _, after = part.partition("→")
            for label in before.strip().split("、"):
                target = label if after.strip() == "不变" else after.strip()
                found.add((action, codes[label], codes[target]))
    return frozenset(found)


def illegal_steps(task: ResponseTask) -> list[str]:
    """The steps of a task's history that the table does not know, or that do not follow from the step before."""
    problems: list[str] = []
    state: str | None = None
    for number, event in enumerate(task.history):
        before = event.from_state.value if event.from_state else None
        after = event.to_state.value
        if number and before != state:
            problems.append(f"{task.id} step {number}: begins at {before}, the step before ended at {state}")
        if (event.action, before, after) not in moves() and not (number == 0 or before == after):
            problems.append(f"{task.id} step {number}: {event.action} from {before} to {after}")
        if before == after and (event.action, before, after) not in moves() and event.action in _commands():
            problems.append(f"{task.id} step {number}: {event.action} is not allowed in {before}")
        state = after
    if task.history and state != task.state.value:
        problems.append(f"{task.id}: stands at {task.state.value}, its history ends at {state}")
    return problems


def _commands() -> set[str]:
    return {action for action, _, _ in moves()}
