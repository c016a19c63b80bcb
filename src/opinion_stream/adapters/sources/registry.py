"""From a source in the policy to the connector that reads it."""

from __future__ import annotations

from opinion_stream.adapters.sources.base import Connector, Surroundings
from opinion_stream.adapters.sources.folder import FolderConnector
from opinion_stream.adapters.sources.json_api import ApiConnector
from opinion_stream.adapters.sources.kafka_bridge import KafkaConnector
from opinion_stream.adapters.sources.rss import RssConnector
from opinion_stream.adapters.sources.web import WebConnector
from opinion_stream.adapters.sources.web_client import WebClient
from opinion_stream.policy.mapping import Mappings
from opinion_stream.policy.source_data import ApiSource, FolderSource, KafkaSource
from opinion_stream.policy.source_web import RssSource
from opinion_stream.policy.sources import Source


def connector_of(source: Source, mappings: Mappings, client: WebClient, around: Surroundings) -> Connector:
    """The connector of that source. `client` is shared by all sources, since hosts are."""
    if isinstance(source, ApiSource):
        return ApiConnector(source, mappings.files[source.mapping], client, around)
    if isinstance(source, FolderSource | KafkaSource):
        mapping = mappings.files[source.mapping] if source.mapping is not None else None
        if isinstance(source, FolderSource):
            return FolderConnector(source, mapping, around)
        return KafkaConnector(source, mapping, around)
    if isinstance(source, RssSource):
        return RssConnector(source, client, around)
    return WebConnector(source, client, around)
