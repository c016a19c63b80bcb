"""Personal data in texts: found in the forms people write them in, and nothing else taken for them."""

from __future__ import annotations

import random
import time
from datetime import date

import hypothesis.strategies as st
import pytest
from hypothesis import given

from opinion_stream.domain.collection.clean import clean
from opinion_stream.domain.collection.mask import MARKERS, Masker, mask
from opinion_stream.domain.collection.numbers import id_checksum, luhn

ID_CARD = "110101199003078072"
BANK_CARD = "6222020200112230004"


def with_check(prefix: str, signs: str, holds: object) -> str:
    assert callable(holds)
    return next(prefix + sign for sign in signs if holds(prefix + sign))


ID_CARD = with_check(ID_CARD[:17], "0123456789X", id_checksum)
BANK_CARD = with_check(BANK_CARD[:18], "0123456789", luhn)


def spaced(text: str, *groups: int, sign: str = " ") -> str:
    parts, at = [], 0
    for size in groups:
        parts.append(text[at : at + size])
        at += size
    return sign.join([*parts, text[at:]] if at < len(text) else parts)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("我的电话13800138000请联系", "我的电话〔手机号〕请联系"),
        ("138-0013-8000", "〔手机号〕"),
        ("138 0013 8000打给我", "〔手机号〕打给我"),
        ("138.0013.8000", "〔手机号〕"),
        ("1380013-8000", "〔手机号〕"),
        ("1 3 8 0 0 1 3 8 0 0 0", "〔手机号〕"),
        ("手机１３８００１３８０００", "手机〔手机号〕"),
        ("+86 138 0013 8000", "〔手机号〕"),
        ("008613800138000", "〔手机号〕"),
        ("13800138000/13900139000", "〔手机号〕/〔手机号〕"),
        ("手机13 80 01 38 00 0", "手机〔手机号〕"),
        ("联系方式：138，0013，8000", "联系方式：〔手机号〕"),
        ("一三八零零一三八零零零一直没人接", "〔手机号〕一直没人接"),
        ("幺三八 零零幺三 八零零零", "〔手机号〕"),
        ("138零零138零零零", "〔手机号〕"),
        ("①③⑧⓪⓪①③⑧⓪⓪⓪", "〔手机号〕"),
        ("138<b>0013</b>8000", "〔手机号〕"),
        ("138\u200b0013\u200b8000", "〔手机号〕"),
        ("电话0934-8212345", "电话〔座机号〕"),
        ("（0934）8212345", "〔座机号〕"),
        ("09348212345", "〔座机号〕"),
        ("0934一8212345转801", "〔座机号〕转801"),
        ("+86-934-8212345", "〔座机号〕"),
        ("联系电话：8212345", "联系电话：〔座机号〕"),
        (f"身份证{ID_CARD}", "身份证〔身份证号〕"),
        (spaced(ID_CARD, 6, 8, 4), "〔身份证号〕"),
        (spaced(ID_CARD, 3, 3, 4, 4, 4), "〔身份证号〕"),
        (spaced(ID_CARD, *[1] * 18), "〔身份证号〕"),
        ("110101199003078070", "〔身份证号〕"),
        ("身份证号码是620102900307123", "身份证号码是〔身份证号〕"),
        (BANK_CARD, "〔银行卡号〕"),
        (spaced(BANK_CARD, 4, 4, 4, 4, 3), "〔银行卡号〕"),
        ("卡号6222 0000 1111 2222", "卡号〔银行卡号〕"),
        ("写信到 a.b_c@163.com 谢谢", "写信到 〔邮箱〕 谢谢"),
        ("12345678@qq。com", "〔邮箱〕"),
        ("邮箱lisi艾特qq点com", "邮箱〔邮箱〕"),
        ("lisi(at)qq.com", "〔邮箱〕"),
        ("晋A12345停在路口", "〔车牌号〕停在路口"),
        ("晋A·D1234", "〔车牌号〕"),
        ("晋AD12345", "〔车牌号〕"),
        ("晋A12345D", "〔车牌号〕"),
        ("晋A1234学", "〔车牌号〕"),
        ("QQ：12345678", "QQ：〔QQ号〕"),
        ("加q 123456", "加q 〔QQ号〕"),
        ("123456789（QQ）", "〔QQ号〕（QQ）"),
        ("微信号：lisi_88", "微信号：〔微信号〕"),
        ("vx：abc12345", "vx：〔微信号〕"),
        ("加微信 lisi-2026 详谈", "加微信 〔微信号〕 详谈"),
        ("护照号：EA1234567", "护照号：〔护照号〕"),
        ("G12345678", "〔护照号〕"),
        ("丽景小区3号楼2单元501室漏水", "丽景小区〔门牌号〕漏水"),
        ("我是3栋501的业主", "我是〔门牌号〕的业主"),
        ("9栋201、202、401室都漏水", "〔门牌号〕都漏水"),
        ("三号楼一单元二零一室", "〔门牌号〕"),
        ("丽景花园5-2-1103", "丽景花园〔门牌号〕"),
        ("家住人民路128号", "家住人民路〔门牌号〕"),
        ("138*0013*8000", "〔手机号〕"),
        ("138·0013_8000", "〔手机号〕"),
        ("电话l38OOl38OOO", "电话〔手机号〕"),
        ("0934-82l2345", "〔座机号〕"),
        ("0 9 3 4 - 8 2 1 2 3 4 5", "〔座机号〕"),
        ("身份证号幺幺零一零一199003078072", "身份证号〔身份证号〕"),
        ("11010119900307001×", "〔身份证号〕"),
        ("QQ：一二三四五六七八", "QQ：〔QQ号〕"),
        ("Q Q：12 345 678", "Q Q：〔QQ号〕"),
        ("扣12345678，备注小区", "扣〔QQ号〕，备注小区"),
        ("加QQ12345678一起维权", "加QQ〔QQ号〕一起维权"),
        ("微❤lisi_88", "微❤〔微信号〕"),
        ("微信搜lisi88 就行", "微信搜〔微信号〕 就行"),
        ("晋A · D 1 2 3 4 5", "〔车牌号〕"),
        ("晋A_12345", "〔车牌号〕"),
        ("lisi（at）qq.com", "〔邮箱〕"),
        ("护照 e 1234 5678", "护照 〔护照号〕"),
        ("通行证号C12345678", "通行证号〔通行证号〕"),
        ("回乡证H1234567890", "回乡证〔通行证号〕"),
        ("台胞证：12345678", "台胞证：〔通行证号〕"),
        ("证件号码H12345678", "证件号码〔通行证号〕"),
        ("丽景小区3栋2单元1103漏水", "丽景小区〔门牌号〕漏水"),
        ("我们3-2-1103停暖气", "我们〔门牌号〕停暖气"),
        ("我叫李·小·明，今年五十岁", "我叫〔姓名〕，今年五十岁"),
        ("业主李 小 明电话13800138000", "业主〔姓名〕电话〔手机号〕"),
        ("我叫李小明，今年五十岁", "我叫〔姓名〕，今年五十岁"),
        ("联系人：欧阳小明 13800138000", "联系人：〔姓名〕 〔手机号〕"),
        ("请找赵六女士13800138000", "请找〔姓名〕女士〔手机号〕"),
        ("13800138000（钱七）", "〔手机号〕（〔姓名〕）"),
        ("张先生，13800138000", "〔姓名〕先生，〔手机号〕"),
        ("周晓明，男，汉族", "〔姓名〕，男，汉族"),
        ("李晓明电话138****8000", "〔姓名〕电话138****8000"),
        ("回复@小明同学：我也是", "回复〔用户名〕：我也是"),
        ("见https://weibo.com/u/1234567890?from=x 。", "见https://weibo.com/ 。"),
    ],
)
def test_personal_data_give_way_to_a_marker(text: str, masked: str) -> None:
    found, counts = mask(clean(text))
    assert found == masked
    assert counts
    assert mask(found) == (found, {})


