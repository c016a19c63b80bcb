"""Texts and disguises written after the masking had been fitted to the open templates: a second look from outside.

What the masking made of them at first sight stands in `docs/privacy.md`. It has been mended since, so today they
are a regression test and no look from outside any more.
"""

from __future__ import annotations

from random import Random

from privacy_corpus.disguises import WIDE, Disguise

_TEXTS = {
    "phone": """
师傅态度好，需要的可以存一下{}，专修水管
孩子班主任{}，发短信不回，打过去就挂
我家住五楼，没电梯，来之前提前半小时打{}哦
诉求人来电反映（来电号码{}）：路灯不亮
这个号{}天天骚扰我，已经第7次了
【寻人】老人于3月1日走失，身高1.65米，电联{}
买了2箱苹果158元，店家手机{}打不通
本人承诺以上属实。{}。2026.3.2
手机号码：{}；邮编745000
跟村主任说了，他给了我一个{}，是空号
""",
    "landline": """
12345回访用的是{}吗？我没接到
公司座机：{}，工作日有人
我妈家里电话{}总是串线
有事打固话{}，晚上9点以后别打
办公室{}，传真同号
修理铺的招牌写着{}，其实早搬走了
""",
    "id_card": """
系统提示{}已被注册，我从来没有注册过
夫妻双方身份证分别为{}，至今没领到补贴
我妈的身份证（{}）过期了，行动不便
老人信息：女，{}，独居
身份证信息 {} 核验失败3次
在校学生，学籍绑定{}，现要转学
""",
    "bank_card": """
社保卡金融账户{}未激活
汇到农行{}，备注姓名
惠农补贴打进了{}，可是存折上查不到
打款账号：{}，请核对
卡{}里少了5000元
ETC绑定的银行卡{}重复扣费3笔
""",
    "email": """
投稿：{}
如果方便，照片我传到您邮箱，或者您写到{}也行
举报材料寄{}，有回执
发票开到{}就可以
我的电子邮箱{}，手机就不留了
联系人邮箱:{};电话后补
""",
    "plate": """
蓝色面包车，{}，车门上有广告
昨晚12点{}在小区门口堵门
被{}剐蹭，对方全责但不赔
网约车（{}）绕路收费86元
校车{}严重超载，核载19人
停车场收费系统把我的{}识别错了
请查一下{}，远光灯晃眼
""",
    "qq": """
想一起维权的加q：{}
企鹅号{}，注明房号
发截图给QQ{}
客服qq是{}，从来不在线
QQ {} 微信同
这人的QQ号码是{}，大家小心
""",
    "wechat": """
微信搜{}就能找到我
微信联系{}，非诚勿扰
加V信{}，送优惠券
wx {} 备注来意
她的微信号叫{}，头像是一朵花
微信ID：{}，骗了我800元
""",
    "passport": """
护照（号码{}）被旅行社扣着不还
我女儿护照号码：{}，签发地兰州
护照号是{}，订单显示姓名不符
丢失护照一本，{}，拾到请归还
持护照{}不能办理电话卡
""",
    "permit": """
通行证{}在关口刷不出来
香港居民，来往内地通行证{}，孩子入学被拒
台胞证号{}，银行不给开户
回乡证号码是{}，动车票取不了
往来台湾通行证{}丢了怎么补
""",
    "house_number": """
家住翠湖花园{}，窗户正对垃圾站
{}的租户每天半夜打麻将
报修地址：锦绣城三期{}，下水道堵了
请不要把快递给{}，我已经搬走了
我们{}暖气只有15度
楼上{}漏水漏到我家了
龙腾小区{}的空调外机掉下来了
""",
    "name": """
报修人：{}，联系方式{phone}
诉求人{}（手机{phone}）来电
{} {phone} 谢谢
本人叫{}，{id_card}，系低保户
受害人{}，身份证号：{id_card}
收款人：{}，账号{bank_card}
麻烦找{}女士，电话{phone}
{}，女，{id_card}，已婚
我的名字叫{}，手机{phone}
""",
}


def _mixed_signs(rng: Random, text: str) -> str:
    return "".join(sign + (rng.choice(" -.·*_") if rng.random() < 0.4 else "") for sign in text[:-1]) + text[-1]


def _all_apart(rng: Random, text: str) -> str:
    return rng.choice(["  ", ".", "-", "~", "/", "—"]).join(text)


def _wide_chinese(rng: Random, text: str) -> str:
    table = dict(zip("0123456789", rng.choice(["零一二三四五六七八九", "〇壹贰叁肆伍陆柒捌玖"]), strict=True))
    return "".join(table[c] if c in table and rng.random() < 0.5 else c.translate(WIDE) for c in text)


_NUMBER: tuple[Disguise, ...] = (_mixed_signs, _all_apart, _wide_chinese)
DISGUISES: dict[str, tuple[Disguise, ...]] = {
    **dict.fromkeys(("phone", "landline", "id_card", "bank_card", "qq"), _NUMBER),
    "email": (
        lambda rng, text: text.replace("@", rng.choice(["（at）", " AT ", "@ "])),
        lambda rng, text: text.replace(".", " 点 "),
    ),
    "plate": (lambda rng, text: " ".join(text), lambda rng, text: text[:2] + rng.choice("—_·") + text[2:].lower()),
    "wechat": (lambda rng, text: text[0] + text[1:].upper(), lambda rng, text: " " + text.translate(WIDE)),
    "passport": (lambda rng, text: "：" + text[:2] + " " + text[2:5] + " " + text[5:], lambda rng, text: text.lower()),
    "permit": (lambda rng, text: "：" + text[:2] + " " + text[2:5] + " " + text[5:], lambda rng, text: text.lower()),
    "house_number": (
        lambda rng, text: text.replace("单元", "门") if "号楼" in text or "单元" in text else text.translate(WIDE),
        lambda rng, text: (
            text.replace("号楼", "-").replace("栋", "-").replace("幢", "-").replace("单元", "-").rstrip("室号")
        ),
    ),
    "name": (lambda rng, text: text[0] + "　" + "　".join(text[1:]), lambda rng, text: "　".join(text)),
}
TEMPLATES: dict[str, tuple[str, ...]] = {kind: tuple(text.strip().splitlines()) for kind, text in _TEXTS.items()}
