"""The catalogue of what is shared: a row for each field, as the regulation on sharing government data names its columns
(政务数据共享条例: 数据目录)."""

import csv
import re
from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Any

from graphql import GraphQLSchema

from auth.audiences import PURPOSES, Audience, scopes_of
from engine.engine import Engine
from engine.policy import Policy, UndeclaredError
from languages.negotiation import Language
from languages.words import read_values
from schema.sharing.declarations import Declaration, find_mistakes, list_declarations, read_terms

COLUMNS: Mapping[str, Mapping[Language, str]] = {
    "resource": {Language.ZH: "数据资源", Language.EN: "resource"},
    "provider": {Language.ZH: "提供单位", Language.EN: "provider"},
    "field": {Language.ZH: "数据项", Language.EN: "field"},
    "coordinate": {Language.ZH: "接口字段", Language.EN: "coordinate"},
    "level": {Language.ZH: "数据级别", Language.EN: "level"},
    "basis": {Language.ZH: "法律依据", Language.EN: "legal basis"},
    "attribute": {Language.ZH: "共享属性", Language.EN: "sharing attribute"},
    "purposes": {Language.ZH: "使用目的", Language.EN: "purposes"},
    "rhythm": {Language.ZH: "更新频率", Language.EN: "rhythm"},
    "recipients": {Language.ZH: "接收方", Language.EN: "recipients"},
    "retention": {Language.ZH: "保存期限", Language.EN: "retention"},
}
PROVIDER = {Language.ZH: "作出记录的法院", Language.EN: "the court that recorded it"}
OWN = frozenset({Audience.COURT, Audience.LITIGANT_PORTAL, Audience.AUDITOR})
"""The court itself, the subject, and who supervises: what goes to them is not sharing."""

CHINESE = re.compile(r"[(（]([^()（）]*[\u4e00-\u9fff][^()（）]*)[)）]")
JOINTS = {Language.ZH: "、", Language.EN: ", "}


def write_data_catalogue(engine: Engine, language: Language, provider: str = "") -> str:
    """Return the catalogue as CSV. Raises UndeclaredError if a field is not declared, or a declaration is wrong."""
    schema = engine.graphql
    if mistakes := find_mistakes(schema, list_declarations()):
        raise UndeclaredError("\n".join(mistakes))
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([names[language] for names in COLUMNS.values()])
    writer.writerows(row.values() for row in list_resources(schema, engine.policy, language, provider))
    return text.getvalue()


def list_resources(
    schema: GraphQLSchema, policy: Policy, language: Language, provider: str = ""
) -> Iterator[dict[str, str]]:
    """Return a row for each field, with the columns of COLUMNS. provider: by default the court that recorded it."""
    for one in list_declarations():
        type_: Any = schema.type_map[one.type]
        recipients = list_recipients(policy, one)
        yield {
            "resource": _name(type_.description, one.type, language),
            "provider": provider or PROVIDER[language],
            "field": _name(type_.fields[one.field].description, one.field, language),
            "coordinate": one.coordinate,
            "level": _tell("level", one.level, language),
            "basis": _tell("basis", one.basis, language),
            "attribute": _tell("attribute", get_attribute(one, recipients), language),
            "purposes": JOINTS[language].join(_list_purposes(recipients, language)),
            "rhythm": _tell("rhythm", one.rhythm, language),
            "recipients": JOINTS[language].join(_word("Audience", audience, language) for audience in recipients),
            "retention": _tell("retention", one.retention, language),
        }


def list_recipients(policy: Policy, one: Declaration) -> list[Audience]:
    """Return the audiences whose scopes reach a field. Which rows they see is told by docs/visibility.md."""
    return [audience for audience in Audience if policy.permits(one.coordinate, scopes_of(audience))]


def get_attribute(one: Declaration, recipients: list[Audience]) -> str:
    """Return the sharing attribute: without conditions what is public and told to everybody, under conditions what
    partners receive by scope, purpose and consent, and not shared what stays with court, subject and auditor."""
    if OWN.issuperset(recipients):
        return "WITHHELD"
    public = one.level == "PUBLIC" and Audience.PUBLIC_PORTAL in recipients
    return "UNCONDITIONAL" if public else "CONDITIONAL"


def _list_purposes(recipients: list[Audience], language: Language) -> list[str]:
    given = {purpose for audience in recipients for purpose in PURPOSES[audience]}
    return sorted(_word("Purpose", purpose, language) for purpose in given)


def _tell(kind: str, code: str, language: Language) -> str:
    return read_terms()[kind, code][language]


def _word(enum: str, value: str, language: Language) -> str:
    word = read_values().get((enum, value))
    return word.chinese if word and language is Language.ZH else str(value)


def _name(description: str | None, name: str, language: Language) -> str:
    """Return the term of a description: the Chinese one stands in brackets."""
    found = CHINESE.search(description or "") if language is Language.ZH else None
    return found[1].split(",")[0].split("，")[0].strip() if found else name
