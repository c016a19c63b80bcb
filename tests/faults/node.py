"""The Kafka of a run: started, stopped, killed and started again on the same data."""

from __future__ import annotations

import subprocess
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "deploy" / "kafka" / "kafka.sh"


class Node:
    """One broker with its data in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.address = ""

    def start(self) -> None:
        """Bring it up on new data. Raises CalledProcessError: code 3 says that Java or Kafka is missing."""
        self.address = self._do("start")

    def stop(self) -> None:
        """Stop it in order."""
        self._do("stop")

    def kill(self) -> None:
        """End it as a crash would."""
        self._do("kill")

    def again(self) -> None:
        """Bring it up on its old data."""
        self.address = self._do("again")

    def _do(self, what: str) -> str:
        done = subprocess.run(["bash", SCRIPT, what, self._folder], check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout.strip()
