"""What of the libraries' talk reaches the log."""

from __future__ import annotations

import logging

from opinion_stream.adapters.logs import SELDOM_SECONDS, Seldom


def record(name: str, message: str, *args: object, level: int = logging.ERROR) -> logging.LogRecord:
    return logging.LogRecord(name, level, "file", 1, message, args, None)


def test_the_kafka_client_says_each_thing_once_in_a_while_and_all_others_say_what_they_like() -> None:
    times = [0.0]
    seldom = Seldom(lambda: times[0])
    lost = "Unable connect to node with id %s: %s"
    assert seldom.filter(record("aiokafka", lost, 1, "refused"))
    assert not seldom.filter(record("aiokafka", lost, 2, "refused"))
    assert seldom.filter(record("aiokafka", "Unable to update metadata from %s", [1]))
    assert seldom.filter(record("aiokafka.consumer.fetcher", lost, 1, "refused"))
    for _ in range(2):
        assert seldom.filter(record("opinion_stream.bootstrap", "worker_stops"))
        assert seldom.filter(record("aiokafka", lost, level=logging.CRITICAL))
    times[0] = SELDOM_SECONDS
    assert seldom.filter(record("aiokafka", lost, 1, "refused"))
