"""The edges of a party, in the orders that people read them."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

import models
from engine.declare.relations import Order, Relation

KEY: Mapping[str, TypeEngine[Any]] = {"id": sa.BigInteger()}


def _of_party(model: type, order: Order | None = None) -> Relation:
    orders = {"DEFAULT": order or Order(())}
    return Relation(target=model, on=lambda party, row: row.party_id == party.id, keys=KEY, many=True, orders=orders)


DEDUCTIONS = _of_party(models.Deduction)
SANCTIONS = _of_party(models.Sanction, Order(("effective_on",), descending=True))
LISTINGS = _of_party(models.Listing, Order(("published_on",), descending=True))
CERTIFICATES = _of_party(models.Certificate, Order(("issued_on",)))
CODE_RECORDS = _of_party(models.CodeRecord, Order(("effective_on",)))
PARTICIPATIONS = _of_party(models.Participation)
CONSEQUENCE_NOTICES = _of_party(models.ConsequenceNotice, Order(("served_on",)))
NAMES = _of_party(models.PartyName)
REPAIRS = _of_party(models.Repair, Order(("applied_on",)))
