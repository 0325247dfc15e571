"""The rules of a court's panel."""

import sqlalchemy as sa

import models
from engine.declare.relations import Order
from resolvers.joins import join

RULES = join(
    models.PanelRule,
    "court_code",
    "code",
    sa.Text(),
    many=True,
    NEWEST=Order(("set_at",), descending=True),
)
