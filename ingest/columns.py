"""What the columns of files hold, and which column the error of a line is about."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from ingest.records import Format
from ingest.report import LineError
from ingest.subjects import TEXT_LENGTH, read_name, read_text
from languages.sentence import say
from models.case_numbers import parse_case_number
from models.dates import parse_date
from models.documents import DocumentKind, parse_document
from models.identifiers import IdentifierError
from models.vocabulary import WordKind


@dataclass(frozen=True)
class ColumnForm:
    """The form of a column. codes: the reasons for which its cells are rejected. form: what it holds. read: raises the
    error of a cell by itself; None if more is needed. label: the Chinese name, if the column has another.
    """

    codes: tuple[str, ...]
    form: str
    example: str
    read: Callable[[str], object] | None = None
    label: str = ""

    def labelled(self, label: str) -> "ColumnForm":
        return replace(self, label=label)


class Explained(NamedTuple):
    """A column of a format. required: whether a file must have it. filled: whether its cells must have a value."""

    name: str
    required: bool
    filled: bool
    column: ColumnForm


def _make_text(code: str, example: str, limit: int = TEXT_LENGTH) -> ColumnForm:
    return ColumnForm((code,), say("a text"), example, partial(read_text, code=code, limit=limit))


def _make_word(code: str, kind: WordKind, example: str) -> ColumnForm:
    return ColumnForm((code,), say("a word of vocabulary/{kind}.csv", kind=kind.value), example)


DAY = ColumnForm(("DATE",), say("a day, such as 2021-03-05, 20210305 or 2021年3月5日"), "2021-03-05", parse_date)
CASE = ColumnForm(("CASE_NUMBER", "CASE_UNKNOWN"), say("a case number"), "(2021)浙0281民初202号", parse_case_number)
COURT = ColumnForm(("COURT",), say("the full name of a court"), "余姚市人民法院")
NAME = ColumnForm(("NAME",), say("a name"), "魏宇华", read_name)
NUMBER = ColumnForm(("ID_NUMBER",), say("an identity number or a unified social credit code"), "91330281999999911U")
OWN_CODE = ColumnForm(("ID_NUMBER",), say("a unified social credit code"), "91330281999999911U")
OWN_CODE = replace(OWN_CODE, read=partial(parse_document, DocumentKind.UNIFIED_SOCIAL_CREDIT_CODE))
DOCUMENT = _make_word("ID_TYPE", WordKind.DOCUMENT, "居民身份证")
BEHAVIOUR = ColumnForm(("BEHAVIOUR",), say("a behaviour code of the catalogue"), "T01")
CHOICE = say("one of {words}", words="失信被执行人、职业放贷人")
TIE = say("one of {words}", words="法定代表人、负责人、关联方、关联企业")

COLUMNS: Mapping[str, ColumnForm] = {
    **dict.fromkeys(("案号", "关联案号", "相关案号", "决定书案号", "判决书号"), CASE),
    **dict.fromkeys(("经办法院", "判决法院", "认定法院"), COURT),
    **dict.fromkeys(("姓名或名称", "被处罚人", "义务人", "姓名", "组织名称"), NAME),
    "证件号码": NUMBER,
    "统一社会信用代码": OWN_CODE,
    **dict.fromkeys(
        (
            "立案日期", "结案日期", "决定日期", "生效日期", "撤销日期", "履行完毕日期", "出具日期", "认定日期",
            "退出日期", "行为日期", "判决日期", "刑期起", "刑期止", "履行日期", "发布日期", "公示期满日", "结束日期",
            "入册日期", "迁出日期", "起始日期", "终止日期",
        ),
        DAY,
    ),
    "证件类型": DOCUMENT,
    "行为代码": BEHAVIOUR,
    "案由": _make_text("CAUSE", "民间借贷纠纷", 200),
    "诉讼地位": _make_word("ROLE", WordKind.ROLE, "原告"),
    "当事人类型": _make_word("PARTY_TYPE", WordKind.PARTY_KIND, "自然人"),
    "村社区": _make_text("VILLAGE", "马渚镇四联村", 100),
    "不公开": _make_word("CONFIDENTIALITY", WordKind.YES_NO, "否"),
    "承办部门": _make_text("DIVISION", "民事审判庭", 100),
    "处罚种类": _make_word("SANCTION", WordKind.SANCTION, "拘留"),
    "金额或期限": ColumnForm(("AMOUNT", "DAYS"), say("an amount in CNY, or a number of days"), "15日"),
    "证明书编号": ColumnForm(("CERTIFICATE_NUMBER",), say("a text"), "甬履证1"),
    "依据": _make_text("TEXT", "借贷案件"),
    "名单": ColumnForm(("LIST",), CHOICE, "失信被执行人"),
    "退出原因": _make_word("REMOVAL_REASON", WordKind.REMOVAL_REASON, "履行完毕"),
    "罪名": _make_text("TEXT", "拒不执行判决、裁定罪", 200),
    "文书号": _make_text("TEXT", "(2021)浙0281民初202号调解书", 200),
    "扣分": ColumnForm(("POINTS",), say("a whole number of points"), "3"),
    "认定文书种类": _make_word("FINDING", WordKind.FINDING, "笔录"),
    "认定文书号": _make_text("FINDING", "笔录1", 200),
    "状态": _make_word("STATE", WordKind.DEDUCTION_STATE, "公示中"),
    "结束原因": _make_text("TEXT", "信用修复"),
    "户号": _make_text("HOUSEHOLD", "NH-1", 100),
    "与户主关系": _make_text("TEXT", "户主", 100),
    "授权书号": _make_text("AUTHORISATION", "授2024-0001", 100),
    "授权日期": replace(DAY, codes=("DATE", "AUTHORISATION")),
    "关系": ColumnForm(("RELATION",), TIE, "法定代表人"),
    "iname": NAME.labelled("被执行人姓名或名称"),
    "cardNum": NUMBER.labelled("证件号码"),
    "partyTypeName": _make_word("PARTY_TYPE", WordKind.LISTED_KIND, "0").labelled("被执行人类型"),
    "courtName": COURT.labelled("执行法院"),
    "caseCode": CASE.labelled("案号"),
    "gistId": _make_text("TEXT", "(2021)浙0281民初591号").labelled("执行依据文号"),
    "gistUnit": _make_text("TEXT", "余姚市人民法院").labelled("作出执行依据单位"),
    "regDate": DAY.labelled("立案时间"),
    "publishDate": DAY.labelled("发布时间"),
    "duty": _make_text("TEXT", "支付借款本金").labelled("法律文书确定的义务"),
    "performance": _make_text("TEXT", "全部未履行").labelled("被执行人的履行情况"),
    "disruptTypeName": _make_text("TEXT", "违反财产报告制度").labelled("失信行为具体情形"),
}  # fmt: skip
"""The columns of all formats by name."""


def explain_columns(format: type[Format]) -> Iterator[Explained]:
    """Yield the columns of a format in their order."""
    for name in (*format.columns, *format.optional):
        required = name in format.columns
        yield Explained(name, required, required and name not in format.blank, COLUMNS[name])


def locate_error(format: Format, cells: Sequence[str], error: IdentifierError, hint: str) -> IdentifierError:
    """Return the error of a line with the name of the column that it is about, if it is about one.

    hint: what is said of an empty cell, after that it is empty.
    """
    found = _find(format, cells, error)
    if found is None:
        return error
    one, cell = found
    word = getattr(error, "word", "")
    if one.filled and not cell:
        return LineError(error.code, f"The column {one.name} is empty: write {one.column.form}.{hint}", word)
    return error if one.name in str(error) else LineError(error.code, f"{one.name}: {error}", word)


def _find(format: Format, cells: Sequence[str], error: IdentifierError) -> tuple[Explained, str] | None:
    """The column that an error is about, with its cell: of the columns with its code, the first that is empty, the
    first whose cell raises it, or the only one.
    """
    pairs = zip(explain_columns(type(format)), cells, strict=True)
    own = [(one, cell) for one, cell in pairs if error.code in one.column.codes]
    blank = format.context.vocabulary.blank
    empty = [(one, cell) for one, cell in own if one.filled and not cell]
    raising = [(one, cell) for one, cell in own if not blank(cell) and _raises(one.column, cell, error)]
    unread = [(one, cell) for one, cell in own if one.column.read is None]
    return next((group[0] for group in (empty[:1], raising[:1], unread, own) if len(group) == 1), None)


def _raises(column: ColumnForm, cell: str, error: IdentifierError) -> bool:
    try:
        _ = column.read and column.read(cell)
    except IdentifierError as found:
        return str(found) == str(error)
    return False
