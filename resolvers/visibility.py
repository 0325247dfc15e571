"""Which rows an audience may see. One function a model; every executor applies it at every table it touches.

A model without a function is seen by nobody. Nothing here depends on the road to a row: the root, an edge, a node id
and a count all meet the same predicate (R10, R13, R15-R18, R20).
"""

from collections.abc import Callable

import sqlalchemy as sa

import models
from auth.audiences import Audience
from auth.scopes import Scope
from models.base import Base
from models.catalogue import Colour
from models.code_record import VANISHING
from models.court_case import LABOUR_CAUSES, NEVER_DISCLOSED
from models.deduction import DeductionStatus
from models.listing import ListingKind
from models.measure import MeasureStatus
from models.party import PartyKind
from resolvers.declarations import SQL, Frame
from resolvers.reach import about_self, jurisdiction, organization, reach
from resolvers.view import CLIENT, NOW, PURPOSE, SUBJECT, TODAY, VILLAGE

Predicate = Callable[[Frame, Audience], SQL]
PREDICATES: dict[type, Predicate] = {}
NOBODY: SQL = sa.false()
EVERYBODY: SQL = sa.true()
PARTNERS = frozenset({Audience.BANK, Audience.EMPLOYER, Audience.COMMERCE})
OUTSIDE = PARTNERS | {Audience.PUBLIC_PORTAL, Audience.CREDIT_PLATFORM}
"""Audiences for which an ended item never was (R10). The litigant is not among them: it sees its own history."""


def visible(model: type, row: Frame, audience: Audience) -> SQL:
    """The predicate of `model` for `audience`. What is not declared is seen by nobody."""
    predicate = PREDICATES.get(model)
    return predicate(row, audience) if predicate else NOBODY


def sees(*models: type[Base] | type) -> Callable[[Predicate], Predicate]:
    """Enter a predicate for these models."""

    def enter(predicate: Predicate) -> Predicate:
        PREDICATES.update(dict.fromkeys(models, predicate))
        return predicate

    return enter


@sees(models.Court, models.CatalogueVersion, models.Behaviour, models.CodeType, models.MoralBankItem)
def _catalogue(row: Frame, audience: Audience) -> SQL:
    """Published tables: whoever may read their types may read every row."""
    return EVERYBODY


@sees(models.Bulletin)
def _bulletin(row: Frame, audience: Audience) -> SQL:
    return sa.cast(row.published_at <= NOW, sa.Boolean)


@sees(models.Party)
def _party(row: Frame, audience: Audience) -> SQL:
    return reach(row.id, audience)


@sees(models.Household)
def _household(row: Frame, audience: Audience) -> SQL:
    return EVERYBODY if audience in {Audience.COURT, Audience.MORAL_BANK} else NOBODY


@sees(models.Village)
def _village(row: Frame, audience: Audience) -> SQL:
    if audience is Audience.VILLAGE:
        return sa.cast(row.id == VILLAGE, sa.Boolean)
    return EVERYBODY if audience in {Audience.COURT, Audience.MORAL_BANK} else NOBODY


@sees(models.CourtCase)
def _case(row: Frame, audience: Audience) -> SQL:
    """A court's own cases and all open ones; outside, none that is never disclosed (R16)."""
    disclosed = row.confidentiality.not_in(NEVER_DISCLOSED)
    if audience is Audience.COURT:
        return sa.or_(jurisdiction(row.court_code), disclosed)
    if audience is Audience.LITIGANT_PORTAL:
        mine = sa.select(models.Participation.id).where(
            models.Participation.case_id == row.id, about_self(models.Participation.party_id)
        )
        return mine.exists()
    return disclosed if audience in OUTSIDE else NOBODY


@sees(models.Participation)
def _participation(row: Frame, audience: Audience) -> SQL:
    """The court's, and each litigant's own part: a partner never sees who else is in a case (DOMAIN 3)."""
    if audience is Audience.COURT:
        return _visible_case(row.case_id, audience)
    return about_self(row.party_id) if audience is Audience.LITIGANT_PORTAL else NOBODY


def _visible_case(case_id: SQL, audience: Audience) -> SQL:
    case = sa.orm.aliased(models.CourtCase)
    return sa.select(case.id).where(case.id == case_id, _case(Frame(case), audience)).exists()


def _disclosed_case(case_id: SQL) -> SQL:
    """Not a case of which nothing leaves the court; items without a case pass (R16)."""
    case = sa.orm.aliased(models.CourtCase)
    return ~sa.select(case.id).where(case.id == case_id, case.confidentiality.in_(NEVER_DISCLOSED)).exists()


