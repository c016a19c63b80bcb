"""Made-up feeds, list pages and articles for `site_server.py`."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

BODY = (
    "自来水公司今天上午抢修主管道，沿线几个小区从早晨开始停水。居民希望早些说明恢复供水的时间，"
    "并在小区门口安排送水车。供水单位表示，抢修完成后将公布水质检测结果。"
)


def item(number: int, *, guid: bool = True, body: str = BODY, date: str = "Tue, 03 Nov 2026 14:20:00 +0800") -> str:
    """An RSS item."""
    named = f"<guid isPermaLink='false'>guid-{number}</guid>" if guid else ""
    link = f"<link>https://news.example/{number}.html</link>" if guid else ""
    return (
        f"<item>{named}<title>停水消息{number}</title>{link}<pubDate>{date}</pubDate>"
        f"<description>{escape(f'<p>第{number}条。{body}</p>')}</description></item>"
    )


def rss(items: Sequence[str], declaration: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    """An RSS feed, newest item first as feeds are."""
    return f"{declaration}<rss version='2.0'><channel><title>示例</title>{''.join(items)}</channel></rss>"


def listing(links: Sequence[str]) -> str:
    """A list page."""
    rows = "".join(f'<li><a href="{link}">关于主管道抢修进展的第{n}次通报</a></li>' for n, link in enumerate(links))
    return (
        "<html><head><title>民生关注</title></head><body><nav><a href='/'>首页</a><a href='/about.html'>关于</a></nav>"
        f"<ul class='list'>{rows}</ul></body></html>"
    )


def article(number: int, *, date: str = "发布时间：2026年11月3日 14:20", charset: str = "", body: str = BODY) -> str:
    """An article page. `charset`: stated in the page's head."""
    meta = f'<meta charset="{charset}">' if charset else ""
    return (
        f"<html><head>{meta}<title>第{number}次通报</title></head><body><nav><a href='/'>首页</a></nav>"
        f"<article><h1>主管道抢修第{number}次通报</h1><p class='meta'>{date} 来源：示例网</p>"
        f"<p>第{number}次。{body}</p><p>{body}</p></article><footer>版权所有</footer></body></html>"
    )
