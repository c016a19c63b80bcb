"""From web pages: the links of a list page, and title, text and date of an article page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

import trafilatura
from selectolax.lexbor import LexborHTMLParser, LexborNode

from opinion_stream.adapters.sources.dates import find_date, read_date
from opinion_stream.adapters.sources.identity import address
from opinion_stream.domain.collection.clean import strip_html
from opinion_stream.errors import Rejected, SourceError
from opinion_stream.policy.source_web import Selectors, WebSource

_MIN_LINK_TEXT = 8
"""Characters of a link's text: headlines are longer, the names of columns and buttons shorter."""
_NO_PAGE = re.compile(
    r"\.(?:pdf|docx?|xlsx?|pptx?|wps|zip|rar|7z|jpe?g|png|gif|webp|mp[34]|avi|apk|exe|css|js|xml)$", re.IGNORECASE
)
_DATE_META = (
    # 《政府网站发展指引》（国办发〔2017〕47号）附件 has PubDate; the others are usual on news sites.
    *('meta[property="article:published_time" i]', 'meta[name="PubDate" i]', 'meta[name="publishdate" i]'),
    *('meta[name="publish_time" i]', 'meta[name="pubtime" i]', 'meta[itemprop="datePublished" i]'),
    *('time[itemprop="datePublished" i]', "article time[datetime]"),
)
_HEAD_CHARS = 3000
_UNSEEN = ["script", "style", "noscript", "template", "svg", "iframe"]


@dataclass(frozen=True)
class Article:
    """What an article page says. `published_at` is None where the page states no time that can be read."""

    title: str
    text: str
    published_at: datetime | None
    author: str | None


def article_links(html: str, url: str, source: WebSource) -> list[str]:
    """The addresses of articles on a list page at `url`, in its order, each once.

    Raises SourceError `bad_selector` when `selectors.links` is no CSS selector.
    """
    tree = LexborHTMLParser(html)
    base = tree.css_first("base[href]")
    root = urljoin(url, base.attributes.get("href") or "") if base is not None else url
    wanted = re.compile(source.link_pattern) if source.link_pattern else None
    chosen = source.selectors.links
    lists = {address(page) for page in (*source.pages, url)}
    found: dict[str, None] = {}
    for node in _anchors(tree, chosen):
        try:
            link = address(urljoin(root, (node.attributes.get("href") or "").strip()))
            parts = urlsplit(link)
            host = parts.hostname
        except ValueError:
            continue
        if parts.scheme not in ("http", "https") or not host or link in lists or _NO_PAGE.search(parts.path):
            continue
        if not source.other_hosts and host != urlsplit(url).hostname:
            continue
        if wanted is not None and not wanted.search(link):
            continue
        if wanted is None and chosen is None and len("".join(node.text().split())) < _MIN_LINK_TEXT:
            continue
        found[link] = None
    return list(found)


def _anchors(tree: LexborHTMLParser, chosen: str | None) -> list[LexborNode]:
    if chosen is None:
        return tree.css("a[href]")
    anchors: list[LexborNode] = []
    for node in _select(tree, chosen, "links"):
        anchors += [node] if node.tag == "a" else node.css("a[href]")
    return anchors


def read_article(html: str, url: str, selectors: Selectors, fetched: datetime, zone: ZoneInfo) -> Article:
    """Title, text and date of an article page; parts without a selector are found by the extraction library.

    Raises SourceError: `no_text` when there is neither text nor title, `bad_selector`.
    """
    tree = LexborHTMLParser(html)
    tree.strip_tags(_UNSEEN)
    # Its extensive search tries every language of the world on every date; ours below knows what stands on such pages.
    dates = {"extensive_search": False, "original_date": True}
    document = trafilatura.bare_extraction(
        html, url=url, include_comments=False, with_metadata=True, date_extraction_params=dates
    )
    guessed = document.as_dict() if isinstance(document, trafilatura.settings.Document) else {}
    title = _part(tree, selectors.title, "title") or _text(guessed.get("title"))
    body = _part(tree, selectors.body, "body") or _text(guessed.get("text"))
    if not body and not title:
        raise SourceError("no_text", f"{urlsplit(url).netloc}{urlsplit(url).path} has no text that can be made out")
    stated = _part(tree, selectors.date, "date")
    published = read_date(stated, fetched, zone) if stated else None
    if published is None:
        published = _date_of(tree, _text(guessed.get("date")), fetched, zone)
    return Article(title, body or title, published, _part(tree, selectors.author, "author") or None)


def _date_of(tree: LexborHTMLParser, guessed: str, fetched: datetime, zone: ZoneInfo) -> datetime | None:
    for selector in _DATE_META:
        node = tree.css_first(selector)
        stated = (node.attributes.get("content") or node.attributes.get("datetime") or "") if node is not None else ""
        if stated and (found := read_date(stated, fetched, zone)) is not None:
            return found
    visible = tree.body.text(separator=" ") if tree.body is not None else ""
    return find_date(visible[:_HEAD_CHARS], fetched, zone) or read_date(guessed, fetched, zone)


def _part(tree: LexborHTMLParser, selector: str | None, name: str) -> str:
    if selector is None:
        return ""
    nodes = _select(tree, selector, name)
    return "\n".join(filter(None, (_visible(node) for node in nodes))) if name == "body" else _first(nodes)


def _first(nodes: list[LexborNode]) -> str:
    return _visible(nodes[0]) if nodes else ""


def _visible(node: LexborNode) -> str:
    if node.tag == "meta":
        return (node.attributes.get("content") or "").strip()
    try:
        return " ".join(strip_html(node.html or "").split())
    except Rejected:
        return " ".join(node.text(separator=" ").split())


def _select(tree: LexborHTMLParser, selector: str, name: str) -> list[LexborNode]:
    try:
        return tree.css(selector)
    except Exception as error:
        # The library raises its own error for some and a plain one for other faults of a selector.
        raise SourceError("bad_selector", f"selectors.{name}: {selector!r} is no CSS selector") from error


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
