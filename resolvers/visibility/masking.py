"""Masking of names and numbers, by audience and confidentiality of the case (R16-R18).

Values are masked in SQL and do not leave the database. Names are masked as in court documents: the surname stays, the
given name becomes 某 (法释〔2016〕19号, article 9).
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
from resolvers.visibility.publicity import has_published
from resolvers.visibility.reach import is_self

COMPOUND_SURNAMES = tuple(
    "欧阳 司马 上官 诸葛 夏侯 尉迟 皇甫 公孙 慕容 令狐 长孙 宇文 东方 独孤 南宫 司徒 端木 百里 申屠 淳于 "  # noqa: SIM905
    "单于 钟离 轩辕 闻人 赫连 澹台 濮阳 太史 公冶 宗政 鲜于 仲孙 亓官 司空 闾丘 子车 颛孙 万俟 拓跋 呼延".split()
)


def mask_name(name: SQL) -> SQL:
    """Mask a name: 陈守信 becomes 陈某某, 欧阳锋 becomes 欧阳某; a name with a dot keeps its first character."""
    compound = sa.and_(sa.func.left(name, 2).in_(COMPOUND_SURNAMES), sa.func.length(name) > 2)
    surname = sa.func.left(name, sa.case((compound, 2), else_=1))
    given = sa.case((sa.func.length(name) - sa.func.length(surname) >= 2, "某某"), else_="某")
    return sa.case(
        (name.contains("·"), sa.func.concat(sa.func.left(name, 1), "某")), else_=sa.func.concat(surname, given)
    )


def party_name(party: Frame, audience: Audience) -> SQL:
    """Return the name in full for courts, partners, organizations and the party itself; masked otherwise. To the public
    the names of organizations are masked where a court that published about them says so."""
    name: SQL = party.name
    if audience is Audience.COURT or audience in PARTNERS:
        return name
    organization: SQL = party.kind == PartyKind.ORGANIZATION
    if audience is Audience.PUBLIC_PORTAL:
        masked = (sa.and_(organization, _is_masked_by_a_court(party)), mask_organization(name))
        return sa.case(masked, (organization, name), else_=mask_name(name))
    clear = [organization]
    if audience is Audience.LITIGANT_PORTAL:
        clear.append(is_self(party.id))
    return sa.case((sa.or_(*clear), name), else_=mask_name(name))


def mask_organization(name: SQL) -> SQL:
    """Mask the name of an organization: 宁波失信建材有限公司 becomes 宁波某某公司; a short one keeps one character."""
    long = sa.func.concat(sa.func.left(name, 2), "某某", sa.func.right(name, 2))
    return sa.case((sa.func.length(name) > 6, long), else_=sa.func.concat(sa.func.left(name, 1), "某某"))


def _is_masked_by_a_court(party: Frame) -> SQL:
    """Return whether a court that masks the names of organizations has published an item about this one."""
    court = aliased(models.Court)
    return sa.select(court.code).where(court.masks_organizations, has_published(court.code, party.id)).exists()


def party_number(party: Frame, audience: Audience) -> SQL:
    """Return the masked number; null for the public portal (DOMAIN 3), and masked further for the credit platform."""
    identity = aliased(models.Identity)
    stored: SQL = sa.select(identity.masked).where(identity.party_id == party.id, identity.main).scalar_subquery()
    if audience is Audience.PUBLIC_PORTAL:
        return sa.null()
    if audience is Audience.CREDIT_PLATFORM:
        strict = sa.func.concat(sa.func.left(stored, 1), "*" * 16, sa.func.right(stored, 1))
        return sa.case((party.kind == PartyKind.PERSON, strict), else_=stored)
    return stored


def case_number(case: Frame, audience: Audience) -> SQL:
    """Return the case number; null outside the court for trade secrets and family cases (R16)."""
    return _withheld(case.confidentiality, case.number, audience)


def listed_case_number(item: Frame, audience: Audience) -> SQL:
    """Return the case number that an item holds as text, masked like that of its case."""
    return _withheld(_kind_of_case(item), sa.func.nullif(item.case_number, ""), audience)


def listed_obligation(item: Frame, audience: Audience) -> SQL:
    """Return the obligation in the court's words; null where it may name a family or a secret (R16)."""
    return _withheld(_kind_of_case(item), item.obligation, audience)


def _kind_of_case(item: Frame) -> SQL:
    """Return the confidentiality of an item's case, by key or by number."""
    tied, named = aliased(models.CourtCase), aliased(models.CourtCase)
    return sa.func.coalesce(
        sa.select(tied.confidentiality).where(tied.id == item.case_id).scalar_subquery(),
        sa.select(named.confidentiality).where(named.number == item.case_number).scalar_subquery(),
    )


def _withheld(confidentiality: SQL, number: SQL, audience: Audience) -> SQL:
    if audience in {Audience.COURT, Audience.LITIGANT_PORTAL}:
        return number
    return sa.case((confidentiality.in_(NUMBER_WITHHELD), None), else_=number)