def _own_court(case_id: SQL) -> SQL:
    case = sa.orm.aliased(models.CourtCase)
    return sa.select(case.id).where(case.id == case_id, jurisdiction(case.court_code)).exists()


def _published(row: Frame) -> SQL:
    """In publication today: neither ended nor expired, nobody's minority, no closed matter (R6, R10, R16)."""
    return sa.and_(
        row.status == DeductionStatus.PUBLISHED,
        row.published_at <= NOW,
        row.expires_on > TODAY,
        ~row.protected,
        _disclosed_case(row.case_id),
    )


@sees(models.Deduction)
def _deduction(row: Frame, audience: Audience) -> SQL:
    if audience is Audience.COURT:
        return sa.or_(_own_court(row.case_id), _published(row))
    if audience is Audience.LITIGANT_PORTAL:
        return sa.and_(about_self(row.party_id), row.notified_at <= NOW)
    if audience is Audience.EMPLOYER:
        return sa.and_(organization(row.party_id), _published(row))
    if audience in OUTSIDE - {Audience.CREDIT_PLATFORM}:
        return sa.and_(reach(row.party_id, audience, Scope.PERSON_CREDIT), _published(row))
    return NOBODY


def _with_deduction(row: Frame, audience: Audience) -> SQL:
    """As visible as the deduction it belongs to."""
    parent = sa.orm.aliased(models.Deduction)
    return sa.select(parent.id).where(parent.id == row.deduction_id, _deduction(Frame(parent), audience)).exists()


@sees(models.DeductionStep, models.DeductionVersion, models.Objection)
def _procedure(row: Frame, audience: Audience) -> SQL:
    return _with_deduction(row, audience) if audience in {Audience.COURT, Audience.LITIGANT_PORTAL} else NOBODY


@sees(models.Repair)
def _repair(row: Frame, audience: Audience) -> SQL:
    if audience is Audience.COURT:
        return sa.or_(row.deduction_id.is_(None), _with_deduction(row, audience))
    return about_self(row.party_id) if audience is Audience.LITIGANT_PORTAL else NOBODY


@sees(models.Staff)
def _staff(row: Frame, audience: Audience) -> SQL:
    return jurisdiction(row.court_code) if audience is Audience.COURT else NOBODY


@sees(models.Batch)
def _batch(row: Frame, audience: Audience) -> SQL:
    if audience is Audience.COURT:
        return sa.or_(jurisdiction(row.court_code), row.published_at <= NOW)
    return sa.cast(row.published_at <= NOW, sa.Boolean) if audience is Audience.LITIGANT_PORTAL else NOBODY


def _running(row: Frame, start: str, *ends: str) -> SQL:
    """Begun by today, and past none of its ends."""
    over = (sa.or_(getattr(row, end).is_(None), getattr(row, end) > TODAY) for end in ends)
    return sa.and_(getattr(row, start) <= TODAY, *over)


def _of_labour_case(row: Frame) -> SQL:
    case = sa.orm.aliased(models.CourtCase)
    return sa.select(case.id).where(case.id == row.case_id, case.cause.in_(LABOUR_CAUSES)).exists()


def _item(row: Frame, audience: Audience, scope: Scope, running: SQL, candidate: SQL) -> SQL:
    """An item of a party: the court's always, a litigant's own, and outside while it runs and may be known.

    `candidate` narrows what an employer sees of a person (DOMAIN 3).
    """
    if audience is Audience.COURT:
        return EVERYBODY
    if audience is Audience.LITIGANT_PORTAL:
        return about_self(row.party_id)
    known = sa.and_(running, ~row.protected, _disclosed_case(row.case_id))
    if audience is Audience.EMPLOYER:
        narrow = sa.and_(reach(row.party_id, audience, scope), candidate, ~_of_labour_case(row))
        return sa.and_(known, sa.or_(organization(row.party_id), narrow))
    return sa.and_(known, reach(row.party_id, audience, scope)) if audience in OUTSIDE else NOBODY


@sees(models.Listing)
def _listing(row: Frame, audience: Audience) -> SQL:
    senior = sa.and_(PURPOSE == "SENIOR_POST_QUALIFICATION", row.kind == ListingKind.DISHONEST_DEBTOR)
    running = _running(row, "published_on", "ends_on", "removed_on")
    return _item(row, audience, Scope.PERSON_INTEGRITY, running, senior)