@pytest.mark.parametrize(
    "text",
    [
        "G309国道、S202省道、107国道和312路公交都堵了",
        "2026-03-02 09:30:00至2026年3月8日，20260302",
        "2018.12.31-2019.01.05，2018-12-31 2019-01-05 2020-01-01",
        "国办发〔2016〕61号、安政发〔2019〕108号、长政发【2001（60号）】",
        "拨打12345、110、119、12315、96533、400-123-4567、4001234567、8008108888都没用",
        "共计15000000000元，其中13800138000元和1380013800.50元",
        "¥13800138000，面积15000000000平方米",
        "GB50118-2010、GB50180-2018、SB/T10720-2012",
        "统一社会信用代码91620100MA4L5YGW7P",
        "经度107.64321098，纬度35.70123456",
        "3号楼电梯坏了，5栋2单元停水，8号楼1200平，3栋300户居民",
        "5栋2019年交房，一座300米的桥，讲座2019年举行",
        "乘K1234次列车、地铁3号线，1号公告，2号台风",
        "住在3号线附近，住在1号院",
        "微信公众号、微信支付100元、微信iphone版、QQ群里有500人",
        "高度重视，方便群众；请联系方便面厂；我叫停了车；姓名不详",
        "订单2026010812345678，编号20260108123456789012",
        "5-6月份，3-5年，1-2楼，2-300万元",
        "温度13.5 14.2 15.8 16.1 17.3 2，15 16 17 18 19 20日，13、14、15、16、17、18日",
        "和老师说过，王老师、张局长都知道；男，女都可以",
        "一二三四五六七八九十，第二十一条第三款",
        "电话打不通，方便的话请回复",
        "人民路128号的饭店卫生差",
        "被扣973.32元，扣20000没道理，扣6分，扣123456元",
        "通行证20260302到期，通行证12345678元",
        "4单元2019年交房，2单元1200户，比分3-2-10，2026-3-2",
        "0934-12345热线，Illinois，lollipop",
        "型号OI-1O0-2O0，L1l0n",
        "每斤13元，150、2000、3000元三档",
        "",
    ],
)
def test_what_is_no_personal_datum_stays(text: str) -> None:
    assert mask(text) == (text, {})


