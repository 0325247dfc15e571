"""Lists, bulletins and notices."""

from datetime import date

from casework import listings, publications
from casework.listings import Unperformed
from casework.publications import Announcement, Service
from models.bulletin import BulletinKind
from models.court_case import CourtCase
from models.listing import DebtorGround, Listing
from models.party import Party
from resolvers.mutations.acting import Acting


async def list_lender(acting: Acting, *, party_id: str, reason: str) -> int:
    """A judge lists a professional lender."""
    return await listings.list_lender(acting.connection, acting.key(party_id, Party, "partyId"), acting.act(reason))


async def list_debtor(
    acting: Acting,
    *,
    case_id: str,
    party_id: str,
    ground: DebtorGround,
    basis_number: str,
    basis_unit: str,
    obligation: str,
    performance: str,
    reason: str,
) -> int:
    """A judge lists a dishonest judgment debtor."""
    case, party = acting.key(case_id, CourtCase, "caseId"), acting.key(party_id, Party, "partyId")
    unperformed = Unperformed(case, party, ground, basis_number, basis_unit, obligation, performance)
    return await listings.list_debtor(acting.connection, unperformed, acting.act(reason))


async def remove_listing(acting: Acting, *, id: str, reason: str) -> int:
    """A judge or the Centre ends an entry on a list."""
    key = acting.key(id, Listing)
    await listings.remove_listing(acting.connection, key, acting.act(reason))
    return key


async def publish_bulletin(acting: Acting, *, kind: BulletinKind, month: date, title: str, body: str) -> int:
    """The Centre publishes a bulletin."""
    return await publications.publish_bulletin(
        acting.connection, Announcement(kind, month, title, body), acting.act("")
    )


async def issue_notice(
    acting: Acting, *, number: str, case_id: str, party_id: str, served_on: date, digest: bytes, reason: str
) -> int:
    """A judge keeps that a notice was served."""
    case, party = acting.key(case_id, CourtCase, "caseId"), acting.key(party_id, Party, "partyId")
    service = Service(number, case, party, served_on, digest)
    return await publications.issue_notice(acting.connection, service, acting.act(reason))
