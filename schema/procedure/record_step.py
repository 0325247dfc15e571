"""Steps that staff took with sanctions, certificates, list entries, code records and notices."""

from datetime import datetime
from typing import Any

import models
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.court import StaffRole
from resolvers.procedure.record_steps import steps_of
from resolvers.visibility.about import ABOUT_PARTY
from resolvers.visibility.items import may_see_own_court
from schema.requirements import PROCEDURE


@row_type(models.RecordStep, seen_by=may_see_own_court, about=ABOUT_PARTY, requires=PROCEDURE)
class RecordStep(Node):
    """A step that a member of staff took with a matter: who, when, why (办理节点)."""

    staff_role: StaffRole = column("The role of who took it (经办角色).")
    taken_at: datetime = column("When (时间).")
    reason: str = column("Why (理由).")


def record_steps(column: str) -> Any:
    """Declare the edge from a record to its steps. column: the column of a step that refers to the record."""
    return relation(steps_of(column), "What staff did with it, and why (办理节点).", requires=PROCEDURE)
