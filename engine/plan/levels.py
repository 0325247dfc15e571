"""The rows of one FROM element, while their text is being written."""

from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression, BooleanClauseList, Cast

from engine.declare.relations import Frame, RowType
from engine.declare.sql import SQL


@dataclass
class Level:
    """The rows of one FROM element, while their text is being written.

    told: whether the access log names each row's subject. joined: laterals that stand beside the rows. met: texts that
    name subjects met on the way. condition: what holds of the rows that the text is for.
    """

    row_type: RowType
    source: sa.FromClause
    frame: Frame
    told: bool = True
    joined: list[sa.FromClause] = field(default_factory=list)
    met: list[SQL] = field(default_factory=list)
    condition: SQL | None = None

    @property
    def subject(self) -> SQL | None:
        """The subject that a row is, or is about."""
        return getattr(self.frame, self.row_type.subject) if self.row_type.subject else None

    @property
    def from_clause(self) -> sa.FromClause:
        """The FROM element with its laterals."""
        found = self.source
        for lateral in self.joined:
            found = found.outerjoin(lateral, sa.true())
        return found

    @property
    def subjects(self) -> SQL | None:
        """The subjects met at a row and below it, as text; None where there can be none."""
        return sa.func.concat_ws(",", *self.met, type_=sa.Text) if self.met else None


def is_same_subject(condition: SQL, parent: SQL, child: SQL) -> bool:
    """Whether a join says that both rows are of one subject."""
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