def test_counts_say_how_many_of_each_kind() -> None:
    assert mask("13800138000、13900139000，a@b.com")[1] == {"phone": 2, "email": 1}


def test_a_marker_tells_neither_the_datum_nor_its_length() -> None:
    assert mask("电话13800138000")[0] == mask("电话+86 139-0013-9000")[0]


def test_accounts_of_public_bodies_and_media_may_be_named() -> None:
    masker = Masker(public_accounts=["安平发布"])
    assert masker.mask("@安平发布 @小明 请看")[0] == "@安平发布 〔用户名〕 请看"


def test_numbers_of_public_offices_stay_in_whatever_spelling() -> None:
    masker = Masker(public_numbers=["0934-8212345"])
    text = "教育局0934-8212345、（0934）8212345没人接，我家0934-8212346"
    assert masker.mask(text)[0] == text.replace("0934-8212346", "〔座机号〕")


def test_words_of_the_policy_are_no_names() -> None:
    assert mask("方圆经理13800138000")[0] == "〔姓名〕经理〔手机号〕"
    assert Masker(not_a_name=["方圆经理"]).mask("方圆经理13800138000")[0] == "方圆经理〔手机号〕"


DIGITS = "0123456789"
mobiles = st.builds(lambda a, b: f"1{a}{b}", st.sampled_from("3456789"), st.text(DIGITS, min_size=9, max_size=9))
emails = st.from_regex(r"[a-z][a-z0-9_.]{2,12}@(qq|163|gmail)\.com", fullmatch=True)
plates = st.from_regex(r"[京晋陕川粤][A-HJ-NP-Z][0-9]{4}[A-HJ-NP-Z0-9]", fullmatch=True)