@sees(models.Certificate)
def _certificate(row: Frame, audience: Audience) -> SQL:
    return _item(row, audience, Scope.PERSON_INTEGRITY, _running(row, "issued_on", "revoked_on"), EVERYBODY)


@sees(models.Sanction)
def _sanction(row: Frame, audience: Audience) -> SQL:
    recent = row.effective_on > TODAY - sa.text("interval '5 years'")
    return _item(
        row, audience, Scope.PERSON_CREDIT, sa.and_(_running(row, "effective_on", "revoked_on"), recent), NOBODY
    )


@sees(models.CodeRecord)
def _code_record(row: Frame, audience: Audience) -> SQL:
    """Suspicions stay with the court, also before whom they concern (R13). Of a candidate an employer sees red."""
    kind = sa.orm.aliased(models.CodeType)
    suspicion = sa.select(kind.id).where(kind.id == row.code_type_id, ~kind.partner_visible).exists()
    vanished = sa.func.coalesce(row.close_reason.in_(VANISHING), sa.false())
    running = sa.and_(_running(row, "effective_on", "ends_on", "closed_on"), ~vanished)
    scope = Scope.PERSON_INTEGRITY if audience is Audience.EMPLOYER else Scope.PERSON_CREDIT
    item = _item(row, audience, scope, running, row.colour == Colour.RED)
    return item if audience is Audience.COURT else sa.and_(item, ~suspicion)


@sees(models.CodePeriod)
def _code_period(row: Frame, audience: Audience) -> SQL:
    """The court sees colours of any date, a litigant its own; everyone else today's (R10, R14)."""
    if audience is Audience.COURT:
        return EVERYBODY
    if audience is Audience.LITIGANT_PORTAL:
        return about_self(row.party_id)
    current = row.during.op("@>")(TODAY)
    if audience is Audience.EMPLOYER:
        return sa.and_(current, organization(row.party_id))
    return sa.and_(current, reach(row.party_id, audience, Scope.PERSON_CREDIT)) if audience in PARTNERS else NOBODY


@sees(models.PointConversion)
def _conversion(row: Frame, audience: Audience) -> SQL:
    """Natural persons' only, by the table's own law (DOMAIN 5)."""
    person = sa.orm.aliased(models.Party)
    natural = sa.select(person.id).where(person.id == row.party_id, person.kind == PartyKind.PERSON).exists()
    if audience is Audience.LITIGANT_PORTAL:
        return about_self(row.party_id)
    return natural if audience in {Audience.COURT, Audience.MORAL_BANK} else NOBODY


@sees(models.VillageNotice)
def _notice(row: Frame, audience: Audience) -> SQL:
    return sa.cast(row.village_id == VILLAGE, sa.Boolean) if audience is Audience.VILLAGE else NOBODY


@sees(models.Measure)
def _measure(row: Frame, audience: Audience) -> SQL:
    """What was published to the platform; of a withdrawn one only the withdrawal is told (R10)."""
    record = sa.orm.aliased(models.CodeRecord)
    running = sa.select(record.id).where(
        record.id == row.code_record_id, _code_record(Frame(record), Audience.CREDIT_PLATFORM)
    )
    told = sa.or_(row.status == MeasureStatus.WITHDRAWN, running.exists())
    return told if audience is Audience.CREDIT_PLATFORM else NOBODY


@sees(models.Consent)
def _consent(row: Frame, audience: Audience) -> SQL:
    if audience is Audience.LITIGANT_PORTAL:
        return sa.cast(row.subject_index == SUBJECT, sa.Boolean)
    return sa.cast(row.client_key == CLIENT, sa.Boolean) if audience in PARTNERS else NOBODY


@sees(models.ShareCode)
def _share_code(row: Frame, audience: Audience) -> SQL:
    return about_self(row.party_id) if audience is Audience.LITIGANT_PORTAL else NOBODY


@sees(models.AccessRecord)
def _access_record(row: Frame, audience: Audience) -> SQL:
    if audience is Audience.LITIGANT_PORTAL:
        return sa.or_(row.subject_index == SUBJECT, about_self(row.party_id))
    return EVERYBODY if audience is Audience.AUDITOR else NOBODY


@sees(models.Client)
def _client(row: Frame, audience: Audience) -> SQL:
    """Who looked somebody up: an institution's name, for those who read the log."""
    return EVERYBODY if audience in {Audience.LITIGANT_PORTAL, Audience.AUDITOR} else NOBODY
