"""Awards of labour-arbitration bodies: recorded, served with a legal-consequence notice, performed, withdrawn.

A body acts for itself, on its own awards. Their debtors need no consent: the award binds them (DOMAIN 1).
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.award_refusals import end_refusal, find_award
from casework.events import tell_about
from casework.majority import ALWAYS
from casework.publications import read_notice_number
from casework.refusal import Refusal
from casework.rows import insert_new
from casework.texts import strip_text
from languages.sentence import say
from models.arbitral_award import ArbitralAward, AwardKind, RefusalState
from models.client import Client
from models.consequence_notice import ConsequenceNotice
from models.documents import Document
from models.event import EventKind
from models.names import fold
from models.party import Identity, Party, PartyKind
from models.party_name import is_known_as
from models.terms import to_court_day

LONGEST_NUMBER, LONGEST_OBLIGATION = 100, 500
"""Characters of the number of an award, and of its obligation."""


@dataclass(frozen=True)
class Debtor:
    """Whom an award obliges: name, document, keyed hash of its number, sealed and masked number."""

    kind: PartyKind
    name: str
    document: Document
    index: bytes
    sealed: bytes
    masked: str


@dataclass(frozen=True)
class AwardTerms:
    """An award as made. amount: in CNY, if it is one of money. perform_by: last day for performance."""

    number: str
    kind: AwardKind
    obligation: str
    amount: Decimal | None
    made_on: date
    effective_on: date
    perform_by: date


@dataclass(frozen=True)
class AwardService:
    """A notice as served for an award: number, day, and the SHA-256 of the document."""

    number: str
    served_on: date
    digest: bytes


async def record_award(
    connection: AsyncConnection, client_key: int, debtor: Debtor, terms: AwardTerms, at: datetime
) -> int:
    """Record an award against a debtor. Return its key.

    Whether a court knows the debtor's number under other names is not told (R20, R22). Raises Refusal BAD_TEXT,
    NEGATIVE_AMOUNT, BAD_DATE, RECORDED.
    """
    described = _describe(terms, to_court_day(at))
    court = sa.select(Client.court_code).where(Client.id == client_key)
    values = {
        **described,
        "client_key": client_key,
        "court_code": (await connection.execute(court)).scalar_one(),
        "party_id": await find_debtor(connection, debtor.index, debtor.kind, debtor.name)
        or await _make_party(connection, debtor, at),
        "debtor_kind": debtor.kind,
        "debtor_name": debtor.name,
        "subject_index": debtor.index,
        "masked": debtor.masked,
        "recorded_at": at,
    }
    refusal = Refusal("RECORDED", "An award of this number against this debtor is recorded.", "Look it up.", "number")
    return await insert_new(connection, ArbitralAward, values, refusal)


def _describe(terms: AwardTerms, today: date) -> dict[str, Any]:
    """Return the columns of the terms. Raises Refusal BAD_TEXT, NEGATIVE_AMOUNT, BAD_DATE."""
    if terms.amount is not None and terms.amount <= 0:
        raise Refusal("NEGATIVE_AMOUNT", "An amount is above zero.", "Give it in CNY, or leave it out.", "amount")
    if terms.made_on > today:
        raise Refusal("BAD_DATE", "This day has not come yet.", "Give the day of the award.", "madeOn")
    if not terms.made_on <= terms.effective_on:
        raise Refusal("BAD_DATE", "An award takes effect after it is made.", "Check the two days.", "effectiveOn")
    if not terms.effective_on <= terms.perform_by:
        raise Refusal("BAD_DATE", "The time for performance ends after the effect.", "Check the two days.", "performBy")
    return {
        "number": _text(terms.number, LONGEST_NUMBER, "number"),
        "kind": terms.kind,
        "obligation": _text(terms.obligation, LONGEST_OBLIGATION, "obligation"),
        "amount": terms.amount,
        "made_on": terms.made_on,
        "effective_on": terms.effective_on,
        "perform_by": terms.perform_by,
    }


def _text(text: str, longest: int, field: str) -> str:
    message = say("This has 1 to {longest} characters, and no identity number among them.", longest=longest)
    return strip_text(text, longest, Refusal("BAD_TEXT", message, "Complete or shorten it.", field))


async def find_debtor(connection: AsyncConnection, index: bytes, kind: PartyKind, name: str) -> int | None:
    """Return the party of a number, if it has or had this name (R17, R22)."""
    known = sa.select(Party.id).join(Identity, Identity.party_id == Party.id).where(Identity.index == index)
    same = known.where(Party.kind == kind, is_known_as(Party, sa.literal(fold(name), sa.Text)))
    key: int | None = (await connection.execute(same)).scalar_one_or_none()
    return key


async def _make_party(connection: AsyncConnection, debtor: Debtor, at: datetime) -> int | None:
    """Insert a debtor that no court knows, not disclosed to partners (R16); None if the number is somebody's."""
    taken = sa.select(Identity.id).where(Identity.index == debtor.index)
    if (await connection.execute(taken)).first():
        return None
    values: dict[str, Any] = {"kind": debtor.kind, "name": debtor.name, "disclosed": False, "created_at": at}
    if debtor.kind is PartyKind.ORGANIZATION:
        values["of_age_from"] = ALWAYS
    key = int((await connection.execute(sa.insert(Party).values(values).returning(Party.id))).scalar_one())
    number = {"index": debtor.index, "sealed": debtor.sealed, "masked": debtor.masked}
    await connection.execute(sa.insert(Identity).values(party_id=key, type=debtor.document.kind, **number))
    return key