@st.composite
def id_cards(draw: st.DrawFn) -> str:
    born = draw(st.dates(min_value=date(1930, 1, 1), max_value=date(2020, 1, 1)))
    prefix = draw(st.sampled_from(["110101", "440305", "510104"])) + born.strftime("%Y%m%d")
    return with_check(prefix + draw(st.text(DIGITS, min_size=3, max_size=3)), "0123456789X", id_checksum)


@st.composite
def bank_cards(draw: st.DrawFn) -> str:
    return with_check("6222" + draw(st.text(DIGITS, min_size=14, max_size=14)), DIGITS, luhn)


neighbours = st.sampled_from(
    [
        "请联系",
        "，",
        "。",
        " ",
        "电话：",
        "（",
        "）",
        "说",
        "2026年3月2日",
        "第3天",
        "国办发〔2016〕61号",
        "3号楼",
        "12345热线",
        "\n",
        "共200元",
    ]
)


@given(
    st.lists(
        st.tuples(neighbours, mobiles | emails | plates | id_cards() | bank_cards(), neighbours), min_size=1, max_size=4
    )
)
def test_no_planted_datum_is_left(planted: list[tuple[str, str, str]]) -> None:
    # Digits that touch other digits are another number, so each datum stands between words.
    text = clean("。".join(f"{before}，{datum}，{after}" for before, datum, after in planted))
    masked, counts = mask(text)
    assert all(datum not in masked for _, datum, _ in planted)
    assert sum(counts.values()) >= len({datum for _, datum, _ in planted})


@given(mobiles, st.sampled_from(["-", " ", ".", "_", "—", " - "]), st.integers(0, 5))
def test_separators_hide_no_telephone(number: str, sign: str, seed: int) -> None:
    groups = random.Random(seed).choice([(3, 4, 4), (11,)])
    assert mask(clean(f"打{spaced(number, *groups, sign=sign)}找我"))[0] == "打〔手机号〕找我"


@given(mobiles, st.sampled_from(["０１２３４５６７８９", "〇一二三四五六七八九", "零壹贰叁肆伍陆柒捌玖", "⓪①②③④⑤⑥⑦⑧⑨"]))
def test_other_digits_hide_no_telephone(number: str, digits: str) -> None:
    disguised = number.translate(str.maketrans(DIGITS, digits))
    assert mask(clean(f"打电话{disguised}，急"))[0] == "打电话〔手机号〕，急"


PIECES = """13800138000 一三八 0934-8212345 我叫 王小明 张 先生 电话
， ： 男 3栋 501 室 2单元 微信 abc_123 QQ
123456 @ a@b.com https://a.com/u/1 ***** 联系人 晋A12345
家住 12号 、 （ ） 的 说"""
pieces = st.sampled_from([*MARKERS.values(), *PIECES.split(), " "])


@given(st.lists(pieces, max_size=14).map("".join) | st.text(max_size=60))
def test_masking_again_changes_nothing(text: str) -> None:
    masked, _ = mask(clean(text))
    assert mask(masked) == (masked, {})


PIECES_OF_TROUBLE = """
13800138000_ 1_ 3栋501_ 王五〔手机号〕 a@a.a 一三八零零 O0l 扣1 E1_ 京A1_ ⑥_ 住在1号 1-1- https://a@a.a/1
一一一一一一一一一一|王小|3栋501_ O0l|12345678901|艾特
wxid_ wxid_1 1、 (1) 一1一1 ·1 甘-A-1- Q1 1a@_ a点 住一 138加 [1][1] 排1号 🌸1
"""


@pytest.mark.parametrize("piece", PIECES_OF_TROUBLE.split())
def test_the_time_for_a_text_grows_as_its_length(piece: str) -> None:
    choice, pieces = random.Random(piece), piece.replace("_", " ").split("|")
    long = "".join(choice.choice(pieces) for _ in range(50_000))[:50_000] * 2
    assert cost(long) < 4 * 4 * max(cost(long[:25_000]), 0.005), "four times the length, and room for noise"


def cost(text: str) -> float:
    started = time.process_time()
    mask(text)
    return time.process_time() - started
