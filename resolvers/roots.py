"""Where answers begin: the joins of the root fields, and whom their answers are about (R19)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.consent import RECIPIENTS as MAY_BE_TOLD
from engine.declare.relations import Frame, Order, Prepared, Relation
from engine.declare.sql import SQL
from engine.load.nodes import read_key
from models.case_numbers import parse_case_number
from models.identifiers import IdentifierError
from models.names import fold
from models.party_name import bearers
from resolvers.errors import CaseNumberError
from resolvers.register.subjects import text, viewed


def everything(model: type, order: Order | None = None) -> Relation:
    """All rows that the caller may see."""
    orders = {"DEFAULT": order or Order(())}
    return Relation(target=model, on=lambda arguments, row: sa.true(), keys={}, many=True, orders=orders, assumed=50)


def _in_force(version: Any, day: SQL) -> SQL:
    """Whether an edition of the catalogue is in force on a day; every one is where no day is asked for."""
    ends = version.effective_to
    covers = sa.and_(version.effective_from <= day, sa.or_(ends.is_(None), ends > day))
    return sa.or_(day.is_(None), covers)


def _of_edition(arguments: Frame, entry: Frame) -> SQL:
    version = aliased(models.CatalogueVersion)
    found = sa.select(version.id).where(version.id == entry.version_id, _in_force(version, arguments.as_of))
    return found.exists()


def of_edition(model: type) -> Relation:
    """The entries of the edition in force on the day asked for; those of all editions where none is."""
    return replace(everything(model), on=_of_edition, keys={"as_of": sa.Date()})


EDITIONS = replace(
    everything(models.CatalogueVersion),
    on=lambda arguments, version: _in_force(version, arguments.as_of),
    keys={"as_of": sa.Date()},
)
PARTY = Relation(models.Party, lambda arguments, party: party.id == arguments.id, {"id": sa.BigInteger()})
CASE = Relation(models.CourtCase, lambda arguments, case: case.number == arguments.number, {"number": sa.Text()})
MEASURES = everything(models.Measure, Order(("published_on",), descending=True))
NOTICES = everything(models.VillageNotice, Order(("sent_at",), descending=True))
CONVERSIONS = everything(models.PointConversion, Order(("assessed_at",), descending=True))
BULLETINS = everything(models.Bulletin, Order(("published_at",), descending=True))
LISTINGS = everything(models.Listing, Order(("published_on",), descending=True))
BATCHES = everything(models.Batch, Order(("month",), descending=True))
OBJECTIONS = everything(models.Objection, Order(("due_on",)))
IDENTITY_CONFLICTS = everything(models.IdentityConflict, Order(("opened_at",)))
IDENTITY_ACTS = everything(models.IdentityAct, Order(("proposed_at",)))
REPAIRS = everything(models.Repair, Order(("applied_on",)))
IMPORT_RUNS = everything(models.ImportRun, Order(("started_at",), descending=True))
REMINDERS = everything(models.Reminder, Order(("due_on",)))
EVENTS = everything(models.Event, Order(("position",), total=True))
CONSENTS = everything(models.Consent, Order(("valid_from",), descending=True))
WATCHES = everything(models.Watch)
WEBHOOKS = replace(everything(models.Webhook), on=lambda arguments, webhook: webhook.deleted_at.is_(None))
BULK_OPERATIONS = everything(models.BulkOperation, Order((), descending=True))
INCENTIVE_LOANS = everything(models.IncentiveLoan, Order(("granted_on",), descending=True))
ACCESS_RECORDS = everything(models.AccessRecord, Order(("at",), descending=True))


RECIPIENTS = Relation(
    models.Client,
    lambda arguments, client: sa.and_(client.audience.in_(MAY_BE_TOLD), client.disabled_at.is_(None)),
    {},
    many=True,
    orders={"NAME": Order(("name",))},
)
"""The institutions that a person may consent to."""


def _named(arguments: Frame, deduction: Frame) -> SQL:
    """By name, a former one included: the public portal's look-up, and nobody else's (R17)."""
    named: SQL = deduction.party_id.in_(bearers(arguments.name))
    return named


PUBLIC_RECORDS = Relation(models.Deduction, _named, {"name": sa.Text()}, many=True)


def prepare_name(arguments: Mapping[str, Any], context: Any) -> Prepared:
    """The name as names are compared (R21)."""
    return Prepared({"name": fold(text(arguments["name"], "name") or "")})


def prepare_access(arguments: Mapping[str, Any], context: Any) -> Prepared:
    """The view of a purpose, where one is named. Raises PurposeError."""
    return Prepared({}, viewed(arguments["access"], context) if arguments.get("access") else None)


def prepare_party(arguments: Mapping[str, Any], context: Any) -> Prepared:
    """The key in a party's id. Raises BadIdError."""
    return Prepared({"id": read_key(arguments["id"], "Party", context.keyring.opaque_key)})


def prepare_case(arguments: Mapping[str, Any], context: Any) -> Prepared:
    """The case number as it is stored. Raises CaseNumberError."""
    try:
        return Prepared({"number": parse_case_number(arguments["number"]).number})
    except IdentifierError as error:
        raise CaseNumberError(f"`number` cannot be read: {error}") from None
