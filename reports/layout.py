"""The layout of a report, in Chinese and English, for the page and the PDF."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from models.terms import COURT_TIME

WORDS = {
    "RED": "红色 red",
    "YELLOW": "黄色 yellow",
    "BLUE": "蓝色 blue",
    "GOLD": "金色 gold",
    "GREEN": "绿色 green",
    "FILING": "立案 filing",
    "TRIAL": "审理 trial",
    "ENFORCEMENT": "执行 enforcement",
    "FINE": "罚款 fine",
    "DETENTION": "拘留 detention",
    "CONVICTION": "刑事处罚 conviction",
    "ADMONITION": "训诫 admonition",
    "ORDERED_OUT": "责令退出法庭 ordered out",
    "DISHONEST_DEBTOR": "失信被执行人 dishonest debtor",
    "PROFESSIONAL_LENDER": "职业放贷人 professional lender",
    "PLAINTIFF": "原告 plaintiff",
    "DEFENDANT": "被告 defendant",
    "THIRD_PARTY": "第三人 third party",
    "ENFORCEMENT_APPLICANT": "申请执行人 enforcement applicant",
    "JUDGMENT_DEBTOR": "被执行人 judgment debtor",
    "AGENT": "代理人 agent",
    "WITNESS": "证人 witness",
    "APPRAISER": "鉴定人 appraiser",
    "ASSISTING_BODY": "协助义务人 assisting body",
    "BIDDER": "竞买人 bidder",
    "OUTSIDER": "案外人 outsider",
    "SELF": "本人出示 shown by its subject",
    "LOAN_APPROVAL": "贷款审批 loan approval",
    "GUARANTEE_REVIEW": "担保审查 guarantee review",
    "POST_LOAN_MONITORING": "贷后管理 post-loan monitoring",
    "INCENTIVE_LOAN": "诚信履行贷 incentive loan",
    "EMPLOYMENT_CHECK": "就业核查 employment check",
    "SENIOR_POST_QUALIFICATION": "高管任职资格 senior post",
    "person.credit.read": "信用码与扣分 colour and deductions",
    "person.integrity.read": "名单与履行证明 lists and certificates",
}
"""The labels of codes of the schema."""

STATUSES = {
    "VALID": "有效 valid",
    "EXPIRED": "已过有效期 expired",
    "REVOKED": "已被本人撤回 withdrawn by its subject",
    "SUPERSEDED": "记录已变更，请本人重新出具 no longer what courts hold: its subject may have a new one issued",
}

Value = Any
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """A table of records. heads: of its columns. total: number of records, which may exceed the rows."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    total: int


@dataclass(frozen=True)
class ReportLayout:
    """A report as facts, tables and notices."""

    number: str
    colour: str | None
    facts: Sequence[tuple[str, str]]
    tables: Sequence[Table]
    notices: Sequence[str]


Column = tuple[str, Callable[[Row], Value]]
COURT: Column = ("法院 Court", lambda row: row["court"]["name"])
RECORDS: Sequence[Column] = (
    ("颜色 Colour", lambda row: row["colour"]),
    ("类型 Type", lambda row: f"{row['type']['code']} {row['type']['name']}"),
    ("生效 From", lambda row: row["effectiveOn"]),
    ("期满 Until", lambda row: row["endsOn"]),
    COURT,
)
DEDUCTIONS: Sequence[Column] = (
    ("行为 Behaviour", lambda row: f"{row['behaviour']['code']} {row['behaviour']['name']}"),
    ("诉讼地位 Role", lambda row: row["role"]),
    ("环节 Stage", lambda row: row["stage"]),
    ("扣分 Points", lambda row: row["points"]),
    ("认定 Determined", lambda row: row["determinedOn"]),
    ("异议 Objection", lambda row: "处理中 open" if row["underObjection"] else None),
    ("案号 Case", lambda row: (row["case"] or {}).get("number")),
)
SANCTIONS: Sequence[Column] = (
    ("种类 Kind", lambda row: row["kind"]),
    ("金额（元） CNY", lambda row: row["amount"]),
    ("天数 Days", lambda row: row["days"]),
    ("决定 Decided", lambda row: row["decidedOn"]),
    COURT,
)
LISTINGS: Sequence[Column] = (
    ("名单 List", lambda row: row["kind"]),
    ("情形 Ground", lambda row: row["grounds"]),
    ("履行情况 Performed", lambda row: row["performance"]),
    ("发布 Published", lambda row: row["publishedOn"]),
    COURT,
)
CERTIFICATES: Sequence[Column] = (
    ("编号 Number", lambda row: row["number"]),
    ("案号 Case", lambda row: row["caseNumber"]),
    ("履行完毕 Performed", lambda row: row["performedOn"]),
    ("出具 Issued", lambda row: row["issuedOn"]),
)
TABLES: Mapping[str, tuple[str, Sequence[Column]]] = {
    "records": ("信用码记录 Records behind the colour", RECORDS),
    "codeRecords": ("有效红码记录 Serious records", RECORDS),
    "deductions": ("扣分记录 Deductions", DEDUCTIONS),
    "sanctions": ("司法制裁 Sanctions", SANCTIONS),
    "listings": ("名单信息 Public lists", LISTINGS),
    "certificates": ("自动履行证明 Performance certificates", CERTIFICATES),
}
"""The tables by field, in order. A missing field was not chosen and has no table."""


def lay_out(claims: Mapping[str, Any]) -> ReportLayout:
    """Return the layout of signed claims."""
    party = claims["subject"]["party"] or {}
    code = party.get("creditCode")
    fields = {**party, **({"records": code["records"]} if code else {})}
    return ReportLayout(
        number=claims["report"]["number"],
        colour=code and code["colour"],
        facts=_facts(claims, code),
        tables=[_table(name, fields[name]) for name in TABLES if fields.get(name) is not None],
        notices=claims["report"]["notices"],
    )


def format_moment(seconds: int) -> str:
    """Format a moment in court time."""
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone(COURT_TIME):%Y-%m-%d %H:%M:%S}"


def translate(value: Value) -> str:
    """Return the label of a value; a dash for None."""
    return "—" if value is None else WORDS.get(str(value), str(value))


def _facts(claims: Mapping[str, Any], code: Row | None) -> list[tuple[str, str]]:
    subject, report = claims["subject"], claims["report"]
    facts = [
        ("姓名/名称 Name", subject["name"]),
        ("证件号码 Number", subject["maskedNumber"]),
        ("报告编号 Report", report["number"]),
        ("用途 Purpose", translate(report["purpose"])),
        ("出示范围 Shown", "；".join(translate(scope) for scope in report["scopes"])),
        ("出具时间 Issued", format_moment(claims["iat"])),
        ("有效期至 Valid until", format_moment(claims["exp"])),
        ("最新批次 Latest month", translate(report["latestMonth"])),
        ("目录 Catalogue", " · ".join(filter(None, report["catalogue"].values())) or "—"),
        ("出具服务 Issuer", claims["iss"]),
    ]
    if code:
        facts.append(
            (
                "信用码 Colour",
                f"{translate(code['colour'])} ({translate(code['since'])} – {translate(code['changesOn'])})",
            )
        )
    if subject["party"] is None:
        facts.append(("记录 Records", "各法院没有可出示的记录 courts hold nothing that is shown"))
    return facts


def _table(name: str, found: Any) -> Table:
    title, columns = TABLES[name]
    rows = found if isinstance(found, list) else found["nodes"]
    total = len(rows) if isinstance(found, list) else found["totalCount"]
    cells = [[translate(read(row)) for _, read in columns] for row in rows]
    return Table(title, [head for head, _ in columns], cells, total)
