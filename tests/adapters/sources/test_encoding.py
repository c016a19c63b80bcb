"""Encodings: what is declared is used when it fits the bytes; else the encoding is found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opinion_stream.adapters.sources.encoding import decoded
from site_pages import BODY

TRADITIONAL = "自來水公司今天上午搶修主管道，沿線幾個小區從早晨開始停水。居民希望早些說明恢復供水的時間，並安排送水車。"


@pytest.mark.parametrize(
    ("text", "encoding", "declared"),
    [
        (BODY, "gb18030", "gb2312"),
        (BODY, "gb18030", "GBK"),
        (BODY, "utf-8", "utf-8"),
        (TRADITIONAL, "big5", "Big5"),
        (BODY, "utf-16", ""),
        (BODY, "utf-8-sig", "gb2312"),
        (BODY + "㐀𠀀", "gb18030", "gb2312"),  # outside the declared set, inside the wider one
    ],
)
def test_declared_in_the_header_or_in_the_page(text: str, encoding: str, declared: str) -> None:
    assert decoded(text.encode(encoding), f"text/html; charset={declared}") == text
    page = f'<html><head><meta charset="{declared}"></head>{text}</html>'
    assert decoded(page.encode(encoding)) == page


@pytest.mark.parametrize(("text", "encoding"), [(BODY, "gb18030"), (TRADITIONAL, "big5"), (BODY, "utf-8")])
@pytest.mark.parametrize("declared", ["", "utf-8", "iso-8859-1", "us-ascii", "nonsense", "hex"])
def test_found_though_nothing_or_something_wrong_is_declared(text: str, encoding: str, declared: str) -> None:
    assert decoded(text.encode(encoding), f"text/html; charset={declared}") == text


def test_the_page_is_believed_where_the_header_is_wrong() -> None:
    page = f'<html><head><meta http-equiv="Content-Type" content="text/html; charset=gb2312"></head>{BODY}</html>'
    assert decoded(page.encode("gb18030"), "text/html; charset=utf-8") == page


def test_one_broken_byte_spoils_one_character() -> None:
    raw = bytearray((BODY * 5).encode("gb18030"))
    raw[-1:] = b"\xff\xff"
    text = decoded(bytes(raw), "text/html; charset=gb2312")
    assert text.startswith(BODY * 4)


def test_the_operators_word_goes_first() -> None:
    assert decoded("停水".encode("gb18030"), "text/html; charset=big5", "gb18030") == "停水"


@given(st.binary(max_size=400), st.sampled_from(["", "text/html; charset=gb2312", "text/html; charset=utf-16"]))
def test_any_bytes_give_some_text(body: bytes, content_type: str) -> None:
    assert isinstance(decoded(body, content_type), str)


@given(st.text(min_size=1, max_size=200).filter(lambda text: text.encode("utf-8", "ignore").decode() == text))
def test_utf8_is_always_read_back(text: str) -> None:
    assert decoded(text.encode()) == text.removeprefix("\ufeff")
