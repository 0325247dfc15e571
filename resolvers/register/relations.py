"""Representatives and affiliates of organizations: who sees them.

The legal representative of an organization, and organizations that are affiliated to it, are public by the regulations
on publicity of enterprise information (企业信息公示暂行条例). Numbers, former ones, and persons as affiliates are not.
"""

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from engine.declare.relations import Frame, Order, Relation
from engine.declare.sql import SQL
from models.party import PartyKind
from models.relation import RelationKind
from resolvers.joins import exists
from resolvers.view import TODAY
from resolvers.visibility.audiences import EVERYBODY, NOBODY, PARTNERS
from resolvers.visibility.reach import is_organization, is_self


def may_see_relation(row: Frame, audience: Audience) -> SQL:
    """Courts see all, litigants their own, and partners of an organization those of today that are public."""
    if audience is Audience.COURT:
        return EVERYBODY
    if audience is Audience.LITIGANT_PORTAL:
        return sa.or_(is_self(row.organization_id), is_self(row.party_id))
    if audience not in PARTNERS:
        return NOBODY
    ended = sa.func.coalesce(row.ends_on < TODAY, sa.false())
    return sa.and_(is_organization(row.organization_id), row.begins_on <= TODAY, ~ended, _is_public(row))


def _is_public(row: Frame) -> SQL:
    """Return whether the law publishes who it is: nobody under age, nobody in doubt (R16, R22)."""
    party = aliased(models.Party)
    adult = sa.and_(row.kind == RelationKind.LEGAL_REPRESENTATIVE, party.of_age_from <= TODAY)
    published = sa.or_(party.kind == PartyKind.ORGANIZATION, adult)
    return exists(party, party.id == row.party_id, ~party.held, published)


def representative(row: Frame, audience: Audience) -> SQL:
    """Return the name of who represents or is affiliated, in full: a relation that is seen is public, or one's own."""
    return _name(row.party_id)


def represented(row: Frame, audience: Audience) -> SQL:
    """Return the name of the organization."""
    return _name(row.organization_id)


def _name(key: SQL) -> SQL:
    party = aliased(models.Party)
    return sa.select(party.name).where(party.id == key).scalar_subquery()


OF_PARTY = Relation(
    models.PartyRelation,
    lambda party, relation: sa.or_(relation.organization_id == party.id, relation.party_id == party.id),
    {"id": sa.BigInteger()},
    many=True,
    orders={"BEGINS": Order(("begins_on",), descending=True)},
)
"""In both directions: of an organization, and of its representative."""

OF_ORGANIZATION = Relation(
    models.PartyRelation,
    lambda organization, relation: sa.cast(relation.organization_id == organization.id, sa.Boolean),
    {"id": sa.BigInteger()},
    many=True,
    orders={"BEGINS": Order(("begins_on",), descending=True)},
)
