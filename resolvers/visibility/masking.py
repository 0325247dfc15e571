"""What is shown of names and numbers, by audience and by the kind of case (R16-R18).

SQL expressions, so that a value that may not be seen never leaves the database. Names are masked as court documents
are: the surname stays, the given name becomes 某 (法释〔2016〕19号, article 9).
"""

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from engine.declare.relations import Frame
from engine.declare.sql import SQL
from models.court_case import NUMBER_WITHHELD
from models.party import PartyKind
from resolvers.visibility.audiences import PARTNERS
from resolvers.visibility.reach import is_self

COMPOUND_SURNAMES = tuple(
    "欧阳 司马 上官 诸葛 夏侯 尉迟 皇甫 公孙 慕容 令狐 长孙 宇文 东方 独孤 南宫 司徒 端木 百里 申屠 淳于 "  # noqa: SIM905
    "单于 钟离 轩辕 闻人 赫连 澹台 濮阳 太史 公冶 宗政 鲜于 仲孙 亓官 司空 闾丘 子车 颛孙 万俟 拓跋 呼延".split()
)


def mask_name(name: SQL) -> SQL:
    """陈守信 becomes 陈某某, 欧阳锋 becomes 欧阳某, a name with a dot keeps its first character."""
    compound = sa.and_(sa.func.left(name, 2).in_(COMPOUND_SURNAMES), sa.func.length(name) > 2)
    surname = sa.func.left(name, sa.case((compound, 2), else_=1))
    given = sa.case((sa.func.length(name) - sa.func.length(surname) >= 2, "某某"), else_="某")
    return sa.case(
        (name.contains("·"), sa.func.concat(sa.func.left(name, 1), "某")), else_=sa.func.concat(surname, given)
    )


def party_name(party: Frame, audience: Audience) -> SQL:
    """In full to the court, to a partner that named the party itself, to the party itself; else persons are masked."""
    name: SQL = party.name
    if audience is Audience.COURT or audience in PARTNERS:
        return name
    clear = [party.kind == PartyKind.ORGANIZATION]
    if audience is Audience.LITIGANT_PORTAL:
        clear.append(is_self(party.id))
    return sa.case((sa.or_(*clear), name), else_=mask_name(name))


def party_number(party: Frame, audience: Audience) -> SQL:
    """The masked number; none where the public looks a name up (DOMAIN 3), and stricter for the credit platform."""
    identity = aliased(models.Identity)
    stored: SQL = sa.select(identity.masked).where(identity.party_id == party.id, identity.main).scalar_subquery()
    if audience is Audience.PUBLIC_PORTAL:
        return sa.null()
    if audience is Audience.CREDIT_PLATFORM:
        strict = sa.func.concat(sa.func.left(stored, 1), "*" * 16, sa.func.right(stored, 1))
        return sa.case((party.kind == PartyKind.PERSON, strict), else_=stored)
    return stored


def case_number(case: Frame, audience: Audience) -> SQL:
    """Withheld outside the court for trade secrets and families (R16)."""
    return _withheld(case.confidentiality, case.number, audience)


def listed_case_number(item: Frame, audience: Audience) -> SQL:
    """The case number that an item carries as text, withheld like its case's own; null where there is none."""
    return _withheld(_kind_of_case(item), sa.func.nullif(item.case_number, ""), audience)


def listed_obligation(item: Frame, audience: Audience) -> SQL:
    """What was to be performed, in the court's words: withheld where they may name a family or a secret (R16)."""
    return _withheld(_kind_of_case(item), item.obligation, audience)


def _kind_of_case(item: Frame) -> SQL:
    """The confidentiality of an item's case, tied or only named."""
    tied, named = aliased(models.CourtCase), aliased(models.CourtCase)
    return sa.func.coalesce(
        sa.select(tied.confidentiality).where(tied.id == item.case_id).scalar_subquery(),
        sa.select(named.confidentiality).where(named.number == item.case_number).scalar_subquery(),
    )


def _withheld(confidentiality: SQL, number: SQL, audience: Audience) -> SQL:
    if audience in {Audience.COURT, Audience.LITIGANT_PORTAL}:
        return number
    return sa.case((confidentiality.in_(NUMBER_WITHHELD), None), else_=number)
