"""Lists: a judge lists professional lenders (职业放贷人), and whoever stands on a list leaves it (DOMAIN 1, R23)."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.catalogue import code_type_in_force
from casework.consequences import follow, look
from casework.matters import LISTING_TYPES, LISTINGS
from casework.participants import known_party
from casework.procedure import Act, reasoned, require_any
from casework.record_steps import keep_step
from casework.records import close_records
from casework.refusal import Refusal, not_found
from models.code_record import CloseReason, CodeRecord
from models.court import StaffRole
from models.listing import Listing, ListingKind
from models.terms import court_day

LENDER = ListingKind.PROFESSIONAL_LENDER


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
    query = sa.select(Listing.party_id, Listing.court_code, Listing.published_on).where(
        Listing.id == key, Listing.removed_on.is_(None)
    )
    found: Any = (await connection.execute(query.with_for_update())).one_or_none()
    if found is None or found.court_code != act.officer.court_code:
        raise not_found("listing")
    before, today = await look(connection, {LISTINGS: [key]}, act.at), court_day(act.at)
    removed_on = max(today, found.published_on)
    await connection.execute(sa.update(Listing).where(Listing.id == key).values(removed_on=removed_on))
    await keep_step(connection, found.party_id, act, listing_id=key)
    await close_records(connection, CodeRecord.listing_id == key, today, CloseReason.DELISTED)
    await follow(connection, {LISTINGS: [key]}, before, act.at)
