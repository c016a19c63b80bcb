"""Writes docs/reliability.md from a run."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from faults.checker import Findings
from faults.injector import Struck

HEAD = """# What survives what

Written by `make test-faults` (tests/faults); do not edit. The last full run: seed {seed}, {minutes:.0f} minutes,
{faults} faults, {lost} lost, {doubled} doubled. A fault strikes while the shipped scenario and {load} go through all
five stages on a real Apache Kafka; then the road comes to rest, and a checker reads every topic and every changelog
from the beginning.

What the promises rest on is told in `adapters/partition_state.py` (a batch is valid as a whole) and
`adapters/replica.py` (a former owner of a partition is shut out).
"""


@dataclass(frozen=True)
class Run:
    """A run, for the report."""

    seed: int
    minutes: float
    load: str
    struck: Sequence[Struck]
    findings: Findings
    exits: str


def text(run: Run) -> str:
    """The report as Markdown."""
    failed = [check for check in run.findings.checks if not check.holds]
    lost = 0 if all("lost" not in check.promise or check.holds for check in run.findings.checks) else "some"
    lines = [
        HEAD.format(
            seed=run.seed,
            minutes=run.minutes,
            faults=len(run.struck),
            lost=lost,
            doubled="some" if failed else 0,
            load=run.load,
        ),
        "## Faults and recovery",
        "",
        "Recovery: seconds from the end of the fault until every worker of the stages concerned has consumed again and"
        " all that stood on their topics then is done, while more came in and, mostly, another fault was under way. On"
        " a machine with other work these are upper bounds.",
        "",
        "| fault | stage | struck | recovery: median | longest |",
        "|---|---|---|---|---|",
    ]
    groups: dict[tuple[str, str], list[Struck]] = defaultdict(list)
    for fault in run.struck:
        groups[fault.name, fault.stages].append(fault)
    for (name, stages), faults in sorted(groups.items()):
        times = [fault.recovered for fault in faults if fault.recovered is not None]
        shown = (f"{statistics.median(times):.1f} s", f"{max(times):.1f} s") if times else ("-", "-")
        lines.append(f"| {name} | {stages} | {len(faults)} | {shown[0]} | {shown[1]} |")
    lines += ["", "## Checks", "", "| promise | looked at | |", "|---|---|---|"]
    for check in run.findings.checks:
        lines.append(f"| {check.promise} | {check.looked_at} | {'holds' if check.holds else '**BROKEN**'} |")
    lines += ["", "## Figures", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {number:,} |" for name, number in run.findings.figures.items()]
    lines += [f"| exit codes of workers over the run | {run.exits} |"]
    if failed:
        lines += ["", "## What was found", ""]
        lines += [f"- {check.promise}: {'; '.join(check.problems)}" for check in failed]
    lines += ["", "## Every fault", "", "| # | at | fault | where | lasted | recovery |", "|---|---|---|---|---|---|"]
    for fault in run.struck:
        after = "next one struck at once" if fault.recovered is None else f"{fault.recovered:.1f} s"
        lines.append(
            f"| {fault.number} | {fault.at:.0f} s | {fault.name} | {fault.detail or fault.stages} "
            f"| {fault.lasted:.1f} s | {after} |"
        )
    return "\n".join(lines) + "\n"


def write(run: Run, path: Path) -> None:
    """Write the report."""
    path.write_text(text(run), encoding="utf-8")
