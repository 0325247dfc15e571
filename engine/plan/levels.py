"""FROM elements of a statement."""

from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression, BooleanClauseList, Cast

from engine.declare.relations import Beside, Frame, RowType
from engine.declare.sql import SQL


@dataclass
class Level:
    """The rows of one FROM element.

    told: whether the access log has entries for the subjects of the rows. joined: lateral joins. beside: the columns of
    those that `Frame.join` has made. met: texts with subjects of edges. condition: a condition that holds for the rows.
    """

    row_type: RowType
    source: sa.FromClause
    frame: Frame
    told: bool = True
    joined: list[sa.FromClause] = field(default_factory=list)
    beside: dict[Beside, Frame] = field(default_factory=dict)
    met: list[SQL] = field(default_factory=list)
    condition: SQL | None = None

    @property
    def subject(self) -> SQL | None:
        """The subject of a row."""
        return getattr(self.frame, self.row_type.subject) if self.row_type.subject else None

    @property
    def from_clause(self) -> sa.FromClause:
        """The FROM element with its lateral joins."""
        found = self.source
        for lateral in self.joined:
            found = found.outerjoin(lateral, sa.true())
        return found

    @property
    def subjects(self) -> SQL | None:
        """SQL for the subjects of a row and of the rows below it, or None if there are none."""
        return sa.func.concat_ws(",", *self.met, type_=sa.Text) if self.met else None


def is_same_subject(condition: SQL, parent: SQL, child: SQL) -> bool:
    """Return whether a join condition implies that both rows have the same subject."""
    if isinstance(condition, Cast):
        return is_same_subject(condition.clause, parent, child)
    if isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
        return any(is_same_subject(clause, parent, child) for clause in condition.clauses)
    sides = {str(parent), str(child)}
    return (
        isinstance(condition, BinaryExpression)
        and condition.operator is operators.eq
        and {str(condition.left), str(condition.right)} == sides
    )
