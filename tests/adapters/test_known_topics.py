"""Partitions are shared out when the broker knows the topics again, not while it is still reading its own log."""

from __future__ import annotations

from opinion_stream.adapters.faust_transport import _know_topics


class Cluster:
    def __init__(self) -> None:
        self.known: set[str] = set()

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return {0, 1} if topic in self.known else None


class Client:
    """A broker that knows one topic more each time it is asked."""

    def __init__(self, cluster: Cluster, coming: list[str]) -> None:
        self.cluster, self.coming, self.asked = cluster, coming, 0

    async def force_metadata_update(self) -> None:
        self.asked += 1
        if self.coming:
            self.cluster.known.add(self.coming.pop())


class Coordinator:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.seen: list[set[str]] = []

    async def _perform_assignment(self, response: object) -> object:
        self.seen.append(set(self._cluster.known))
        return response


class Consumer:
    def __init__(self, coming: list[str]) -> None:
        cluster = Cluster()
        self._client, self.made = Client(cluster, coming), Coordinator(cluster)

    def subscription(self) -> frozenset[str]:
        return frozenset({"incidents", "clock"})

    async def start(self) -> None:
        self._coordinator = self.made


async def shared_out(coming: list[str], limit: float) -> Consumer:
    consumer = Consumer(coming)
    _know_topics(consumer, limit)
    await consumer.start()
    assert await consumer._coordinator._perform_assignment("members") == "members"
    return consumer


async def test_who_shares_out_waits_for_all_topics_of_the_group() -> None:
    consumer = await shared_out(["clock", "incidents"], 10)
    assert consumer.made.seen == [{"clock", "incidents"}]
    assert consumer._client.asked == 2


async def test_a_topic_that_does_not_come_keeps_the_others_waiting_no_longer_than_the_limit() -> None:
    consumer = await shared_out(["clock"], 0.05)
    assert consumer.made.seen == [{"clock"}]
