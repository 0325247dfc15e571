"""What imports brought, and what they changed of what was there (R23)."""

from dataclasses import replace

import sqlalchemy as sa

import models
from auth.audiences import Audience
from engine.declare.relations import Frame, Order, Relation, read_relationship
from engine.declare.sql import SQL

FINDINGS = replace(read_relationship(models.ImportRun.findings), orders={"LINES": Order(("lines",), descending=True)})
"""What was wrong most often comes first."""


def changes_of(column: str) -> Relation:
    """The edge from a row to its changes, oldest first; `column` names the row in a change."""
    return Relation(
        target=models.RecordChange,
        on=lambda matter, change: getattr(change, column) == matter.id,
        keys={"id": sa.BigInteger()},
        many=True,
        orders={"CHANGED": Order(("changed_at",))},
    )


def field_name(change: Frame, audience: Audience) -> SQL:
    """The changed column as the API spells its fields: closedOn for closed_on."""
    words = sa.func.replace(sa.func.initcap(sa.func.replace(change.field, "_", " ")), " ", "")
    return sa.func.concat(sa.func.lower(sa.func.left(words, 1)), sa.func.substr(words, 2), type_=sa.Text())
