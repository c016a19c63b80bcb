"""Addresses: that of an article stays, that of a person does not."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from opinion_stream.domain.collection.mask import mask_url


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        (
            "https://www.example.cn/2026/03/02/content_5355755.htm?x=1#y",
            "https://www.example.cn/2026/03/02/content_5355755.htm",
        ),
        ("http://user:pw@example.cn:8080/x/y", "http://example.cn:8080/x/y"),
        ("HTTPS://EXAMPLE.CN/Path", "https://example.cn/Path"),
        ("https://example.cn", "https://example.cn/"),
        ("https://example.cn/20260302/1234.html", "https://example.cn/20260302/1234.html"),
        ("https://example.cn/article/6812345678901234567/", "https://example.cn/article/6812345678901234567/"),
        ("https://example.cn/u/123456", "https://example.cn/"),
        ("https://example.cn/n/小明", "https://example.cn/"),
        ("https://example.cn/people/xiaoming/answers", "https://example.cn/"),
        ("https://example.cn/user/profile?id=5", "https://example.cn/"),
        ("https://example.cn/@xiaoming/1", "https://example.cn/"),
        ("https://example.cn/1234567890/AbCdEf", "https://example.cn/"),
        ("https://example.cn/call/13800138000", "https://example.cn/"),
        ("https://example.cn/%E5%BC%A0/1380013%38000", "https://example.cn/"),
        ("https://space.example.cn/123456", None),
        ("https://xiaoming.blog.example.cn/1", None),
        ("https://13800138000.example.cn/", None),
        ("javascript:alert(1)", None),
        ("ftp://example.cn/x", None),
        ("http://[::1", None),
        ("http://example.cn:99999/", None),
        ("没有网址", None),
        ("", None),
    ],
)
def test_an_address_keeps_what_tells_nobody(url: str, kept: str | None) -> None:
    assert mask_url(url) == kept


@given(st.text(max_size=60) | st.text("htps:/.@?#%u1a[]", max_size=40).map(lambda tail: "http://" + tail))
def test_any_text_is_taken_and_what_is_kept_is_kept_again(url: str) -> None:
    kept = mask_url(url)
    assert kept is None or mask_url(kept) == kept
