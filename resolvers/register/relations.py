"""Representatives of organizations: personal data, for courts only."""

import sqlalchemy as sa

import models
from auth.audiences import Audience
from engine.declare.relations import Frame, Order, Relation
from engine.declare.sql import SQL
from resolvers.visibility.audiences import EVERYBODY, NOBODY


def may_see_relation(row: Frame, audience: Audience) -> SQL:
    return EVERYBODY if audience is Audience.COURT else NOBODY


OF_PARTY = Relation(
    models.PartyRelation,
    lambda party, relation: sa.or_(relation.organization_id == party.id, relation.party_id == party.id),
    {"id": sa.BigInteger()},
    many=True,
    orders={"BEGINS": Order(("begins_on",), descending=True)},
)
"""In both directions: of an organization, and of its representative."""
