"""Sources on the open web: feeds (RSS, Atom), and list pages that lead to articles."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from opinion_stream.policy.base import PolicyModel
from opinion_stream.policy.source import SourceBase, WebAddress


class RssSource(SourceBase):
    """An RSS or Atom feed."""

    kind: Literal["rss"]
    url: WebAddress
    remember: int = Field(default=5000, ge=100, le=100_000)
    """Entries whose ids are remembered, so that nothing is sent again: several times the length of the feed."""


class Selectors(PolicyModel):
    """CSS selectors, each optional: without one the extraction library finds the part by itself.

    `links` selects the links (or elements around them) on list pages, the others parts of an article page.
    """

    links: str | None = None
    title: str | None = None
    body: str | None = None
    date: str | None = None
    author: str | None = None


class WebSource(SourceBase):
    """List pages whose links lead to articles."""

    kind: Literal["web"]
    pages: tuple[WebAddress, ...] = Field(min_length=1, max_length=50)
    """The list pages, newest articles first."""
    selectors: Selectors = Selectors()
    link_pattern: str | None = None
    """Regular expression found somewhere in the address of every article.

    Without it and without `selectors.links`, links with at least eight characters of text count as articles.
    """
    other_hosts: bool = False
    """True: articles on other hosts than the list page's are read too."""
    encoding: str | None = None
    """Only for sites that declare none, or a wrong one, and whose encoding detection gets wrong."""
    max_articles: int = Field(default=50, ge=1, le=1000)
    """New articles fetched in one poll; the rest follow in the next ones."""
    give_up_hours: float = Field(default=48, gt=0, le=24 * 30)
    """For so long an article that cannot be read is tried again, ever less often; then it is given up."""
    remember: int = Field(default=20_000, ge=100, le=200_000)
    """Articles whose addresses are remembered, so that nothing is fetched twice."""

    @field_validator("link_pattern")
    @classmethod
    def _is_a_pattern(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from error
        return value
