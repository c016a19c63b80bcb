"""From a source in the policy to the connector that reads it."""

from __future__ import annotations

from opinion_stream.adapters.sources.base import Connector, Surroundings
from opinion_stream.adapters.sources.rss import RssConnector
from opinion_stream.adapters.sources.web import WebConnector
from opinion_stream.adapters.sources.web_client import WebClient
from opinion_stream.policy.source_web import RssSource
from opinion_stream.policy.sources import Source


def connector_of(source: Source, client: WebClient, around: Surroundings) -> Connector:
    """The connector of that source. `client` is shared by all sources, since hosts are."""
    if isinstance(source, RssSource):
        return RssConnector(source, client, around)
    return WebConnector(source, client, around)
