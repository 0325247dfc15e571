"""Row predicates: one function for each type, named by its declaration (`seen_by=`). A statement applies the predicate
wherever it reads the rows: at a root, at an edge, by id and in a count (R10, R13, R15-R18, R20)."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

import models
from auth.audiences import Audience
from auth.consent import RECIPIENTS, may_still_be_told
from engine.declare.relations import Frame, Predicate
from engine.declare.sql import SQL
from models.access_answer import is_at_answers_about, is_named_by
from models.party import PartyKind
from models.party_name import NameStanding
from resolvers.joins import exists
from resolvers.view import CLIENT, NOW, REQUEST, SUBJECT, VILLAGE
from resolvers.visibility.audiences import EVERYBODY, NOBODY, OUTSIDE, PARTNERS
from resolvers.visibility.items import may_see_code_record, may_see_deduction, may_see_listing, may_see_sanction
from resolvers.visibility.publicity import UNKNOWN, may_leave, record_may_leave
from resolvers.visibility.reach import find_own_party, is_in_jurisdiction, is_self, reached

ITEMS: Mapping[type, Predicate] = {
    models.Deduction: may_see_deduction,
    models.Listing: may_see_listing,
    models.CodeRecord: may_see_code_record,
    models.Sanction: may_see_sanction,
}
"""The predicates of the items that lead to parties and cases."""

SHOWN_BY_NAME = (models.Deduction, models.Listing, models.CodeRecord)
"""The items of which the public is told."""


def may_see_catalogue(row: Frame, audience: Audience) -> SQL:
    """Every caller: the tables are published."""
    return EVERYBODY


def may_see_bulletin(row: Frame, audience: Audience) -> SQL:
    return sa.cast(row.published_at <= NOW, sa.Boolean)


def may_see_party(row: Frame, audience: Audience) -> SQL:
    """Audiences that reach the party; the public portal and the platform only by an item that they see."""
    if audience is Audience.PUBLIC_PORTAL:
        return sa.or_(*(_has(model, row.id, audience) for model in SHOWN_BY_NAME))
    if audience is Audience.CREDIT_PLATFORM:
        return _has(models.CodeRecord, row.id, audience)
    return reached(row, row.id, audience)


def _has(model: Any, party_id: SQL, audience: Audience) -> SQL:
    """Return whether the audience sees an item of the party."""
    item = sa.orm.aliased(model)
    return sa.select(item.id).where(item.party_id == party_id, ITEMS[model](Frame(item), audience)).exists()


def may_see_household(row: Frame, audience: Audience) -> SQL:
    """The head office, and courts."""
    return EVERYBODY if audience in {Audience.COURT, Audience.MORAL_BANK} else NOBODY


def may_see_village(row: Frame, audience: Audience) -> SQL:
    if audience is Audience.VILLAGE:
        return sa.cast(row.id == VILLAGE, sa.Boolean)
    return EVERYBODY if audience in {Audience.COURT, Audience.MORAL_BANK} else NOBODY


def may_see_case(row: Frame, audience: Audience) -> SQL:
    """A court: its own and disclosed cases; a litigant: those it is in; others: disclosed ones with an item (R16)."""
    if audience is Audience.COURT:
        return sa.or_(is_in_jurisdiction(row.court_code), row.disclosed)
    if audience is Audience.LITIGANT_PORTAL:
        mine = sa.select(models.Participation.id).where(
            models.Participation.case_id == row.id, is_self(models.Participation.party_id)
        )
        return mine.exists()
    behind = (_behind(model, row.id, audience) for model in (models.Deduction, models.CodeRecord, models.Sanction))
    return sa.and_(row.disclosed, sa.or_(*behind)) if audience in OUTSIDE else NOBODY


def _behind(model: Any, case_id: SQL, audience: Audience) -> SQL:
    """Return whether the audience sees an item of the case."""
    item = sa.orm.aliased(model)
    return sa.select(item.id).where(item.case_id == case_id, ITEMS[model](Frame(item), audience)).exists()


def may_see_participation(row: Frame, audience: Audience) -> SQL:
    """The court, and each litigant its own; partners do not see other participants (DOMAIN 3)."""
    if audience is Audience.COURT:
        case, party = sa.orm.aliased(models.CourtCase), sa.orm.aliased(models.Party)
        of_age = sa.and_(party.of_age_from <= case.filed_on, ~party.held)
        open_to_all = sa.and_(case.disclosed, sa.or_(party.id.is_(None), of_age))
        seen = sa.or_(is_in_jurisdiction(case.court_code), open_to_all)
        joined = sa.select(case.id).outerjoin(party, party.id == row.party_id)
        return joined.where(case.id == row.case_id, seen).exists()
    return is_self(row.party_id) if audience is Audience.LITIGANT_PORTAL else NOBODY


def may_see_conversion(row: Frame, audience: Audience) -> SQL:
    """The moral bank: those of natural persons (DOMAIN 5), no minor's conduct, no undisclosed case (R16)."""
    if audience is not Audience.MORAL_BANK:
        return NOBODY
    person = sa.orm.aliased(models.Party)
    natural = sa.select(person.id).where(person.id == row.party_id, person.kind == PartyKind.PERSON, person.disclosed)
    hidden = (
        _hidden_deduction(row.deduction_id),
        _hidden_record(row.code_record_id),
        _hidden_listing(row.listing_id),
    )
    return sa.and_(natural.exists(), ~sa.or_(*hidden))


