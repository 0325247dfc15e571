"""Root fields: their relations, and the conversion of their arguments."""

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
from languages.sentence import say
from models.case_numbers import parse_case_number
from models.identifiers import IdentifierError
from models.names import fold
from resolvers.errors import CaseNumberError
from resolvers.joins import is_in_force
from resolvers.register.subject_keys import build_view, check_text


def list_everything(model: type, order: Order | None = None) -> Relation:
    """Return the relation to all rows that the caller may see."""
    orders = {"DEFAULT": order or Order(())}
    return Relation(target=model, on=lambda arguments, row: sa.true(), keys={}, many=True, orders=orders, assumed=50)


def _in_force(version: Any, day: SQL) -> SQL:
    """Return whether an edition is in force on a day; all are where no day is given."""
    return sa.or_(day.is_(None), is_in_force(version, day))


def _of_edition(arguments: Frame, entry: Frame) -> SQL:
    version = aliased(models.CatalogueVersion)
    found = sa.select(version.id).where(version.id == entry.version_id, _in_force(version, arguments.as_of))
    return found.exists()


def list_edition(model: type) -> Relation:
    """Return the relation to the entries of the edition in force on a day; without a day, of all editions."""
    return replace(list_everything(model), on=_of_edition, keys={"as_of": sa.Date()})


EDITIONS = replace(
    list_everything(models.CatalogueVersion),
    on=lambda arguments, version: _in_force(version, arguments.as_of),
    keys={"as_of": sa.Date()},
)
PARTY = Relation(models.Party, lambda arguments, party: party.id == arguments.id, {"id": sa.BigInteger()})
CASE = Relation(models.CourtCase, lambda arguments, case: case.number == arguments.number, {"number": sa.Text()})
MEASURES = list_everything(models.Measure, Order(("published_on",), descending=True))
NOTICES = list_everything(models.VillageNotice, Order(("sent_at",), descending=True))
CONVERSIONS = list_everything(models.PointConversion, Order(("assessed_at",), descending=True))
BULLETINS = list_everything(models.Bulletin, Order(("published_at",), descending=True))
LISTINGS = list_everything(models.Listing, Order(("published_on",), descending=True))
BATCHES = list_everything(models.Batch, Order(("month",), descending=True))
OBJECTIONS = list_everything(models.Objection, Order(("due_on",)))
IDENTITY_CONFLICTS = list_everything(models.IdentityConflict, Order(("opened_at",)))
IDENTITY_CLAIMS = list_everything(models.IdentityClaim, Order(("filed_at",)))
IDENTITY_ACTS = list_everything(models.IdentityAct, Order(("proposed_at",)))
REPAIRS = list_everything(models.Repair, Order(("applied_on",)))
IMPORT_RUNS = list_everything(models.ImportRun, Order(("started_at",), descending=True))
FORWARDED_DISPUTES = list_everything(models.ForwardedDispute, Order(("forwarded_at",), descending=True))
RISK_REPORTS = list_everything(models.RiskReport, Order(("reported_at",), descending=True))
REMINDERS = list_everything(models.Reminder, Order(("due_on",)))
EVENTS = list_everything(models.Event, Order(("position",), total=True))
CONSENTS = list_everything(models.Consent, Order(("valid_from",), descending=True))
CONSENT_AUDITS = list_everything(models.ConsentAudit, Order(("due_at",)))
CLIENT_ALARMS = list_everything(models.ClientAlarm, Order(("raised_at",), descending=True))
SECURITY_EVENTS = list_everything(models.SecurityEvent, Order(("at",), descending=True))
WATCHES = list_everything(models.Watch)
WEBHOOKS = replace(list_everything(models.Webhook), on=lambda arguments, webhook: webhook.deleted_at.is_(None))
BULK_OPERATIONS = list_everything(models.BulkOperation, Order((), descending=True))
REQUEST_LOG = list_everything(models.RequestEntry, Order(("at",), descending=True))
USAGE = list_everything(models.ClientUsage, Order(("day",), descending=True))
INCENTIVE_LOANS = list_everything(models.IncentiveLoan, Order(("granted_on",), descending=True))
CREDIT_LINES = list_everything(models.CreditLine, Order(("granted_on",), descending=True))
ACCESS_RECORDS = list_everything(models.AccessRecord, Order(("at",), descending=True))


RECIPIENTS = Relation(
    models.Client,
    lambda arguments, client: sa.and_(client.audience.in_(MAY_BE_TOLD), client.disabled_at.is_(None)),
    {},
    many=True,
    orders={"NAME": Order(("name",))},
)
"""The institutions that a person may consent to."""


def prepare_name(arguments: Mapping[str, Any], context: Any) -> Prepared:
    """Fold the name for comparison (R21)."""
    return Prepared({"name": fold(check_text(arguments["name"], "name") or "")})


def prepare_access(arguments: Mapping[str, Any], context: Any) -> Prepared:
    """Return the view of the purpose, if one is named. Raises PurposeError."""
    return Prepared({}, build_view(arguments["access"], context) if arguments.get("access") else None)


def prepare_party(arguments: Mapping[str, Any], context: Any) -> Prepared:
    """Return the key in a party's id. Raises BadIdError."""
    return Prepared({"id": read_key(arguments["id"], "Party", context.keyring.opaque_key)})


def prepare_case(arguments: Mapping[str, Any], context: Any) -> Prepared:
    """Return the case number as stored. Raises CaseNumberError."""
    try:
        return Prepared({"number": parse_case_number(arguments["number"]).number})
    except IdentifierError as error:
        raise CaseNumberError(say("`number` cannot be read: {error}", error=say(str(error)))) from None
