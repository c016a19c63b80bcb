"""Cleaning: what is taken away, what is made equal, and what must stay."""

from __future__ import annotations

import string

import hypothesis.strategies as st
import pytest
from hypothesis import given

from opinion_stream.domain.collection.clean import clean, fingerprint, words_only
from opinion_stream.errors import Rejected

ORDINARY = (
    "".join(chr(c) for c in range(0x4E00, 0x9FA6) if chr(c).encode("gb2312", "ignore"))
    + "，。、？！：；“”‘’（）《》【】…—·"
)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<p>学校<b>食堂</b>问题</p><p>请处理</p>", "学校食堂问题 请处理"),
        ("第一行<br>第二行<br/>第三行", "第一行 第二行 第三行"),
        ("<script>alert(1)</script>停水<style>p{}</style>两天<!-- x -->", "停水两天"),
        ('<a href="http://x/?a=1&b=2" title="a>b">链接</a>', "链接"),
        ("<table><tr><td>甲</td><td>乙</td></tr></table>", "甲 乙"),
        ("A&amp;B &lt;三&gt; &nbsp;&#20572;&#x6c34;", "A&B <三> 停水"),
        ("&lt;p&gt;转义两次&lt;/p&gt;", "转义两次"),
        ("&amp;lt;br&amp;gt;三次", "三次"),
        ("a&copy=1&lt=2", "a&copy=1&lt=2"),
        ("<物业管理条例>和<A市征地办法>", "<物业管理条例>和<A市征地办法>"),
        ("<p>依据<物业管理条例></p>", "依据<物业管理条例>"),
        ("3<5，5>3，a<b", "3<5，5>3，a<b"),
        ("<o:p></o:p><span lang=EN-US>Word</span>", "Word"),
        ("ＡＢＣ１２３　ａｂｃ＠ｑｑ．ｃｏｍ", "ABC123 abc@qq.com"),
        ("温度３０％，Ｇ３０９", "温度30%，G309"),
        ("停\u200b水\u2060了\ufeff\u00ad\u202e！", "停水了！"),
        ("1\ufe0f\u20e32\ufe0f\u20e3", "12"),
        ("停\x07水\x85了\x9f", "停水 了"),
        ("⽤⼾ 車", "用户 车"),
        (" 前  后\r\n\t中\u3000\u00a0尾 ", "前 后 中 尾"),
        ("學校食堂的飯菜質量問題", "学校食堂的饭菜质量问题"),
        ("打坏了路灯，沒有人修", "打坏了路灯，没有人修"),
        ("乾县和昇平路的路灯坏了", "乾县和昇平路的路灯坏了"),
        ("后面的皇后在头发上发现一只表", "后面的皇后在头发上发现一只表"),
        ("面积120㎡，①加装电梯②修路，👍", "面积120㎡，①加装电梯②修路，👍"),
        ("", ""),
    ],
)
def test_cleaning(text: str, plain: str) -> None:
    assert clean(text) == plain


@given(st.text(st.sampled_from(ORDINARY), max_size=200))
def test_ordinary_chinese_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


@given(
    st.text(st.sampled_from(string.ascii_letters + string.digits + " .,:;!?()[]-+*/=@#%" + ORDINARY[:60]), max_size=80)
)
def test_letters_digits_and_signs_stay_but_for_white_space(text: str) -> None:
    assert clean(text) == " ".join(text.split())


@given(st.text(max_size=80) | st.text("<>/&;pbr#lt0 \u200bｐ＜國", max_size=40))
def test_cleaning_never_fails_and_leaves_nothing_invisible(text: str) -> None:
    plain = clean(text)
    assert plain == plain.strip()
    assert not set(plain) & set("\0\x07\u200b\u202e\ufeff\n\t\u3000")


@given(st.text("停水了<>/pb ａ１國乾，。", max_size=40))
def test_cleaning_again_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


def test_html_that_would_stall_the_parser_is_rejected() -> None:
    with pytest.raises(Rejected, match="标记过多") as caught:
        clean("<div>" * 100_000)
    assert caught.value.kind == "html_too_complex"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("又停水了", "已经两天。"), ("又停水了！", " 已经，两天 ")),
        (("", "WATER 停了"), ("", "water停了")),
        (("停水", "两天"), ("", "停水两天")),
    ],
)
def test_a_fingerprint_sees_words_and_nothing_else(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert fingerprint(*one) == fingerprint(*other)


@pytest.mark.parametrize("other", ["停电两天", "停水三天", "停水两天了", "སྐད་ཡིག", "ئۇيغۇرچە"])
def test_other_words_have_another_fingerprint(other: str) -> None:
    assert fingerprint("", "停水两天") != fingerprint("", other)
    assert fingerprint("", "") != fingerprint("", other)


def test_a_fingerprint_is_sixteen_bytes_in_hexadecimal() -> None:
    assert len(bytes.fromhex(fingerprint("标题", "正文"))) == 16


def test_words_keep_letters_digits_and_characters_alone() -> None:
    assert words_only("G309 国道，第3天！！《通知》👍_（A）") == "g309国道第3天通知a"
