"""Company names as they are compared: without legal form, place, width, case and traditional characters."""

# ruff: noqa: SIM905 (tables of words read better as text)

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from crm_platform.kit.text import to_simplified

# Longest first wherever one is the end of another: they are cut one after the other, from the end.
_FORMS = tuple(
    "股份有限责任公司 集团股份有限公司 股份有限公司 有限责任公司 集团有限公司 控股有限公司 股份公司 有限公司 责任公司 "
    "集团公司 总公司 分公司 子公司 办事处 控股集团 股份合作 特殊普通合伙 普通合伙 有限合伙 合伙企业 个人独资 "
    "独资企业 外商独资 自然人独资 集团股份 集团 股份 控股 公司 有限".split()
)
_LATIN_FORMS = frozenset(
    "ab ag aps as asa bhd bv bvba co company corp corporation cv doo eood gmbh group holding holdings inc "
    "incorporated jsc kft kg kgaa kk limited llc llp lp ltd ltda mbh nv oao ooo oy oyj plc pjsc proprietary pte "
    "pty pvt sa sae sarl sas sdn se sl spa srl sro ug vof wll zoo".split()
)
_COUNTRIES = frozenset("中国 中华 中国大陆 大中华 亚太 亚洲 香港 澳门 台湾 china prc hk hongkong asia apac".split())
_BRANCHES = frozenset(
    "集团 控股 股份 筹 有限合伙 普通合伙 特殊普通合伙 个体工商户 个人独资 group holding holdings".split()
)
_PROVINCES = (
    "北京 天津 上海 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川 贵州 "
    "云南 陕西 甘肃 青海 台湾 内蒙古 广西 西藏 宁夏 新疆 香港 澳门"
).split()
# Of prefectures and large county towns, those whose name is not at least as often a brand (东方 and 安康 are).
_CITIES = (
    "石家庄 唐山 秦皇岛 邯郸 邢台 保定 张家口 承德 沧州 廊坊 衡水 太原 大同 阳泉 长治 晋城 朔州 晋中 运城 忻州 临汾 "
    "吕梁 呼和浩特 包头 乌海 赤峰 通辽 鄂尔多斯 呼伦贝尔 巴彦淖尔 乌兰察布 沈阳 大连 鞍山 抚顺 本溪 丹东 锦州 营口 "
    "阜新 辽阳 盘锦 铁岭 葫芦岛 长春 四平 辽源 通化 白山 松原 白城 哈尔滨 齐齐哈尔 鸡西 鹤岗 双鸭山 大庆 伊春 佳木斯 "
    "七台河 牡丹江 黑河 绥化 南京 无锡 徐州 常州 苏州 南通 连云港 淮安 盐城 扬州 镇江 泰州 宿迁 昆山 张家港 江阴 "
    "常熟 太仓 杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水 义乌 合肥 芜湖 蚌埠 淮南 马鞍山 淮北 铜陵 "
    "安庆 黄山 滁州 阜阳 宿州 六安 亳州 池州 宣城 福州 厦门 莆田 三明 泉州 漳州 南平 龙岩 宁德 晋江 南昌 景德镇 萍乡 "
    "九江 新余 鹰潭 赣州 吉安 宜春 抚州 上饶 济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安 威海 日照 临沂 德州 聊城 "
    "滨州 菏泽 郑州 开封 洛阳 平顶山 安阳 鹤壁 新乡 焦作 濮阳 许昌 漯河 三门峡 南阳 商丘 信阳 周口 驻马店 武汉 黄石 "
    "十堰 宜昌 襄阳 鄂州 荆门 孝感 荆州 黄冈 咸宁 随州 长沙 株洲 湘潭 衡阳 邵阳 岳阳 常德 张家界 益阳 郴州 永州 怀化 "
    "娄底 广州 韶关 深圳 珠海 汕头 佛山 江门 湛江 茂名 肇庆 惠州 梅州 汕尾 河源 阳江 清远 东莞 中山 潮州 揭阳 云浮 "
    "南宁 柳州 桂林 梧州 北海 防城港 钦州 贵港 玉林 百色 贺州 河池 来宾 崇左 海口 三亚 三沙 儋州 成都 自贡 攀枝花 "
    "泸州 德阳 绵阳 广元 遂宁 内江 乐山 南充 眉山 宜宾 广安 达州 雅安 巴中 资阳 贵阳 六盘水 遵义 安顺 毕节 铜仁 昆明 "
    "曲靖 玉溪 保山 昭通 丽江 普洱 临沧 拉萨 日喀则 昌都 林芝 西安 铜川 宝鸡 咸阳 渭南 延安 汉中 榆林 商洛 兰州 嘉峪关 "
    "金昌 白银 天水 武威 张掖 平凉 酒泉 庆阳 定西 陇南 西宁 海东 银川 石嘴山 吴忠 固原 中卫 乌鲁木齐 克拉玛依 吐鲁番 "
    "哈密 台北 新北 高雄 台中 台南 基隆 新竹 雄安 浦东"
).split()
_TRADES = tuple(
    "信息技术 电子商务 电子科技 网络科技 信息科技 生物科技 科技发展 供应链管理 企业管理 投资管理 文化传媒 人力资源 "
    "建筑工程 机械设备 国际贸易 进出口 房地产 新能源 新材料 半导体 互联网 供应链 科技 技术 信息 网络 软件 数码 数据 "
    "智能 电子 电气 电器 电力 电信 通信 通讯 机械 机电 设备 装备 仪器 仪表 自动化 制造 制药 医药 药业 医疗 生物 化工 "
    "化学 材料 能源 环保 环境 建筑 建设 工程 置业 地产 装饰 设计 贸易 商贸 商务 实业 产业 工业 企业 投资 资本 资产 "
    "管理 咨询 顾问 服务 发展 金融 银行 保险 证券 基金 租赁 担保 物流 运输 航空 港口 铁路 地铁 公交 汽车 食品 饮料 "
    "啤酒 酒业 乳业 农业 粮油 种业 饲料 纺织 服装 服饰 家具 家居 文化 传媒 广告 影视 教育 培训 旅游 酒店 餐饮 百货 "
    "零售 超市 钢铁 矿业 石油 石化 燃气 水务 热电 水泥 玻璃 纸业 印刷 包装 塑料 橡胶 五金 家电 医院 大学 学院 研究院 "
    "研究所 事务所 国际 开发 集成 系统 光电 光学 控制 进出 外贸 经贸 技贸".split()
)

