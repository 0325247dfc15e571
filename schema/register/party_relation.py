"""Relations of organizations."""

from datetime import date

import models
from auth.scopes import Scope
from engine.declare.fields import column, expression, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from engine.policy import any_of
from models.relation import RelationKind
from resolvers.register import relations
from resolvers.register.relations import may_see_relation
from resolvers.visibility.about import ABOUT_PARTY
from schema.lazy_types import LazyParty
from schema.requirements import COURT_OR_SUBJECT

RELATED = any_of(Scope.REGISTER, Scope.SELF, Scope.ORGANIZATION)


@row_type(models.PartyRelation, seen_by=may_see_relation, about=ABOUT_PARTY, requires=RELATED, name="PartyRelation")
class PartyRelation(Node):
    """A legal representative (法定代表人) or affiliate (关联方) of an organization.

    Partners see legal representatives, and organizations as affiliates, as far as enterprise registers publish them.
    """

    kind: RelationKind = column("What the party is to the organization (关系).")
    begins_on: date = column("The first day (起始日期).")
    ends_on: date | None = column("The last day (终止日期); none while it lasts.")
    name: str = expression(relations.representative, "Its name (姓名或名称).")
    organization_name: str = expression(relations.represented, "The name of the organization (组织名称).")
    organization: LazyParty | None = relation(
        models.PartyRelation.organization, "The organization (组织).", requires=COURT_OR_SUBJECT
    )
    party: LazyParty | None = relation(
        models.PartyRelation.party, "Who represents it, or is affiliated to it (关联主体).", requires=COURT_OR_SUBJECT
    )
