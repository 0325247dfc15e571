"""Findings of imports, and changes made by imports (R23)."""

from dataclasses import replace

import sqlalchemy as sa

import models
from auth.audiences import Audience
from engine.declare.relations import Frame, Order, Relation, read_relationship
from engine.declare.sql import SQL
from resolvers.joins import join

FINDINGS = replace(read_relationship(models.ImportRun.findings), orders={"LINES": Order(("lines",), descending=True)})
"""The most frequent first."""


def changes_of(column: str) -> Relation:
    """Return the relation from a row to its changes, oldest first; `column` names the row in a change."""
    return join(models.RecordChange, column, many=True, CHANGED=Order(("changed_at",)))


def field_name(change: Frame, audience: Audience) -> SQL:
    """Return the changed column in camel case, as the API names it."""
    words = sa.func.replace(sa.func.initcap(sa.func.replace(change.field, "_", " ")), " ", "")
    return sa.func.concat(sa.func.lower(sa.func.left(words, 1)), sa.func.substr(words, 2), type_=sa.Text())
