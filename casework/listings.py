"""Lists of dishonest debtors (失信被执行人) and professional lenders (职业放贷人): entries and removals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.catalogue import find_code_type
from casework.consequences import Visible, establish, find_visible, follow
from casework.events import tell, tell_subject
from casework.matters import LISTING_TYPES, LISTINGS
from casework.participants import find_case, require_known_party
from casework.policy_profiles import read_starts
from casework.procedure import Act, authorize
from casework.record_steps import keep_step
from casework.refusal import Refusal
from casework.rows import find_own, insert_new
from casework.terms import bound_end
from casework.texts import strip_text
from languages.sentence import say
from models.catalogue import Stage
from models.code_record import CloseReason, CodeRecord
from models.court import StaffRole
from models.court_case import CourtCase, Role
from models.deduction import Deduction
from models.event import EventKind
from models.listing import (
    DEBTOR_GROUNDS,
    GRACE_MONTHS,
    DebtorGround,
    Listing,
    ListingGrade,
    ListingKind,
    compute_debtor_end,
)
from models.party import Party
from models.terms import add_months, to_court_day

DEBTOR, LENDER = ListingKind.DISHONEST_DEBTOR, ListingKind.PROFESSIONAL_LENDER
LITIGANT = ListingKind.DISHONEST_LITIGANT
TEXTS = ("basis_number", "basis_unit", "obligation", "performance")
BLANK = dict.fromkeys(("case_number", *TEXTS), "")
LONGEST_TEXT = 500
"""Characters of a text that describes the enforced document."""

SAME = {ListingKind.DISHONEST_LITIGANT: "deduction_id", ListingKind.AWARD_REFUSAL: "refusal_id"}
"""The column that tells two entries of one party apart; of the others, the case number."""

LEFT = (CloseReason.DELISTED, CloseReason.PERFORMED)
"""The reasons with which a record ends together with its entry; a later report may correct the day."""


async def list_lender(connection: AsyncConnection, party_key: int, act: Act) -> int:
    """Enter a party of the court's cases as a professional lender, with the reason as ground. Return the entry's key.

    A removed lender may be listed again. Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, LISTED.
    """
    grounds, today = authorize(act, StaffRole.JUDGE), to_court_day(act.at)
    await require_known_party(connection, party_key, act.officer)
    values = {"kind": LENDER, "party_id": party_key, "grounds": grounds, "listed_on": today, **BLANK}
    return await enter_listing(connection, values, act)


async def list_litigant(connection: AsyncConnection, deduction_key: int, act: Act) -> int:
    """Enter the subject of a published deduction as a dishonest litigant, with the reason as ground. Return the key.

    The entry ends with the deduction's publicity, and colours nothing itself: the deduction does (R6, R10). Raises
    Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, WRONG_STATE, LISTED.
    """
    grounds, today = authorize(act, StaffRole.CENTRE), to_court_day(act.at)
    query = (
        sa.select(Deduction.party_id, Deduction.case_id, CourtCase.number, CourtCase.court_code, Deduction.expires_on)
        .add_columns(Deduction.publicity.contains(today).label("public"))
        .join(CourtCase, CourtCase.id == Deduction.case_id)
        .where(Deduction.id == deduction_key)
    )
    found = await find_own(connection, query.with_for_update(of=Deduction), act.officer, "deduction")
    if not found.public:
        raise Refusal("WRONG_STATE", "This deduction is not public.", "Name one that is.", "deductionId")
    of = {"kind": LITIGANT, "party_id": found.party_id, "case_id": found.case_id, "deduction_id": deduction_key}
    days = {"listed_on": today, "ends_on": found.expires_on}
    return await enter_listing(
        connection, {**BLANK, **of, **days, "case_number": found.number, "grounds": grounds}, act
    )


@dataclass(frozen=True)
class DebtorEntry:
    """An entry for a judgment debtor.

    basis_number, basis_unit: the enforced document and its author. obligation: its obligation. performance: the extent
    to which that was performed. grade: how grave the conduct is. grace_ends_on: the last day of a period of grace; the
    entry is published on the next day, unless it is removed before.
    """

    case_key: int
    party_key: int
    ground: DebtorGround
    basis_number: str
    basis_unit: str
    obligation: str
    performance: str
    grade: ListingGrade | None
    grace_ends_on: date | None


async def list_debtor(connection: AsyncConnection, unperformed: DebtorEntry, act: Act) -> int:
    """Enter a judgment debtor as a dishonest debtor (法释〔2017〕7号, articles 1-4). Return the entry's key.

    Minors are never listed. A removed debtor may be listed again in the same case from the next day on. Raises Refusal
    WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, NOT_A_PARTICIPANT, WRONG_STAGE, NOT_ELIGIBLE, BAD_DATE, BAD_TEXT, LISTED.
    """
    authorize(act, StaffRole.JUDGE)
    published_on = _publish_after(unperformed.grace_ends_on, to_court_day(act.at))
    case = await find_case(connection, unperformed.case_key, unperformed.party_key, act.officer, Role.JUDGMENT_DEBTOR)
    if case.stage is not Stage.ENFORCEMENT:
        raise Refusal("WRONG_STAGE", "A debtor is listed in an enforcement case.", "Name that case.", "caseId")
    await check_of_age(connection, unperformed.party_key, to_court_day(act.at), act, "partyId")
    grounds = DEBTOR_GROUNDS[unperformed.ground]
    texts = {name: _text(name, getattr(unperformed, name)) for name in TEXTS}
    days = {"listed_on": case.filed_on, "published_on": published_on, "grace_ends_on": unperformed.grace_ends_on}
    days["ends_on"] = await _find_end(connection, act.officer.court_code, grounds, published_on, unperformed.grade)
    of = {"kind": DEBTOR, "party_id": unperformed.party_key, "case_id": case.id, "case_number": case.number}
    entered = {**of, **texts, **days, "grounds": grounds, "grade": unperformed.grade}
    key = await enter_listing(connection, entered, act)
    if unperformed.grace_ends_on:
        await tell_subject(connection, unperformed.party_key, EventKind.LIST_GRACE_GRANTED, act.at)
    return key


async def _find_end(
    connection: AsyncConnection, court_code: str, grounds: str, published_on: date, grade: ListingGrade | None
) -> date | None:
    """Return the last day of a debtor's entry, within what the profiles of the court allow its grade."""
    longest = compute_debtor_end(grounds, published_on)
    starts = (await read_starts(connection, court_code)).get(court_code, ())
    return bound_end(starts, grade, published_on, longest) if grade else longest


