"""Relations of organizations: for courts only."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import strawberry

import models
from auth.policy import any_of
from auth.scopes import Scope
from models.relation import RelationKind
from resolvers import relations  # noqa: F401 - says who sees them
from schema.declaring import row_type
from schema.fields import column, relation
from schema.node import Node

if TYPE_CHECKING:
    from schema.party import Party


@row_type(
    models.Relation,
    requires=any_of(Scope.REGISTER),
    name="PartyRelation",
    description="A legal representative (法定代表人) or affiliate (关联方) of an organization.",
)
class PartyRelation(Node):
    """A relation."""

    kind: RelationKind = column("kind", "What the party is to the organization (关系).")
    begins_on: date = column("begins_on", "The first day (起始日期).")
    ends_on: date | None = column("ends_on", "The last day (终止日期); none while it lasts.")
    organization: Annotated["Party", strawberry.lazy("schema.party")] | None = relation(
        models.Relation.organization, "The organization (组织)."
    )
    party: Annotated["Party", strawberry.lazy("schema.party")] | None = relation(
        models.Relation.party, "Who represents it, or is affiliated to it (关联主体)."
    )
