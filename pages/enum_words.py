"""The words for members of the schema's enums, in Chinese; the catalogue of translations has them in English."""

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "DEDUCTION": "失信扣分",
    "DISHONEST_DEBTOR": "失信被执行人",
    "PROFESSIONAL_LENDER": "职业放贷人",
    "DISHONEST_LITIGANT": "不诚信诉讼人",
    "RED_RECORD": "红码记录",
    "PLAINTIFF": "原告",
    "DEFENDANT": "被告",
    "THIRD_PARTY": "第三人",
    "ENFORCEMENT_APPLICANT": "申请执行人",
    "JUDGMENT_DEBTOR": "被执行人",
    "AGENT": "代理人",
    "WITNESS": "证人",
    "APPRAISER": "鉴定人",
    "ASSISTING_BODY": "协助义务人",
    "BIDDER": "竞买人",
    "OUTSIDER": "案外人",
    "FILING": "立案",
    "TRIAL": "审理",
    "ENFORCEMENT": "执行",
    "MINOR": "轻微",
    "ORDINARY": "一般",
    "SERIOUS": "严重",
    "RED": "红码",
    "YELLOW": "黄码",
    "BLUE": "蓝码",
    "GOLD": "金码",
    "GREEN": "绿码",
    "MONTHLY": "月度通报",
    "TYPICAL_CASES": "典型案例",
}


def name_member(member: str) -> str:
    """Return the Chinese word for a member of an enum; the member itself if it has none."""
    return WORDS.get(member, member)