def _publish_after(grace_ends_on: date | None, today: date) -> date:
    """Return the day of publication: today, or the day after the period of grace. Raises Refusal BAD_DATE."""
    if grace_ends_on is None:
        return today
    if not today <= grace_ends_on <= add_months(today, GRACE_MONTHS):
        message = say(
            "A period of grace ends today at the earliest, and within {grace_months} months.", grace_months=GRACE_MONTHS
        )
        raise Refusal("BAD_DATE", message, "Correct the day.", "graceEndsOn")
    return grace_ends_on + timedelta(1)


async def grade_listing(connection: AsyncConnection, key: int, grade: ListingGrade, act: Act) -> None:
    """Grade an entry of a dishonest debtor that stands; a profile of the court bounds its publicity by the grade.
    Whoever watches the party is told if the entry is public.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND.
    """
    authorize(act, StaffRole.JUDGE)
    found = await _find_debtor(connection, key, act)
    await keep_step(connection, found.party_id, act, listing_id=key)
    before = await find_visible(connection, {LISTINGS: [key]}, act.at)
    ends_on = await _find_end(connection, found.court_code, found.grounds, found.published_on, grade)
    await connection.execute(sa.update(Listing).where(Listing.id == key).values(grade=grade, ends_on=ends_on))
    if ends_on != found.ends_on:
        await follow(connection, {LISTINGS: [key]}, before, act.at, amended=False)
    if found.public:
        await tell(connection, [found.party_id], EventKind.LIST_GRADED, act.at)
    else:
        await tell_subject(connection, found.party_id, EventKind.LIST_GRADED, act.at)


async def _find_debtor(connection: AsyncConnection, key: int, act: Act) -> Any:
    """Return the locked entry of a dishonest debtor that stands. Raises Refusal NOT_FOUND."""
    public = Listing.publicity.contains(to_court_day(act.at)).label("public")
    days = (Listing.grounds, Listing.published_on, Listing.ends_on)
    query = sa.select(Listing.party_id, Listing.court_code, *days, public)
    standing = query.where(Listing.id == key, Listing.removed_on.is_(None), Listing.kind == DEBTOR)
    return await find_own(connection, standing.with_for_update(), act.officer, "listing of a dishonest debtor")


async def check_of_age(connection: AsyncConnection, party_key: int, day: date, act: Act, field: str) -> None:
    """Raise Refusal NOT_ELIGIBLE unless the party is known to be of age on a day (R16; 法释〔2017〕7号, article 4).

    field: the field of the input that names the party.
    """
    await establish(connection, act.keyring, party_key, act.at, day)
    of_age = sa.select(Party.id).where(Party.id == party_key, Party.of_age_from <= day)
    if (await connection.execute(of_age)).first() is None:
        message = "This person is not known to be of age; minors are never listed."
        raise Refusal("NOT_ELIGIBLE", message, "List nobody.", field)


