"""Refusals to perform awards (拒不履行仲裁裁决): reported by the arbitration body, published or returned by the court.

A published refusal is an entry on a list (`models.listing`). It colours nobody, and takes moral points (MD4, DOMAIN 5).
"""

from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.consequences import find_visible, follow
from casework.events import tell_about
from casework.listings import check_of_age, enter_listing
from casework.matters import LISTINGS
from casework.procedure import Act, authorize
from casework.refusal import Refusal, refuse_missing
from casework.rows import find_own, insert_new
from languages.sentence import say
from models.arbitral_award import OPEN, ArbitralAward, AwardKind, AwardRefusal, RefusalState
from models.client import Client
from models.consequence_notice import ConsequenceNotice
from models.court import StaffRole
from models.event import EventKind
from models.listing import REFUSAL_TERM_MONTHS, Listing, ListingKind
from models.names import fold
from models.party import Identity, Party, PartyKind
from models.party_name import is_known_as
from models.terms import add_months, to_court_day

GROUNDS = {
    AwardKind.AWARD: "拒不履行生效劳动人事争议仲裁裁决",
    AwardKind.MEDIATION: "拒不履行生效劳动人事争议仲裁调解书",
}
"""The ground of an entry: without commentary, and without the body's own words."""

UNPERFORMED = "未履行"


async def report_refusal(
    connection: AsyncConnection, client_key: int, award_key: int, statement: str, at: datetime
) -> int:
    """Report that the debtor of an award refuses to perform, after the notice and the last day for performance.

    Return the key of the refusal. Raises Refusal NOT_FOUND, REVOKED, WRONG_STATE, REASON_REQUIRED, NOT_NOTIFIED,
    TOO_EARLY, RECORDED.
    """
    award = await _find_due(connection, client_key, award_key, to_court_day(at))
    if not statement.strip():
        raise Refusal("REASON_REQUIRED", "A report says what was refused.", "Write a sentence.", "statement")
    values = {"award_id": award_key, "statement": statement.strip(), "reported_at": at, "state": RefusalState.REPORTED}
    refusal = Refusal("RECORDED", "A refusal of this award is reported.", "Wait for the court.", "awardId")
    key = await insert_new(connection, AwardRefusal, values, refusal)
    await tell_about(connection, award.party_id, EventKind.REFUSAL_REPORTED, at)
    return key


async def _find_due(connection: AsyncConnection, client_key: int, key: int, today: date) -> Any:
    """Return a body's own award that should be performed by now, locked."""
    award = await find_award(connection, client_key, key, "awardId")
    if award.performed_on is not None:
        raise Refusal("WRONG_STATE", "This award is performed.", "Nothing more is needed.", "awardId")
    served = sa.select(ConsequenceNotice.id).where(ConsequenceNotice.award_id == key).limit(1)
    if (await connection.execute(served)).first() is None:
        message = "The debtor has not been served with a legal-consequence notice."
        raise Refusal("NOT_NOTIFIED", message, "Serve it, and record it with issueAwardNotice.", "awardId")
    if today <= award.perform_by:
        message = say("The debtor may perform through {perform_by}.", perform_by=award.perform_by)
        raise Refusal("TOO_EARLY", message, "Report it after that day.", "awardId")
    return award


async def find_award(connection: AsyncConnection, client_key: int, key: int, field: str) -> Any:
    """Return a body's own award, locked. Raises Refusal NOT_FOUND, REVOKED."""
    own = (ArbitralAward.id == key, ArbitralAward.client_key == client_key)
    found = (await connection.execute(sa.select(ArbitralAward.__table__).where(*own).with_for_update())).one_or_none()
    if found is None:
        raise refuse_missing("award of yours", field)
    if found.withdrawn_at is not None:
        raise Refusal("REVOKED", "This award is withdrawn.", "Record another one.", field)
    return found


async def publish_refusal(connection: AsyncConnection, key: int, act: Act) -> None:
    """Publish a refusal as a list entry of the court (MD4). The body and the debtor are told.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, DECIDED, OTHER_SUBJECT, NOT_ELIGIBLE.
    """
    found = await _find_reported(connection, key, act)
    refused_from = found.perform_by + timedelta(1)
    party = await _identify(connection, found)
    if found.debtor_kind is PartyKind.PERSON:
        await check_of_age(connection, party, refused_from, act, "id")
    today = to_court_day(act.at)
    entry = {
        "kind": ListingKind.AWARD_REFUSAL,
        "party_id": party,
        "refusal_id": key,
        "case_number": "",
        "basis_number": found.number,
        "basis_unit": found.body,
        "obligation": found.obligation,
        "performance": UNPERFORMED,
        "grounds": GROUNDS[found.kind],
        "listed_on": refused_from,
        "ends_on": add_months(today, REFUSAL_TERM_MONTHS),
    }
    await enter_listing(connection, entry, act)
    await _decide(connection, found, RefusalState.PUBLISHED, party, act)


