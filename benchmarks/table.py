"""The bars of the assessment in one table, baselines beside ours. `python benchmarks/table.py [--only NAME]`.

Each part is a script of its own, run one after another; the table takes what they hand over by `rows.row`. The table
uses fewer repeats than the scripts do by themselves. A part whose data are absent, or that fails, has a line saying so.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rows import ROWS_FILE, Row, read_rows, render

HERE = Path(__file__).parent
SRC = HERE.parent / "src"


@dataclass(frozen=True)
class Part:
    """A script and its arguments, under the name that `--only` and `--skip` know."""

    name: str
    command: tuple[str, ...]


PARTS = (
    Part("category", ("assessment.py", "--bars", "--repeats", "1")),
    Part("incidents", ("incidents.py",)),
    Part("cost", ("incidents.py", "--scale")),
    Part("repeats", ("copies.py",)),
    Part("forecast", ("forecast.py", "--repeats", "1")),
    Part("speed", ("core.py",)),
)


@dataclass(frozen=True)
class Outcome:
    """The rows of a part, the seconds it took, and what to say if it did not end well ("" if it did)."""

    rows: list[Row]
    seconds: float
    trouble: str = ""


def run(part: Part, folder: Path, minutes: float, verbose: bool = False) -> Outcome:
    """Run a part in a process of its own; rows that it gave before it failed or was stopped are kept."""
    handed, log = folder / f"{part.name}.jsonl", folder / f"{part.name}.log"
    paths = [str(SRC), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, ROWS_FILE: str(handed), "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}
    started, trouble = time.perf_counter(), ""
    with (
        log.open("w+", encoding="utf-8") as output,
        subprocess.Popen(  # noqa: S603
            [sys.executable, str(HERE / part.command[0]), *part.command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=None if verbose else output,
            stderr=None if verbose else subprocess.STDOUT,
            env=environment,
            process_group=0,
        ) as process,
    ):
        try:
            if code := process.wait(minutes * 60):
                trouble = f"failed (exit {code})"
        except subprocess.TimeoutExpired:
            trouble = f"stopped after {minutes:g} minutes"
        finally:
            if process.poll() is None:  # the commands that the script has started end with it
                os.killpg(process.pid, signal.SIGKILL)
    seconds, rows = time.perf_counter() - started, read_rows(handed)
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    if trouble and said:
        print("\n".join(["", *said[-15:]]), file=sys.stderr)
        trouble += f": {said[-1].strip()[:120]}"
    if trouble:
        rows.append(Row(f"{part.name}: {part.command[0]}", trouble))
    elif not rows:
        rows.append(
            Row(f"{part.name}: {part.command[0]}", "not measured: " + (said[-1] if said else "its output says why"))
        )
    return Outcome(rows, seconds, trouble)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts, print the table; 1 if a part failed (a bar not reached, or data not here, is no failure)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [part.name for part in PARTS]
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=f"one of {', '.join(names)}")
    parser.add_argument("--skip", action="append", choices=names, metavar="NAME", default=[], help="leave this one out")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    parser.add_argument("--minutes", type=float, default=10, help="stop a part after so many (default 10)")
    parser.add_argument("-v", "--verbose", action="store_true", help="show what the scripts print by themselves")
    options = parser.parse_args(arguments)
    rows: list[Row] = []
    failed = False
    parts = [part for part in PARTS if part.name in (options.only or names) and part.name not in options.skip]
    with tempfile.TemporaryDirectory() as folder:
        for number, part in enumerate(parts, 1):
            print(
                f"[{number}/{len(parts)}] {part.name}: {' '.join(part.command)} ... ",
                end="",
                file=sys.stderr,
                flush=True,
            )
            outcome = run(part, Path(folder), options.minutes, options.verbose)
            print(f"{outcome.seconds:.0f} s {outcome.trouble}".rstrip(), file=sys.stderr, flush=True)
            rows += outcome.rows
            failed = failed or bool(outcome.trouble)
    print("\n" + render(rows, options.markdown))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
