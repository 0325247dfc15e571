"""Professional lenders (职业放贷人): a judge lists them and takes them off again; numbers only propose (DOMAIN 1)."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.catalogue import code_type_in_force
from casework.events import colour, tell, tell_gone
from casework.participants import known_party
from casework.procedure import Act, reasoned, require
from casework.record_steps import keep_step
from casework.records import close_records, enter_record, gone
from casework.refusal import Refusal, not_found
from models.code_record import CloseReason, CodeRecord
from models.court import StaffRole
from models.event import EventKind
from models.listing import Listing, ListingKind
from models.terms import court_day

LENDER_TYPE = "Y01"
"""The code type of the record that such a listing makes; it stays open until the lender leaves the list."""


async def list_lender(connection: AsyncConnection, party_key: int, act: Act) -> int:
    """Put a party of the court's cases on the list of lenders; the reason is its ground. Gives the entry's key.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, LISTED.
    """
    require(act.officer, StaffRole.JUDGE)
    grounds, today = reasoned(act.reason), court_day(act.at)
    await known_party(connection, party_key, act.officer)
    entry = await code_type_in_force(connection, LENDER_TYPE, today)
    blank = dict.fromkeys(("case_number", "basis_number", "basis_unit", "obligation", "performance"), "")
    values = {"kind": ListingKind.PROFESSIONAL_LENDER, "party_id": party_key, "court_code": act.officer.court_code}
    days = {"listed_on": today, "published_on": today}
    written = insert(Listing).values(**values, **days, **blank, grounds=grounds).on_conflict_do_nothing()
    key: int | None = (await connection.execute(written.returning(Listing.id))).scalar_one_or_none()
    if key is None:
        raise Refusal("LISTED", "This party stands on the list, or has stood there.", "Look it up.", "partyId")
    await keep_step(connection, party_key, act, listing_id=key)
    source = {"party_id": party_key, "court_code": act.officer.court_code, "effective_on": today, "listing_id": key}
    await enter_record(connection, entry, **source)
    await tell(connection, [party_key], EventKind.LIST_ADDED, act.at)
    await colour(connection, [party_key], act.at)
    return key


async def remove_listing(connection: AsyncConnection, key: int, act: Act) -> None:
    """Take a lender off the list: from this day on, and not as if it had never been there.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND.
    """
    require(act.officer, StaffRole.JUDGE)
    reasoned(act.reason)
    query = sa.select(Listing.party_id, Listing.publicity, Listing.court_code, Listing.published_on).where(
        Listing.id == key, Listing.kind == ListingKind.PROFESSIONAL_LENDER, Listing.removed_on.is_(None)
    )
    found: Any = (await connection.execute(query.with_for_update())).one_or_none()
    if found is None or found.court_code != act.officer.court_code:
        raise not_found("listing")
    today = court_day(act.at)
    await connection.execute(sa.update(Listing).where(Listing.id == key).values(removed_on=today))
    await keep_step(connection, found.party_id, act, listing_id=key)
    await close_records(connection, CodeRecord.listing_id == key, today, CloseReason.DELISTED)
    await tell_gone(connection, gone(found, found.published_on, today), EventKind.LIST_REMOVED, act.at)
    await colour(connection, [found.party_id], act.at)