def _hidden_deduction(key: SQL) -> SQL:
    item = sa.orm.aliased(models.Deduction)
    return exists(item, item.id == key, ~may_leave(Frame(item), item.conduct_on, item.conduct_on))


def _hidden_record(key: SQL) -> SQL:
    record = sa.orm.aliased(models.CodeRecord)
    return exists(record, record.id == key, ~record_may_leave(Frame(record)))


def _hidden_listing(key: SQL) -> SQL:
    item = sa.orm.aliased(models.Listing)
    return exists(item, item.id == key, ~may_leave(Frame(item), UNKNOWN, item.listed_on))


def may_see_notice(row: Frame, audience: Audience) -> SQL:
    """The village that is notified, while the moral bank may see the conversion."""
    if audience is not Audience.VILLAGE:
        return NOBODY
    conversion = sa.orm.aliased(models.PointConversion)
    told = may_see_conversion(Frame(conversion), Audience.MORAL_BANK)
    known = sa.select(conversion.id).where(conversion.id == row.conversion_id, told).exists()
    return sa.and_(row.village_id == VILLAGE, known)


def may_see_event(row: Frame, audience: Audience) -> SQL:
    """The court sees all about parties, a litigant its own, a partner and a body those that it was notified of."""
    if audience is Audience.COURT:
        return sa.cast(row.party_id.is_not(None), sa.Boolean)
    if audience is Audience.LITIGANT_PORTAL:
        consent = sa.orm.aliased(models.Consent)
        own = sa.select(consent.id).where(consent.id == row.consent_id, consent.subject_index == SUBJECT)
        return sa.or_(is_self(row.party_id), own.exists())
    if audience is Audience.LABOUR_ARBITRATION:
        return sa.cast(row.party_id.is_not(None), sa.Boolean)
    if audience not in PARTNERS:
        return NOBODY
    return may_still_be_told(row, row.watch_id, NOW)


def may_see_bank_row(row: Frame, audience: Audience) -> SQL:
    """A bank sees its own rows."""
    return sa.cast(row.client_key == CLIENT, sa.Boolean) if audience is Audience.BANK else NOBODY


def may_see_watch_line(row: Frame, audience: Audience) -> SQL:
    order = sa.orm.aliased(models.WatchOrder)
    mine = sa.select(order.id).where(order.id == row.order_id, order.client_key == CLIENT).exists()
    return mine if audience is Audience.BANK else NOBODY