async def issue_award_notice(
    connection: AsyncConnection, client_key: int, award_key: int, service: AwardService, at: datetime
) -> int:
    """Record that a legal-consequence notice was served on the debtor of an award. Return the key of the notice.

    Raises Refusal NOT_FOUND, REVOKED, BAD_TEXT, BAD_NUMBER, BAD_DATE, ISSUED.
    """
    award = await find_award(connection, client_key, award_key, "awardId")
    if not award.made_on <= service.served_on <= to_court_day(at):
        message = "A notice is served after the award is made, and not in time to come."
        raise Refusal("BAD_DATE", message, "Check the day of service.", "servedOn")
    values = {
        "number": read_notice_number(service.number),
        "court_code": award.court_code,
        "award_id": award_key,
        "client_key": client_key,
        "party_id": award.party_id,
        "served_on": service.served_on,
        "digest": service.digest,
        "issued_at": at,
    }
    refusal = Refusal("ISSUED", "A notice of this number is served already.", "Give another number.", "number")
    key = await insert_new(connection, ConsequenceNotice, values, refusal)
    await tell_about(connection, award.party_id, EventKind.NOTICE_SERVED, at)
    return key


async def report_award_performance(
    connection: AsyncConnection, client_key: int, key: int, performed_on: date, at: datetime
) -> None:
    """Record that an award is fully performed. A refusal ends, and its entry leaves the list at once (R23).

    Raises Refusal NOT_FOUND, REVOKED, RECORDED, BAD_DATE.
    """
    award = await find_award(connection, client_key, key, "id")
    if award.performed_on is not None:
        raise Refusal("RECORDED", "The performance of this award is recorded.", "Nothing more is needed.", "id")
    if not award.made_on <= performed_on <= to_court_day(at):
        message = "An award is performed after it is made, and not in time to come."
        raise Refusal("BAD_DATE", message, "Check the day.", "performedOn")
    await _update(connection, key, performed_on=performed_on)
    await end_refusal(connection, key, RefusalState.PERFORMED, at)


async def withdraw_award(connection: AsyncConnection, client_key: int, key: int, reason: str, at: datetime) -> None:
    """Withdraw an award that was set aside, or recorded by mistake. What rests on it falls with it (R25).

    Raises Refusal NOT_FOUND, REVOKED, REASON_REQUIRED.
    """
    await find_award(connection, client_key, key, "id")
    if not reason.strip():
        raise Refusal("REASON_REQUIRED", "A withdrawal says why.", "Write a sentence.", "reason")
    await _update(connection, key, withdrawn_at=at, withdrawal_reason=reason.strip())
    await end_refusal(connection, key, RefusalState.WITHDRAWN, at)


async def _update(connection: AsyncConnection, key: int, **values: Any) -> None:
    await connection.execute(sa.update(ArbitralAward).where(ArbitralAward.id == key).values(values))
