"""Villages and households."""

import models
from auth.scopes import Scope
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from engine.policy import any_of
from resolvers.visibility.predicates import may_see_household, may_see_village

MORAL_BANK = any_of(Scope.CONVERSION, Scope.REGISTER)


@row_type(models.Village, seen_by=may_see_village, requires=any_of(Scope.CONVERSION, Scope.NOTICE, Scope.REGISTER))
class Village(Node):
    """A village or community (村社区)."""

    name: str = column("Name with its township (名称).")


@row_type(models.Household, seen_by=may_see_household, requires=MORAL_BANK)
class Household(Node):
    """A household (农户家庭), to which moral points belong."""

    key: str = column("The key that the moral bank knows it by (家庭编号).")
    village: Village = relation(models.Household.village, "Its village (所属村社).")