def may_see_consent(row: Frame, audience: Audience) -> SQL:
    """Its subject, and its recipient (R15); the court, those that are audited (R27)."""
    if audience is Audience.LITIGANT_PORTAL:
        return sa.cast(row.subject_index == SUBJECT, sa.Boolean)
    if audience is Audience.COURT:
        audit = sa.orm.aliased(models.ConsentAudit)
        return sa.select(audit.id).where(audit.consent_id == row.id).exists()
    return sa.cast(row.client_key == CLIENT, sa.Boolean) if audience in RECIPIENTS else NOBODY


def may_see_consent_audit(row: Frame, audience: Audience) -> SQL:
    """The court; the subject and the recipient of the consent their own."""
    if audience is Audience.COURT:
        return EVERYBODY
    if audience not in RECIPIENTS | {Audience.LITIGANT_PORTAL}:
        return NOBODY
    consent = sa.orm.aliased(models.Consent)
    return sa.select(consent.id).where(consent.id == row.consent_id, may_see_consent(Frame(consent), audience)).exists()


def may_see_subject_notice(row: Frame, audience: Audience) -> SQL:
    return sa.cast(row.subject_index == SUBJECT, sa.Boolean) if audience is Audience.LITIGANT_PORTAL else NOBODY


def may_see_client_alarm(row: Frame, audience: Audience) -> SQL:
    """Courts and auditors."""
    return EVERYBODY if audience in {Audience.COURT, Audience.AUDITOR} else NOBODY


def may_see_share_code(row: Frame, audience: Audience) -> SQL:
    return sa.cast(row.subject_index == SUBJECT, sa.Boolean) if audience is Audience.LITIGANT_PORTAL else NOBODY


def may_see_integrity_report(row: Frame, audience: Audience) -> SQL:
    code = sa.orm.aliased(models.ShareCode)
    mine = sa.select(code.id).where(code.id == row.share_code_id, may_see_share_code(Frame(code), audience))
    return mine.exists() if audience is Audience.LITIGANT_PORTAL else NOBODY


def may_see_access_record(row: Frame, audience: Audience) -> SQL:
    """The subject, and the auditor. An answer does not list its own entry."""
    before = row.request_id != REQUEST
    if audience is Audience.LITIGANT_PORTAL:
        unknown_then = sa.and_(row.party_id.is_(None), is_named_by(row.subject_index, SUBJECT))
        found = is_at_answers_about(row.at, find_own_party(), SUBJECT)
        return sa.and_(before, found, sa.or_(unknown_then, is_self(row.party_id)))
    return sa.cast(before, sa.Boolean) if audience is Audience.AUDITOR else NOBODY


def may_see_client(row: Frame, audience: Audience) -> SQL:
    """The readers of the access log see the names of the institutions in it; courts, of those audited or braked."""
    if audience is Audience.COURT:
        consent, audit = sa.orm.aliased(models.Consent), sa.orm.aliased(models.ConsentAudit)
        audited = sa.select(consent.id).join(audit, audit.consent_id == consent.id).where(consent.client_key == row.id)
        alarm = sa.orm.aliased(models.ClientAlarm)
        return sa.or_(audited.exists(), sa.select(alarm.id).where(alarm.client_key == row.id).exists())
    return EVERYBODY if audience in {Audience.LITIGANT_PORTAL, Audience.AUDITOR} else NOBODY


def may_see_party_name(row: Frame, audience: Audience) -> SQL:
    """The court, a litigant its own, partners those of organizations; misspelt names only the court (R22)."""
    if audience is Audience.COURT:
        return EVERYBODY
    true_name = row.standing != NameStanding.MISSPELT
    if audience is Audience.LITIGANT_PORTAL:
        return sa.and_(true_name, is_self(row.party_id))
    if audience not in PARTNERS:
        return NOBODY
    party = sa.orm.aliased(models.Party)
    known = sa.select(party.id).where(
        party.id == row.party_id, party.kind == PartyKind.ORGANIZATION, reached(Frame(party), row.party_id, audience)
    )
    return sa.and_(true_name, known.exists())
