"""Adverse-action notices as text, and as PDF typeset from `adverse_notice.typ`."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
import typst

from casework.adverse_notices import NoticeFacts
from reports.glyphs import FONTS, replace_missing
from reports.layout import format_moment, translate

TEMPLATE = Path(__file__).with_name("adverse_notice.typ")
TITLE = "不利决定告知书"
MOST_LINES = 200
SKIPPED = frozenset({"__typename", "id", "cursor", "endCursor", "startCursor", "receipt"})
"""Members of an answer that tell its reader nothing."""

RIGHTS = (
    "本决定参考了下列诉讼信用查询结果。该结果不是自动化决策，不得作为决定的唯一依据；您有权要求作出决定的机构予以说明，并有权拒绝"
    "仅通过自动化决策的方式作出的决定（个人信息保护法第二十四条）。"
    " The decision used the answer below, which is no automated decision and must not be its sole ground. You may "
    "demand an explanation of whoever decided, and refuse a decision by automated means alone (PIPL 24).",
    "对其中记录有异议的，可向作出记录的法院诉讼信用管理中心提出，一个月内答复；也可由作出决定的机构转交。"
    " Objections to a record go to the Litigation Credit Management Centre of the court that made it, which answers "
    "within a month; whoever decided can forward them.",
    "本告知书所列查询已记入访问日志，您可在诉讼服务平台查阅；凭收据可以核验该结果是否真实。"
    " The look-up is in your own access log; the receipt proves what was answered.",
)
LABELS = {
    "outcome": "核查结果",
    "colour": "信用码颜色",
    "grade": "风险等级",
    "name": "名称",
    "points": "扣分",
    "endsOn": "期满日期",
    "effectiveOn": "生效日期",
    "publishedOn": "发布日期",
    "kind": "种类",
    "code": "代码",
    "role": "诉讼地位",
    "number": "编号",
    "behaviour": "失信行为",
    "records": "信用码记录",
    "deductions": "扣分记录",
    "listings": "名单信息",
    "creditCode": "信用码",
    "reasons": "理由",
    "notice": "告知",
}


@dataclass(frozen=True)
class NoticeLayout:
    """A notice as facts, lines of the answer, and rights. day: of the decision. total: of the lines, of which the first
    are given."""

    title: str
    day: str
    facts: list[tuple[str, str]]
    lines: list[tuple[str, str]]
    total: int
    rights: list[str]


def lay_out_notice(notice: NoticeFacts, issuer: str) -> NoticeLayout:
    """Return the layout of a notice. issuer: the address of the service."""
    decision = notice.decision
    facts = [
        ("被告知人 To", decision.addressee),
        ("作出决定的机构 Decided by", notice.decider),
        ("机构业务编号 Reference", decision.reference),
        ("决定 Decision", decision.what),
        ("决定日期 Decided on", decision.decided_on.isoformat()),
        ("理由 Reasons", decision.reasons),
        ("自动化决策 Automated", "是 yes" if decision.automated else "否，有人工参与 no, a person took part"),
        ("联系方式 Contact", decision.contact),
        ("查询时间 Looked up", format_moment(int(notice.answered_at.timestamp()))),
        ("查询用途 Purpose", translate(notice.purpose.value)),
        ("授权书 Consent", str(notice.letter or "—")),
        ("查询编号 Request", str(notice.request_id)),
        ("应答服务 Answered by", issuer),
        ("应答摘要 SHA-256 of the answer", notice.answer.hex()),
        ("提问摘要 SHA-256 of the question", notice.question.hex()),
    ]
    lines = list(_flatten(notice.data, ()))
    return NoticeLayout(TITLE, decision.decided_on.isoformat(), facts, lines[:MOST_LINES], len(lines), list(RIGHTS))


def _flatten(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield the values of an answer with their places."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in SKIPPED:
                yield from _flatten(inner, (*path, LABELS[name] if name in LABELS else str(name)))
    elif isinstance(value, list):
        for place, inner in enumerate(value, 1):
            yield from _flatten(inner, (*path, str(place)))
    elif value is not None:
        yield " › ".join(path), str(translate(value))


def write_text(laid: NoticeLayout) -> str:
    """Return a notice as plain text."""
    cut = [f"（共 {laid.total} 项，列出 {len(laid.lines)} 项）"] if laid.total > len(laid.lines) else []
    facts = [f"{name}：{value}" for name, value in laid.facts]
    lines = [f"{name}：{value}" for name, value in laid.lines]
    return "\n".join([laid.title, "", *facts, "", "查询结果 The answer", *lines, *cut, "", *laid.rights, ""])


def typeset_notice(laid: NoticeLayout) -> bytes:
    """Return a notice as PDF. Blocking, to be run in a thread."""
    printable = asdict(laid)
    for part in ("facts", "lines"):
        printable[part] = [[replace_missing(cell) for cell in row] for row in printable[part]]
    given = {"notice": orjson.dumps(printable).decode()}
    made: bytes = typst.compile(
        TEMPLATE, font_paths=[FONTS], ignore_system_fonts=True, sys_inputs=given, pdf_standards="a-2a"
    )
    return made