async def return_refusal(connection: AsyncConnection, key: int, act: Act) -> None:
    """Return a refusal to the body with a reason. Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, DECIDED."""
    found = await _find_reported(connection, key, act)
    await _decide(connection, found, RefusalState.RETURNED, found.party_id, act)


async def withdraw_refusal(connection: AsyncConnection, key: int, act: Act) -> None:
    """Withdraw a published refusal that was wrong: its entry and its points vanish (R10).

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, WRONG_STATE.
    """
    authorize(act, StaffRole.CENTRE)
    found = await find_own(connection, _select(key), act.officer, "refusal")
    if found.state is not RefusalState.PUBLISHED:
        raise Refusal(
            "WRONG_STATE", say("The refusal is {state}.", state=found.state), "Only a published one is withdrawn.", "id"
        )
    await _decide(connection, found, RefusalState.WITHDRAWN, found.party_id, act)
    await _end_entry(connection, key, RefusalState.WITHDRAWN, act.at)


async def end_refusal(connection: AsyncConnection, award_key: int, state: RefusalState, at: datetime) -> None:
    """End the open refusal of an award, if there is one, with its entry: PERFORMED or WITHDRAWN."""
    open_ = (AwardRefusal.award_id == award_key, AwardRefusal.state.in_(OPEN))
    ended = sa.update(AwardRefusal).where(*open_).values(state=state).returning(AwardRefusal.id)
    for key in (await connection.execute(ended)).scalars().all():
        await _end_entry(connection, key, state, at)


async def _end_entry(connection: AsyncConnection, refusal_key: int, state: RefusalState, at: datetime) -> None:
    """Take the entry of a refusal off its list: from today on, or, if it was wrong, from its first day."""
    query = sa.select(Listing.id).where(Listing.refusal_id == refusal_key, Listing.removed_on.is_(None))
    keys = (await connection.execute(query.with_for_update())).scalars().all()
    before = await find_visible(connection, {LISTINGS: keys}, at)
    wrong = state is RefusalState.WITHDRAWN
    removed_on = Listing.published_on if wrong else sa.func.greatest(Listing.published_on, to_court_day(at))
    await connection.execute(sa.update(Listing).where(Listing.id.in_(keys)).values(removed_on=removed_on))
    await follow(connection, {LISTINGS: keys}, before, at)


def _select(key: int) -> Any:
    """Select a refusal with its award and the name of its body, locked."""
    award = [column for column in ArbitralAward.__table__.c if column.name not in {"id", "court_code"}]
    return (
        sa.select(
            AwardRefusal.id.label("key"), AwardRefusal.award_id, AwardRefusal.state, ArbitralAward.court_code, *award
        )
        .add_columns(Client.name.label("body"))
        .join(ArbitralAward, ArbitralAward.id == AwardRefusal.award_id)
        .join(Client, Client.id == ArbitralAward.client_key)
        .where(AwardRefusal.id == key)
        .with_for_update(of=(AwardRefusal, ArbitralAward))
    )


async def _find_reported(connection: AsyncConnection, key: int, act: Act) -> Any:
    """Return a refusal that awaits the decision of the officer's court."""
    authorize(act, StaffRole.CENTRE)
    found = await find_own(connection, _select(key), act.officer, "refusal")
    if found.state is not RefusalState.REPORTED:
        raise Refusal("DECIDED", say("The refusal is {state} already.", state=found.state), "Read its decision.", "id")
    return found


async def _identify(connection: AsyncConnection, found: Any) -> int:
    """Return the party that is listed. Raises Refusal OTHER_SUBJECT if its number is not of that name (R22)."""
    known = sa.select(Party.id).join(Identity, Identity.party_id == Party.id)
    named = is_known_as(Party, sa.literal(fold(found.debtor_name), sa.Text))
    query = known.where(Identity.index == found.subject_index, Party.kind == found.debtor_kind, named)
    key: int | None = (await connection.execute(query)).scalar_one_or_none()
    if key is None:
        message = "The courts know this number under another name than the award."
        hint = "Return it, so that the body corrects name or number; or resolve the identity first."
        raise Refusal("OTHER_SUBJECT", message, hint, "id")
    return key


async def _decide(
    connection: AsyncConnection, found: Any, state: RefusalState, party_key: int | None, act: Act
) -> None:
    """Store a decision, and tell the body and the debtor."""
    decided = {"state": state, "decided_at": act.at, "decided_by": act.officer.key, "reason": act.reason.strip()}
    await connection.execute(sa.update(AwardRefusal).where(AwardRefusal.id == found.key).values(decided))
    if party_key != found.party_id:
        known = {"party_id": party_key}
        await connection.execute(sa.update(ArbitralAward).where(ArbitralAward.id == found.award_id).values(known))
        notices = sa.update(ConsequenceNotice).where(ConsequenceNotice.award_id == found.award_id)
        await connection.execute(notices.values(known))
    reference = (found.client_key, found.number)
    await tell_about(connection, party_key, EventKind.REFUSAL_DECIDED, act.at, reference)
