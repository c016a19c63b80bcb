"""`python -m opinion_stream.dashboards [--check]`: write the dashboards' JSON, or hold it against the code."""

from __future__ import annotations

import sys

from opinion_stream.dashboards.files import differing, write


def main(arguments: list[str]) -> int:
    """Exit code 1 with `--check` when a file differs."""
    if arguments == ["--check"]:
        found = differing()
        for name in found:
            print(
                f"deploy/grafana/dashboards/{name} is not what the code builds: run `make dashboards`", file=sys.stderr
            )
        return 1 if found else 0
    for path in write():
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
