"""From a source in the policy to the connector that reads it."""

from __future__ import annotations

from opinion_stream.adapters.sources.base import Connector, Surroundings
from opinion_stream.errors import SettingsError
from opinion_stream.policy.sources import Source


def connector_of(source: Source, around: Surroundings) -> Connector:
    """The connector of that source. Raises SettingsError when this version reads no such kind."""
    raise SettingsError(f"source {source.name}: this version cannot read sources of kind {source.kind}")
