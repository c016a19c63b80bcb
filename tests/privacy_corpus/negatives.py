"""What looks like personal data and is none: roads, dates, sums, documents, articles, orders, public numbers.

Public hotlines (three to six digits, 400 and 800 numbers) are nobody's number. A fixed line with an area code is
masked, since a text does not tell whether a home or an office answers; a city lists its offices' numbers in its policy.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random


def _digits(rng: Random, count: int) -> str:
    return str(rng.randrange(1, 10)) + "".join(rng.choices("0123456789", k=count - 1))


def _day(rng: Random) -> date:
    return date(2012, 1, 1) + timedelta(days=rng.randrange(5500))


def road(rng: Random) -> str:
    """A numbered road or line."""
    return rng.choice(
        [
            f"{rng.choice(['G', 'S', 'X', 'Y'])}{rng.randrange(100, 999)}线",
            f"{rng.choice(['G', 'S'])}{rng.randrange(1, 99)}高速",
            f"{rng.randrange(101, 330)}国道K{rng.randrange(10, 900)}+{rng.randrange(100, 900)}处",
            f"{rng.randrange(1, 130)}路公交",
            f"S{rng.randrange(200, 330)}省道",
            f"G{_digits(rng, 4)}国家高速",
        ]
    )


def day(rng: Random) -> str:
    """A day, a time, a span of days."""
    made = _day(rng)
    until = made + timedelta(days=rng.randrange(1, 90))
    return rng.choice(
        [
            f"{made:%Y-%m-%d}",
            f"{made:%Y%m%d}",
            f"{made:%Y.%m.%d}-{until:%Y.%m.%d}",
            f"{made:%Y/%m/%d} {rng.randrange(24):02d}:{rng.randrange(60):02d}",
            f"{made.year}年{made.month}月{made.day}日",
            f"{made:%Y-%m-%d}至{until:%Y-%m-%d}",
            f"{made:%Y-%m-%d %H:%M:%S}",
            f"{made:%Y%m%d}{rng.randrange(24):02d}{rng.randrange(60):02d}{rng.randrange(60):02d}",
            f"二〇{rng.choice('一二')}{rng.choice('一二三四五六七八九')}年{rng.choice('一二三四五六七八九')}月{rng.choice('一二三四五六七八九')}日",
        ]
    )


def amount(rng: Random) -> str:
    """A sum or a quantity."""
    return rng.choice(
        [
            f"{_digits(rng, rng.randrange(3, 13))}元",
            f"{rng.randrange(1000, 99999)}.{rng.randrange(10, 99)}元",
            f"¥{_digits(rng, 11)}",
            f"{rng.randrange(1, 999)},{rng.randrange(100, 999)},{rng.randrange(100, 999)}元",
            f"1{rng.randrange(3, 9)}{_digits(rng, 9)}元",
            f"{rng.randrange(10, 999)}万元",
            f"{_digits(rng, 11)}平方米",
            "壹拾叁万捌仟零伍拾元整",
            f"人民币{_digits(rng, 8)}元整",
        ]
    )


def document(rng: Random) -> str:
    """The number of a policy document or a standard."""
    year, number = rng.randrange(2005, 2027), rng.randrange(1, 300)
    issuer = rng.choice(["国办发", "国发", "甘政办发", "庆政发", "建城", "财综", "教基厅函", "人社部发"])
    return rng.choice(
        [
            f"{issuer}〔{year}〕{number}号",
            f"{issuer}[{year}]{number}号",
            f"{issuer}（{year}）{number}号文",
            f"GB{rng.randrange(1000, 60000)}-{year}",
            f"({year})甘10民初{rng.randrange(10, 9999)}号",
            f"国令第{rng.randrange(300, 780)}号",
        ]
    )


def article(rng: Random) -> str:
    """An article of a law."""
    signs = "一二三四五六七八九"
    return rng.choice(
        [
            f"《民法典》第{rng.choice(signs)}百{rng.choice(signs)}十{rng.choice(signs)}条",
            f"条例第{rng.choice(signs)}十{rng.choice(signs)}条第{rng.choice(signs)}款第（{rng.choice(signs)}）项",
            f"刑法第{rng.randrange(100, 450)}条",
            f"第{rng.choice(signs)}、{rng.choice(signs)}、{rng.choice(signs)}条",
        ]
    )


def order(rng: Random) -> str:
    """A number of an order, a parcel, an invoice, a case."""
    made = _day(rng)
    return rng.choice(
        [
            f"订单号{made:%Y%m%d}{_digits(rng, 8)}",
            f"快递单号SF{_digits(rng, 13)}",
            f"工单编号{made:%Y%m%d}{_digits(rng, 4)}",
            f"发票号码{_digits(rng, 8)}",
            f"受理编号GS{made:%Y%m%d}{_digits(rng, 3)}",
            f"合同编号HT-{made.year}-{_digits(rng, 5)}",
            f"流水号{_digits(rng, 22)}",
            f"统一社会信用代码91{_digits(rng, 6)}MA{_digits(rng, 7)}X",
        ]
    )


def hotline(rng: Random) -> str:
    """A number of the public, which is nobody's own."""
    return rng.choice(
        (
            *("12345", "110", "120", "119", "12315", "12389", "95588", "10086", "96533", "12333", "0934-12345"),
            *("400-8899-315", "4008123123", "400 820 8820", "800-810-8888", "400-123-4567"),
        )
    )


