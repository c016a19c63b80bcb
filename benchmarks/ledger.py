"""How fast the ledger takes records in: mentions with their assessments, and incidents of many versions.

Records are made before the clock starts; measured is what the ledger's process does with a batch: understand, write,
commit. CPU seconds of this process, and the wall clock beside them, since PostgreSQL works in processes of its own.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import builders
from ledger_support import Topics, feed, life_of_incident
from opinion_stream import topics as t
from opinion_stream.adapters.ledger.database import url_of
from opinion_stream.adapters.ledger.migrating import migrate
from opinion_stream.adapters.ledger.places import Where
from opinion_stream.adapters.ledger.writing import Writer

BATCH = 1000
MENTIONS = 15_000
INCIDENTS = 500
VERSIONS = 20


def assessed() -> Topics:
    """Assessed mentions of a usual length."""
    text = "东河县柳树镇已经停水两天，请尽快解决一下。" * 8
    return Topics(
        [
            (t.ASSESSED, builders.assessed(mention=builders.mention(source_id=str(n), text=text)))
            for n in range(MENTIONS)
        ]
    )


def incidents() -> Topics:
    """All versions of some incidents, interleaved as they come."""
    lives = [life_of_incident(f"i-{n}", VERSIONS) for n in range(INCIDENTS)]
    return Topics([life[version] for version in range(VERSIONS) for life in lives])


def main() -> None:
    """Print one line per kind of record."""
    server = os.environ.get("OPINION_TEST_POSTGRES")
    with tempfile.TemporaryDirectory() as folder:
        place = Where(url_of(server or f"sqlite:///{folder}/ledger.sqlite"), "bench_ledger")
        place.empty()
        engine = place.open()
        migrate(engine, place.schema)
        print(f"{'PostgreSQL' if server else 'SQLite'}, batches of {BATCH} records")
        for name, topics in (("assessed mentions", assessed()), ("incident versions", incidents())):
            writer = Writer(engine)
            wall, cpu = time.perf_counter(), time.process_time()
            feed(writer, topics, BATCH)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            number = len(topics.records)
            print(
                f"  {name:18} {number / wall:7.0f} records/s  {writer.rows / wall:7.0f} rows/s (wall); "
                f"{number / cpu:7.0f} records and {writer.rows / cpu:7.0f} rows per CPU second"
            )
        engine.dispose()
        place.empty()


if __name__ == "__main__":
    main()
