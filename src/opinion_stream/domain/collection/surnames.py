"""Word lists for telling names: surnames, forms of address, and common words that look like a name."""

from __future__ import annotations

SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋"
    "蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万"
    "段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向"
    "柳邢岳齐梅莫庄辛管祝左涂谷祁舒耿牟卜路詹关苗凌费纪靳盛童欧甄项曲游阳裴席卫查屈鲍覃霍翁"
    "隋植甘景薄单包司柏宁柯阮桂闵柴华车冉房边净阴闫佘练骆付肖仲栾米宗丘宫瞿邸桑岑仇蒙璩缪干"
    "应冷卓晏巫芮燕冀尚谌敖粟钮娄胥喻辜简饶鄢邬匡揭贝荣阙印麦慕寇党权拓妥折师"
)
"""Single-character surnames that are common in China, some 270."""

DOUBLE_SURNAMES = "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|司徒|端木|夏侯|长孙|宇文|轩辕|南宫|独孤|呼延"
"""Surnames of two characters, as alternatives of a regular expression."""

TITLES = (
    "先生|女士|小姐|太太|师傅|老师|阿姨|大姐|大哥|大爷|大叔|大妈|大娘|老板|经理|主任|书记|村长|校长|局长|院长|科长|所长"
    "|医生|大夫|律师|队长|警官|同志|同学|处长|部长|镇长|乡长|县长|市长|区长|董事长|厂长|站长|组长|会计|教练|姐|哥|叔|婶"
)
"""What follows a surname where someone is addressed, as alternatives of a regular expression."""

PARTICLES = "的了是在和与及或我你您他她它们这那哪谁么吗呢吧啊把被让给对从到就也都不没很太最请打找问说有为以而但因所"
NOT_IN_GIVEN_NAMES = PARTICLES + "电话号码证箱卡账帐系手附某"
"""Particles, pronouns and signs of cue words: no part of a given name. 某 stands where a name was taken out."""

_WORDS = """
谢谢 方便 方式 方法 方面 方案 方向 安排 安全 安装 高度 高速 高铁 高新 高层 高中 于是 于此 万分 万元
万一 关于 关机 关事 关注 关系 关心 关闭 文件 文明 文化 常年 常见 常住 路口 路边 路段 路面 路线 路车
路局 路东 路查 路上 路过 路费 马上 马路 金额 石油 林业 林场 田地 温馨 温度 易燃 史上 简历 简介 简称 白天 白色 黄色
龙头 车辆 车主 车位 车牌 车站 车库 房屋 房东 房产 房主 房价 房子 边上 司机 司法 包括 包工 查询 查看
查处 查实 查封 项目 游客 游戏 游泳 席位 华人 华为 宁愿 周边 周围 周末 余额 余元 钱款 钱财 毛病 顾客
任何 任务 任意 盛大 费用 费银 费微 费邮 费劲 严重 严格 严厉 严禁 庄园 左右 左边 左侧 阳台 阳光 曲线
管理 管委 管道 干部 干净 干扰 应该 应当 应急 权利 权益 权限 党员 党委 党组 师生 师范 印章 简单 简直
荣誉 向上 向来 向阳 施工 段落 程度 程序 申请 季度 章程 卫生 卫健 江边 洪水 康复 牛奶 景区 汤药 祝愿
费退 费报 费减 干活 干完 查一 查到 管吃 管住 包吃 包住 于师 应改 应为 万达 万科 申领
祝您 夏天 夏季 童年 梅雨 凌晨 冷却 冷水 尚未 单位 单元 单独 齐全 折扣 折腾 拓宽
"""
COMMON_WORDS = frozenset(_WORDS.split())
"""Words of two characters whose first is a surname too."""
