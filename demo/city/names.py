"""Invented names of persons and organizations."""

from random import Random

SURNAMES = "王李张陈徐吴胡周朱郑沈叶章毛冯鲁严史魏蒋许谢罗戚岑方龚邵倪柴姜戴洪俞孙宋杨黄施钱"
FIRST = "建国志伟文华永明春秋海江立晓子思雅慧佳嘉俊宏正光景维美玉金银云月冬祖世承"
SECOND = "军平强峰涛斌杰波红霞燕芳英娟丽敏静萍君良根林森松柏生成达定康宁安民"
BRANDS = "恒泰鑫隆盛源瑞丰宏达金龙华信东方海天新兴永昌顺和润德博远众合舜江姚北"
TRADES = (
    "五金", "塑业", "电器", "服饰", "建材", "模具", "贸易", "食品", "机械", "不锈钢制品", "物流", "装饰工程",
    "农业发展", "电子科技", "汽车配件", "园林绿化",
)  # fmt: skip
FORMS = ("有限公司", "有限公司", "有限公司", "有限责任公司", "厂", "合作社")


def make_person_name(random: Random) -> str:
    """A surname and a given name of one or two characters."""
    given = random.choice(SECOND) if random.random() < 0.25 else random.choice(FIRST) + random.choice(SECOND)
    return random.choice(SURNAMES) + given


def make_organization_name(random: Random, place: str) -> str:
    """Place, brand, trade and legal form."""
    brand = random.choice(BRANDS) + random.choice(BRANDS) + random.choice(("", "", *SECOND))
    return f"{place}{brand}{random.choice(TRADES)}{random.choice(FORMS)}"