def place(rng: Random) -> str:
    """Places and things with numbers that lead to no door."""
    return rng.choice(
        [
            f"{rng.randrange(1, 30)}号楼的电梯",
            f"{rng.randrange(1, 30)}栋和{rng.randrange(31, 60)}栋之间",
            f"人民路{rng.randrange(1, 300)}号的饭店",
            f"{rng.randrange(2, 20)}单元的楼道灯",
            f"地铁{rng.randrange(1, 9)}号线",
            f"{rng.randrange(1, 30)}栋{rng.randrange(100, 500)}户居民",
            f"{rng.randrange(1, 9)}号楼{rng.randrange(2015, 2026)}年交房",
            f"第{rng.randrange(1, 30)}中学{rng.randrange(1, 9)}年级{rng.randrange(1, 9)}班",
            f"T{rng.randrange(100, 999)}次列车",
            f"经度107.{_digits(rng, 8)}，纬度35.{_digits(rng, 8)}",
        ]
    )


def words(rng: Random) -> str:
    """Words that sound like a cue or a name, with nothing personal after them."""
    return rng.choice(
        [
            "微信公众号发了通知",
            "微信支付100元",
            "电话打不通",
            "高度重视、方便群众",
            "王局长在会上讲话",
            "身份证办理需要多久",
            "银行卡被冻结怎么办",
            "QQ群里有500人",
            "护照加急要3天",
            "车牌识别系统坏了",
            "通行证办理点在哪里",
            "加油站排队1小时",
            "版本号2.0.13.15",
            "比分是13:8，15:9，21:19",
            "WiFi密码改成8位",
            "iPhone15和Mate60都降价了",
            "一五一十说清楚",
            "三三两两，七七八八",
            "A股3000点",
            "型号E12345A",
            "PM2.5是156，PM10是187",
        ]
    )


MAKERS: dict[str, Callable[[Random], str]] = {
    "road": road,
    "day": day,
    "amount": amount,
    "document": document,
    "article": article,
    "order": order,
    "hotline": hotline,
    "place": place,
    "words": words,
}
TEMPLATES = (
    "请问{}的问题什么时候解决？",
    "昨天看到{}，觉得不合理。",
    "{}，我们等了很久",
    "领导您好，关于{}，希望给个说法",
    "按照规定是{}，实际并不是这样，第2天又变了",
    "有人说（{}）已经处理完毕",
    "大家都在议论：{}。电话打过没人接",
    "群众反映{}，已经3年没有结果",
    "手机上查到的是{}",
)