def _text(name: str, text: str) -> str:
    """Return a text of an entry, stripped. Raises Refusal BAD_TEXT, also for an identity number (R18)."""
    first, _, second = name.partition("_")
    message = say(
        "This has 1 to {longest_text} characters, and no identity number among them.", longest_text=LONGEST_TEXT
    )
    refusal = Refusal("BAD_TEXT", message, "Complete or shorten it.", first + second.capitalize())
    return strip_text(text, LONGEST_TEXT, refusal)


async def enter_listing(connection: AsyncConnection, values: Mapping[str, Any], act: Act) -> int:
    """Insert an entry of the officer's court and its consequences. values: its columns, published today by default.
    Return its key. Raises Refusal CATALOGUE, LISTED.
    """
    entry = {"published_on": to_court_day(act.at), "court_code": act.officer.court_code, **values}
    if code := LISTING_TYPES.get(entry["kind"]):
        await find_code_type(connection, code, entry["published_on"])
    await _check_unlisted(connection, entry)
    refusal = Refusal(
        "LISTED", "This party was put on the list today, or for this deduction.", "Look it up.", "partyId"
    )
    key = await insert_new(connection, Listing, entry, refusal)
    await keep_step(connection, entry["party_id"], act, listing_id=key)
    await follow(connection, {LISTINGS: [key]}, {}, act.at)
    return key


async def _check_unlisted(connection: AsyncConnection, entry: Mapping[str, Any]) -> None:
    """Raise Refusal LISTED if the court has a current entry of the party: of a debtor in the same case, of a litigant
    for the same deduction."""
    what = SAME.get(entry["kind"], "case_number")
    same = (getattr(Listing, name) == entry[name] for name in ("kind", "party_id", "court_code", what))
    ended = Listing.ends_on < entry["published_on"]
    stands = sa.select(Listing.id).where(*same, Listing.removed_on.is_(None), sa.func.coalesce(~ended, sa.true()))
    if (await connection.execute(stands.limit(1))).first():
        raise Refusal("LISTED", "This party stands on the list.", "Look it up.", "partyId")


async def remove_listing(connection: AsyncConnection, key: int, act: Act) -> None:
    """Remove an entry of a list from this day on; it remains in the past. A refused award's ends with its refusal.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, WRONG_STATE.
    """
    authorize(act, StaffRole.JUDGE, StaffRole.CENTRE)
    query = sa.select(Listing.party_id, Listing.court_code, Listing.refusal_id).where(
        Listing.id == key, Listing.removed_on.is_(None)
    )
    found = await find_own(connection, query.with_for_update(), act.officer, "listing")
    if found.refusal_id is not None:
        message = "This entry stands as long as the refusal to perform an award."
        raise Refusal("WRONG_STATE", message, "If the refusal was wrong, send withdrawRefusal.", "id")
    await keep_step(connection, found.party_id, act, listing_id=key)
    keys, before = await end_entries(connection, {key: (to_court_day(act.at), CloseReason.DELISTED)}, act.at)
    await follow(connection, {LISTINGS: keys}, before, act.at)


async def end_entries(
    connection: AsyncConnection, ends: Mapping[int, tuple[date, CloseReason]], at: datetime
) -> tuple[Sequence[int], Visible]:
    """End entries, each on a day and for a reason. Return their keys and the rows that were visible before.

    An entry that ends as WITHDRAWN vanishes outside. The caller writes the consequences.
    """
    if not ends:
        return (), {}
    keys = sorted(ends)
    before = await find_visible(connection, {LISTINGS: keys}, at)
    days, reasons = [ends[key][0] for key in keys], [ends[key][1].value for key in keys]
    given = _given(keys, days, reasons)
    removed = sa.func.greatest(Listing.published_on, given.c.day)
    await connection.execute(sa.update(Listing).where(Listing.id == given.c.key).values(removed_on=removed))
    reason = sa.cast(given.c.reason, CodeRecord.close_reason.type)
    closed = {"closed_on": sa.func.greatest(CodeRecord.effective_on, given.c.day), "close_reason": reason}
    open_ = sa.or_(CodeRecord.closed_on.is_(None), CodeRecord.close_reason.in_(LEFT))
    await connection.execute(sa.update(CodeRecord).where(CodeRecord.listing_id == given.c.key, open_).values(closed))
    return keys, before


def _given(keys: Sequence[int], days: Sequence[date], reasons: Sequence[str]) -> Any:
    arrays = (sa.literal(list(keys), sa.ARRAY(sa.BigInteger)), sa.literal(list(days), sa.ARRAY(sa.Date)))
    columns = (sa.column("key", sa.BigInteger), sa.column("day", sa.Date), sa.column("reason", sa.Text))
    given = sa.func.unnest(*arrays, sa.literal(list(reasons), sa.ARRAY(sa.Text)))
    return given.table_valued(*columns, name="given").render_derived()
