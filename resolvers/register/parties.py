"""Relations of a party, with their orders."""

from dataclasses import replace

import models
from engine.declare.relations import Order, Relation
from resolvers.joins import join
from resolvers.register.cards import read_deductions


def list_of_party(model: type, order: Order = Order(()), parent: str = "id") -> Relation:  # noqa: B008 - it is frozen
    """Return the relation to the rows of `model` about a party. parent: the column that holds the party's key."""
    return join(model, "party_id", parent, many=True, DEFAULT=order)


DEDUCTIONS = replace(list_of_party(models.Deduction), read=read_deductions)
SANCTIONS = list_of_party(models.Sanction, Order(("effective_on",), descending=True))
LISTINGS = list_of_party(models.Listing, Order(("published_on",), descending=True))
CERTIFICATES = list_of_party(models.Certificate, Order(("issued_on",)))
CODE_RECORDS = list_of_party(models.CodeRecord, Order(("effective_on",)))
PARTICIPATIONS = list_of_party(models.Participation)
CONSEQUENCE_NOTICES = list_of_party(models.ConsequenceNotice, Order(("served_on",)))
NAMES = list_of_party(models.PartyName)
REPAIRS = list_of_party(models.Repair, Order(("applied_on",)))
