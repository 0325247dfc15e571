"""Lists of dishonest debtors (失信被执行人) and professional lenders (职业放贷人): entries and removals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.catalogue import find_code_type
from casework.consequences import Visible, establish, find_visible, follow
from casework.matters import LISTING_TYPES, LISTINGS
from casework.participants import find_case, require_known_party
from casework.procedure import Act, authorize
from casework.record_steps import keep_step
from casework.refusal import Refusal
from casework.rows import find_own, insert_new
from casework.texts import strip_text
from models.catalogue import Stage
from models.code_record import CloseReason, CodeRecord
from models.court import StaffRole
from models.court_case import Role
from models.listing import DEBTOR_GROUNDS, DebtorGround, Listing, ListingKind, compute_debtor_end
from models.party import Party
from models.terms import to_court_day

DEBTOR, LENDER = ListingKind.DISHONEST_DEBTOR, ListingKind.PROFESSIONAL_LENDER
TEXTS = ("basis_number", "basis_unit", "obligation", "performance")
LONGEST_TEXT = 500
"""Characters of a text that describes the enforced document."""

LEFT = (CloseReason.DELISTED, CloseReason.PERFORMED)
"""The reasons with which a record ends together with its entry; a later report may correct the day."""


async def list_lender(connection: AsyncConnection, party_key: int, act: Act) -> int:
    """Enter a party of the court's cases as a professional lender, with the reason as ground. Return the entry's key.

    A removed lender may be listed again. Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, LISTED.
    """
    grounds, today = authorize(act, StaffRole.JUDGE), to_court_day(act.at)
    await require_known_party(connection, party_key, act.officer)
    blank = dict.fromkeys(("case_number", "basis_number", "basis_unit", "obligation", "performance"), "")
    values = {"kind": LENDER, "party_id": party_key, "grounds": grounds, "listed_on": today, **blank}
    return await _enter(connection, values, act)


@dataclass(frozen=True)
class DebtorEntry:
    """An entry for a judgment debtor.

    basis_number, basis_unit: the enforced document and its author. obligation: its obligation. performance: the extent
    to which that was performed.
    """

    case_key: int
    party_key: int
    ground: DebtorGround
    basis_number: str
    basis_unit: str
    obligation: str
    performance: str


async def list_debtor(connection: AsyncConnection, unperformed: DebtorEntry, act: Act) -> int:
    """Enter a judgment debtor as a dishonest debtor (法释〔2017〕7号, articles 1-4). Return the entry's key.

    Minors are never listed. A removed debtor may be listed again in the same case from the next day on. Raises Refusal
    WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, NOT_A_PARTICIPANT, WRONG_STAGE, MINOR, BAD_TEXT, LISTED.
    """
    authorize(act, StaffRole.JUDGE)
    case = await find_case(connection, unperformed.case_key, unperformed.party_key, act.officer, Role.JUDGMENT_DEBTOR)
    if case.stage is not Stage.ENFORCEMENT:
        raise Refusal("WRONG_STAGE", "A debtor is listed in an enforcement case.", "Name that case.", "caseId")
    await _check_of_age(connection, unperformed.party_key, act)
    today, grounds = to_court_day(act.at), DEBTOR_GROUNDS[unperformed.ground]
    texts = {name: _text(name, getattr(unperformed, name)) for name in TEXTS}
    days = {"listed_on": case.filed_on, "published_on": today, "ends_on": compute_debtor_end(grounds, today)}
    of = {"kind": DEBTOR, "party_id": unperformed.party_key, "case_id": case.id, "case_number": case.number}
    return await _enter(connection, {**of, **texts, **days, "grounds": grounds}, act)


async def _check_of_age(connection: AsyncConnection, party_key: int, act: Act) -> None:
    """Raise Refusal MINOR unless the party is known to be of age (R16; 法释〔2017〕7号, article 4)."""
    today = to_court_day(act.at)
    await establish(connection, act.keyring, party_key, act.at, today)
    of_age = sa.select(Party.id).where(Party.id == party_key, Party.of_age_from <= today)
    if (await connection.execute(of_age)).first() is None:
        message = "This person is not known to be of age; minors are never listed."
        raise Refusal("MINOR", message, "List nobody.", "partyId")


def _text(name: str, text: str) -> str:
    """Return a text of an entry, stripped. Raises Refusal BAD_TEXT, also for an identity number (R18)."""
    first, _, second = name.partition("_")
    message = f"This has 1 to {LONGEST_TEXT} characters, and no identity number among them."
    refusal = Refusal("BAD_TEXT", message, "Complete or shorten it.", first + second.capitalize())
    return strip_text(text, LONGEST_TEXT, refusal)


async def _enter(connection: AsyncConnection, values: Mapping[str, Any], act: Act) -> int:
    """Insert an entry of the officer's court and its consequences. Raises Refusal CATALOGUE, LISTED."""
    entry = {"published_on": to_court_day(act.at), "court_code": act.officer.court_code, **values}
    await find_code_type(connection, LISTING_TYPES[entry["kind"]], entry["published_on"])
    await _check_unlisted(connection, entry)
    refusal = Refusal("LISTED", "This party was put on the list today.", "Look it up.", "partyId")
    key = await insert_new(connection, Listing, entry, refusal)
    await keep_step(connection, entry["party_id"], act, listing_id=key)
    await follow(connection, {LISTINGS: [key]}, {}, act.at)
    return key


async def _check_unlisted(connection: AsyncConnection, entry: Mapping[str, Any]) -> None:
    """Raise Refusal LISTED if the court has a current entry of the party, for debtors in the same case."""
    same = (getattr(Listing, name) == entry[name] for name in ("kind", "party_id", "court_code", "case_number"))
    ended = Listing.ends_on < entry["published_on"]
    stands = sa.select(Listing.id).where(*same, Listing.removed_on.is_(None), sa.func.coalesce(~ended, sa.true()))
    if (await connection.execute(stands.limit(1))).first():
        raise Refusal("LISTED", "This party stands on the list.", "Look it up.", "partyId")


async def remove_listing(connection: AsyncConnection, key: int, act: Act) -> None:
    """Remove an entry of either list from this day on; it remains in the past.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND.
    """
    authorize(act, StaffRole.JUDGE, StaffRole.CENTRE)
    query = sa.select(Listing.party_id, Listing.court_code).where(Listing.id == key, Listing.removed_on.is_(None))
    found = await find_own(connection, query.with_for_update(), act.officer, "listing")
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
