"""Reporting (报送): who must know of an incident, by when it is receipted, and who is next when nobody does."""

from opinion_stream.domain.reporting.desk import ReportingDesk
from opinion_stream.domain.reporting.routes import Router

__all__ = ["ReportingDesk", "Router"]
