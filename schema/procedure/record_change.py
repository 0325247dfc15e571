"""Changes that later exports made to records."""

from datetime import datetime
from typing import Any

import models
from engine.declare.fields import column, expression, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from resolvers.register.import_runs import changes_of, field_name
from resolvers.visibility.imports import may_see_record_change
from schema.requirements import REGISTER


@row_type(models.RecordChange, seen_by=may_see_record_change, requires=REGISTER)
class RecordChange(Node):
    """That an export changed one field of what was there (变更记录); for the court whose it is."""

    changed_at: datetime = column("When it was imported (变更时间).")
    field: str = expression(field_name, "Which field (字段).")
    former: str | None = column("What it was (原值); none where it was empty.")
    present: str | None = column("What it became (现值); none where it is empty.")


def record_changes(column: str) -> Any:
    """Declare the edge from a record to its changes. column: the column of a change that refers to the record."""
    description = "What later exports changed of it, oldest first (变更记录)."
    return relation(changes_of(column), description, requires=REGISTER)
