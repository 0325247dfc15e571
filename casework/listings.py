"""Lists: a judge lists professional lenders (职业放贷人), and whoever stands on a list leaves it (DOMAIN 1, R23)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.catalogue import code_type_in_force
from casework.consequences import Sight, follow, look
from casework.matters import LISTING_TYPES, LISTINGS
from casework.participants import known_party
from casework.procedure import Act, reasoned, require_any
from casework.record_steps import keep_step
from casework.refusal import Refusal, not_found
from models.code_record import CloseReason, CodeRecord
from models.court import StaffRole
from models.listing import Listing, ListingKind
from models.terms import court_day

LENDER = ListingKind.PROFESSIONAL_LENDER
LEFT = (CloseReason.DELISTED, CloseReason.PERFORMED)
"""How a record ends with its entry; a later report may correct the day."""


async def list_lender(connection: AsyncConnection, party_key: int, act: Act) -> int:
    """Put a party of the court's cases on the list of lenders; the reason is its ground. Gives the entry's key.

    Who has left the list may be listed again. Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, LISTED.
    """
    require_any(act.officer, StaffRole.JUDGE)
    grounds, today = reasoned(act.reason), court_day(act.at)
    await known_party(connection, party_key, act.officer)
    await code_type_in_force(connection, LISTING_TYPES[LENDER], today)
    await _check_unlisted(connection, party_key, act)
    blank = dict.fromkeys(("case_number", "basis_number", "basis_unit", "obligation", "performance"), "")
    values = {"kind": LENDER, "party_id": party_key, "court_code": act.officer.court_code, "grounds": grounds, **blank}
    written = insert(Listing).values(**values, listed_on=today, published_on=today).on_conflict_do_nothing()
    key: int | None = (await connection.execute(written.returning(Listing.id))).scalar_one_or_none()
    if key is None:
        raise Refusal("LISTED", "This party was put on the list today.", "Look it up.", "partyId")
    await keep_step(connection, party_key, act, listing_id=key)
    await follow(connection, {LISTINGS: [key]}, {}, act.at)
    return key


async def _check_unlisted(connection: AsyncConnection, party_key: int, act: Act) -> None:
    stands = (Listing.kind == LENDER, Listing.party_id == party_key, Listing.removed_on.is_(None))
    query = sa.select(Listing.id).where(*stands, Listing.court_code == act.officer.court_code).limit(1)
    if (await connection.execute(query)).first():
        raise Refusal("LISTED", "This party stands on the list.", "Look it up.", "partyId")


async def remove_listing(connection: AsyncConnection, key: int, act: Act) -> None:
    """Take an entry off its list, of whichever kind: from this day on, and not as if it had never been there.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND.
    """
    require_any(act.officer, StaffRole.JUDGE, StaffRole.CENTRE)
    reasoned(act.reason)
    query = sa.select(Listing.party_id, Listing.court_code).where(Listing.id == key, Listing.removed_on.is_(None))
    found: Any = (await connection.execute(query.with_for_update())).one_or_none()
    if found is None or found.court_code != act.officer.court_code:
        raise not_found("listing")
    await keep_step(connection, found.party_id, act, listing_id=key)
    keys, before = await end_entries(connection, {key: (court_day(act.at), CloseReason.DELISTED)}, act.at)
    await follow(connection, {LISTINGS: keys}, before, act.at)


async def end_entries(
    connection: AsyncConnection, ends: Mapping[int, tuple[date, CloseReason]], at: datetime
) -> tuple[Sequence[int], Sight]:
    """Let entries leave their lists, each from a day on and for a reason; gives their keys and what others saw.

    What ended wrongly entered (WITHDRAWN) has never been there for others. Whoever calls this lets the rest follow.
    """
    if not ends:
        return (), {}
    keys = sorted(ends)
    before = await look(connection, {LISTINGS: keys}, at)
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
