"""Objections to list entries, sanctions and code records (R8, R10): what they are to, and what withdraws it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.consequences import follow
from casework.events import tell_gone, update_colours
from casework.listings import end_entries
from casework.matters import LISTINGS
from casework.procedure import Act
from casework.record_repairs import is_running
from casework.record_steps import keep_step
from casework.records import close_records, list_withdrawals
from casework.refusal import Refusal
from casework.sanctions import withdraw_sanction
from models.catalogue import CodeType, Colour
from models.code_record import CloseReason, CodeRecord
from models.event import EventKind
from models.listing import Listing
from models.objection import ObjectionOutcome
from models.sanction import Sanction
from models.terms import to_court_day


@dataclass(frozen=True)
class Contested:
    """What an objection is to: one of the four keys."""

    deduction_key: int | None = None
    listing_key: int | None = None
    sanction_key: int | None = None
    code_record_key: int | None = None

    def find_target(self) -> tuple[str, int]:
        """Return the column and the key. Raises Refusal BAD_ID unless one key is given."""
        given = [(name.replace("_key", "_id"), key) for name, key in vars(self).items() if key is not None]
        if len(given) != 1:
            raise Refusal("BAD_ID", "An objection is to one item.", "Send one of the four ids.", "deductionId")
        return given[0]


def select_record(column: str, key: int, party_key: int, today: date) -> Any:
    """Select a party's own record that stands on a day, with its publicity. A suspicion is hidden from its subject
    (R13); a code record with a decision or an entry behind it is contested there."""
    model: Any = {"listing_id": Listing, "sanction_id": Sanction, "code_record_id": CodeRecord}[column]
    query: Any = sa.select(model.party_id, model.publicity).where(model.id == key, model.party_id == party_key)
    if model is Listing:
        return query.where(Listing.removed_on.is_(None), sa.func.coalesce(Listing.ends_on >= today, sa.true()))
    if model is Sanction:
        return query.where(Sanction.revoked_on.is_(None))
    bases = (CodeRecord.deduction_id, CodeRecord.listing_id, CodeRecord.sanction_id, CodeRecord.certificate_id)
    own = (base.is_(None) for base in bases)
    seen = query.join(CodeType, CodeType.id == CodeRecord.code_type_id).where(CodeType.partner_visible)
    return seen.where(CodeRecord.colour.in_((Colour.RED, Colour.YELLOW)), is_running(today), *own)


def lock_record(column: str, key: int) -> Any:
    """Select a record for update, with its court, party, publicity and first day."""
    if column == "listing_id":
        query = sa.select(Listing.__table__, Listing.removed_on.is_(None).label("stands")).where(Listing.id == key)
    elif column == "sanction_id":
        query = sa.select(Sanction.__table__, Sanction.revoked_on.is_(None).label("stands")).where(Sanction.id == key)
    else:
        stands = CodeRecord.closed_on.is_(None).label("stands")
        query = sa.select(CodeRecord.__table__, stands).where(CodeRecord.id == key)
    return query.with_for_update()


async def settle_record(
    connection: AsyncConnection, column: str, found: Any, outcome: ObjectionOutcome, act: Act
) -> None:
    """Carry out the answer to an objection to a locked record: nothing, or its withdrawal with all that rests on it.

    Raises Refusal BAD_EXTENT for AMENDED: a record has no points.
    """
    if outcome is ObjectionOutcome.AMENDED:
        message = "Only a deduction has points that are amended."
        raise Refusal("BAD_EXTENT", message, "Uphold or withdraw the record.", "outcome")
    if outcome is ObjectionOutcome.WITHDRAWN and found.stands:
        await WITHDRAW[column](connection, found, act)
    else:
        await keep_step(connection, found.party_id, act, **{column: found.id})


async def _withdraw_entry(connection: AsyncConnection, found: Any, act: Act) -> None:
    await keep_step(connection, found.party_id, act, listing_id=found.id)
    ends = {found.id: (to_court_day(act.at), CloseReason.WITHDRAWN)}
    keys, before = await end_entries(connection, ends, act.at)
    await follow(connection, {LISTINGS: keys}, before, act.at)


async def _withdraw_sanction(connection: AsyncConnection, found: Any, act: Act) -> None:
    await withdraw_sanction(connection, found, to_court_day(act.at), act)


async def _withdraw_record(connection: AsyncConnection, found: Any, act: Act) -> None:
    today = to_court_day(act.at)
    await keep_step(connection, found.party_id, act, code_record_id=found.id)
    lost = list_withdrawals(found, found.effective_on, today)
    await close_records(connection, CodeRecord.id == found.id, today, CloseReason.WITHDRAWN)
    await tell_gone(connection, lost, EventKind.ENTRY_WITHDRAWN, act.at)
    await update_colours(connection, [found.party_id], act.at)


WITHDRAW: Mapping[str, Any] = {
    "listing_id": _withdraw_entry,
    "sanction_id": _withdraw_sanction,
    "code_record_id": _withdraw_record,
}
