"""Relations of organizations."""

from datetime import date

import models
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.relation import RelationKind
from resolvers.register.relations import may_see_relation
from resolvers.visibility.about import ABOUT_PARTY
from schema.lazy_types import LazyParty
from schema.requirements import REGISTER


@row_type(models.PartyRelation, seen_by=may_see_relation, about=ABOUT_PARTY, requires=REGISTER, name="PartyRelation")
class PartyRelation(Node):
    """A legal representative (法定代表人) or affiliate (关联方) of an organization."""

    kind: RelationKind = column("What the party is to the organization (关系).")
    begins_on: date = column("The first day (起始日期).")
    ends_on: date | None = column("The last day (终止日期); none while it lasts.")
    organization: LazyParty | None = relation(models.PartyRelation.organization, "The organization (组织).")
    party: LazyParty | None = relation(
        models.PartyRelation.party, "Who represents it, or is affiliated to it (关联主体)."
    )
