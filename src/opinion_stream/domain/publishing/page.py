"""How a response reads on a website: Markdown with its data in front, and an entry of a JSON feed."""

from __future__ import annotations

import json

from opinion_stream.models.task import PublicResponse


def as_markdown(response: PublicResponse) -> str:
    """The response as Markdown after a front matter of JSON, which is YAML too: any site generator reads it."""
    data = {
        "id": response.id,
        "title": response.title,
        "date": response.published_at.isoformat(),
        "unit": response.unit.name,
        "nature": response.nature.label,
        "publication": response.publication,
        "url": response.url,
    }
    front = json.dumps(data, ensure_ascii=False, indent=2)
    return f"---\n{front}\n---\n\n{response.text.strip()}\n"


def feed_item(response: PublicResponse) -> dict[str, object]:
    """An item of a feed (JSON Feed 1.1, jsonfeed.org)."""
    item: dict[str, object] = {
        "id": response.id,
        "title": response.title,
        "content_text": response.text,
        "date_published": response.published_at.isoformat(),
        "authors": [{"name": response.unit.name}],
    }
    return item | ({"url": response.url} if response.url else {})
