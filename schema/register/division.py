"""Divisions of courts."""

import models
from engine.declare.fields import column
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from resolvers.visibility.items import may_see_own_court
from schema.requirements import REGISTER


@row_type(models.Division, seen_by=may_see_own_court, requires=REGISTER)
class Division(Node):
    """A division of a court, to which cases are transferred (审判庭、执行局)."""

    name: str = column("Its name (庭室名称).")