_BRACKETS = re.compile(r"[(\[{<【〔《「]([^()\[\]{}<>【】〔〕《》「」]*)[)\]}>】〕》」]")
_LATIN_DOTS = re.compile(r"(?<=\b[a-z])\.(?=[a-z]\b|\s|$|,)")  # s.a. → sa, g.m.b.h. → gmbh
_NO_WORD = re.compile(r"[\W_]+")
_PLACE_MARK = re.compile("^(特别行政区|(维吾尔|壮族|回族)?自治区|自治州|省|市|地区|高新区|开发区|新区|区|县)")
_BRANCH_OFFICE = re.compile("(公司).{1,12}?(分公司|办事处|代表处)$")
_PLACES = frozenset([*_PROVINCES, *_CITIES])
_LONGEST_PLACE = max(map(len, _PLACES))
_LONGEST_NAME = 300


@lru_cache(maxsize=10_000)  # the same customers come again and again
def company_core(name: str) -> str:
    """Return what tells a company from others: small letters, digits and simplified characters, nothing else.

    Legal form (有限公司, GmbH, Co., Ltd), group words, a branch office, a leading province or city and a place
    in brackets are left out. A name that is nothing but such words stays whole, so only a name without any
    letter or digit gives "". Two names with the same core are very likely one company.
    """
    text = to_simplified(unicodedata.normalize("NFKC", name[:_LONGEST_NAME]).lower())
    whole = _NO_WORD.sub("", text)
    text = _BRACKETS.sub(_bracket, text)
    text = _without_latin_form(_BRANCH_OFFICE.sub(r"\1", _words(text)))
    return _without_place(_without_form(text.replace(" ", ""))) or whole


def company_brand(name: str) -> str:
    """Return the core without the words for a trade at its end: 华为技术有限公司 → 华为.

    What would leave nothing, or a place alone, stays whole (青岛啤酒).
    """
    core = company_core(name)
    brand = _without_trades(core)
    return brand if _after_place(brand) else core


def _bracket(match: re.Match[str]) -> str:
    inner = _NO_WORD.sub("", match[1])
    return " " if inner in _COUNTRIES or inner in _BRANCHES or not _after_place(inner) else f" {inner} "


def _words(text: str) -> str:
    return _NO_WORD.sub(" ", _LATIN_DOTS.sub("", text).replace("'", "").replace("’", "")).strip()


def _without_latin_form(text: str) -> str:
    words = text.split(" ")
    while len(words) > 1 and (words[-1] in _LATIN_FORMS or words[-1] in _COUNTRIES):
        words.pop()
    return " ".join(words[1:] if len(words) > 1 and words[0] == "the" else words)


def _without_form(text: str) -> str:
    while text.endswith(_FORMS) and text not in _FORMS:
        text = text.removesuffix(next(form for form in _FORMS if text.endswith(form)))
    return text


def _after_place(text: str) -> str:
    """Return what follows all leading places (浙江省杭州市华立 → 华立)."""
    while True:
        size = next((n for n in range(_LONGEST_PLACE, 1, -1) if text[:n] in _PLACES), 0)
        if not size:
            return text
        text = _PLACE_MARK.sub("", text[size:])


def _without_place(text: str) -> str:
    """Cut leading places, unless nothing but a trade would be left: 青岛啤酒 is not just any brewery."""
    rest = _after_place(text)
    return rest if len(_without_trades(rest)) > 1 else text


def _without_trades(text: str) -> str:
    while text.endswith(_TRADES):
        text = text.removesuffix(next(trade for trade in _TRADES if text.endswith(trade)))
    return text
