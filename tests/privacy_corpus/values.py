"""Made-up personal data, one maker a kind: well-formed, with valid check digits, and nobody's on purpose."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random

DIGITS = "0123456789"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛超霞平刚桂英玉兰建国志明秀珍海燕晓红文博雨欣浩宇佳慧"
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"


def _digits(rng: Random, count: int) -> str:
    return "".join(rng.choices(DIGITS, k=count))


def phone(rng: Random) -> str:
    """A mobile number."""
    return "1" + rng.choice("3456789") + _digits(rng, 9)


def landline(rng: Random) -> str:
    """Area code, hyphen, local number."""
    area = rng.choice(["010", "021", "029", "0931", "0934", "0551", "0755", "0871"])
    return f"{area}-{rng.choice('2345678')}{_digits(rng, 7 if len(area) == 3 or area == '0755' else 6)}"


def id_card(rng: Random) -> str:
    """18 signs with the check of GB 11643-1999."""
    born = date(1940, 1, 1) + timedelta(days=rng.randrange(28_000))
    body = rng.choice(["110101", "440305", "510104", "622801", "622823", "610102"]) + f"{born:%Y%m%d}"
    body += _digits(rng, 3)
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


def bank_card(rng: Random) -> str:
    """16 or 19 digits with the Luhn check."""
    body = rng.choice(["621700", "622202", "622848", "620060", "436742", "625900"]) + _digits(rng, rng.choice([9, 12]))
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)


def email(rng: Random) -> str:
    """An address at a common provider."""
    user = rng.choice(["zhang", "li.ming", "wang_wei", "xiaoyu", "chen", "lucky-girl", "sunny"]) + _digits(rng, 3)
    return f"{user}@{rng.choice(['163.com', 'qq.com', 'gmail.com', 'foxmail.com', 'sina.com.cn', '126.com'])}"


def plate(rng: Random) -> str:
    """A plate of GA 36-2018: five signs, or six on a new-energy vehicle."""
    head = rng.choice(_PROVINCES) + rng.choice("ABCDEFGHJK")
    match rng.randrange(4):
        case 0:
            return head + _digits(rng, 5)
        case 1:
            return head + rng.choice(_LETTERS) + _digits(rng, 4)
        case 2:
            return head + rng.choice("DF") + rng.choice(DIGITS + _LETTERS) + _digits(rng, 4)
        case _:
            return head + _digits(rng, 5) + rng.choice("DF")


def qq(rng: Random) -> str:
    """Six to ten digits."""
    return rng.choice("123456789") + _digits(rng, rng.randrange(5, 10))


def wechat(rng: Random) -> str:
    """A letter, then letters, digits, underscores; six signs at least."""
    stem = rng.choice(["wxid", "liming", "xiaohe", "zhy", "sunny", "abc", "laowang"])
    return stem + rng.choice(["", "_", "-"]) + _digits(rng, rng.randrange(4, 7))


def passport(rng: Random) -> str:
    """An ordinary Chinese passport."""
    return rng.choice([f"E{_digits(rng, 8)}", f"G{_digits(rng, 8)}", f"E{rng.choice(_LETTERS)}{_digits(rng, 7)}"])


def permit(rng: Random) -> str:
    """A permit for Hong Kong, Macau or Taiwan, either direction."""
    return rng.choice(["H", "M", "C", "L", "C" + rng.choice(_LETTERS.replace("J", ""))]) + _digits(rng, 8)


def permit_number(rng: Random) -> str:
    """A permit whose length fits its letters."""
    made = permit(rng)
    return made[:9]


def house_number(rng: Random) -> str:
    """Building, unit and room; building and room; unit and room."""
    floor, room = rng.randrange(1, 30), rng.randrange(1, 9)
    building, unit = rng.randrange(1, 40), rng.randrange(1, 5)
    return rng.choice(
        [
            f"{building}号楼{unit}单元{floor}{room:02d}室",
            f"{building}栋{unit}单元{floor}{room:02d}",
            f"{building}幢{floor}{room:02d}室",
            f"{building}栋{floor}{room:02d}号",
            f"{unit}单元{floor}{room:02d}室",
        ]
    )


def name(rng: Random) -> str:
    """A surname and a given name of one or two characters."""
    return rng.choice(_SURNAMES) + "".join(rng.sample(_GIVEN, rng.choice([1, 2, 2])))


MAKERS: dict[str, Callable[[Random], str]] = {
    "phone": phone,
    "landline": landline,
    "id_card": id_card,
    "bank_card": bank_card,
    "email": email,
    "plate": plate,
    "qq": qq,
    "wechat": wechat,
    "passport": passport,
    "permit": permit_number,
    "house_number": house_number,
    "name": name,
}
"""Every kind of the corpus and what makes one."""
