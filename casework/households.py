"""Members of households: enrolled on a letter (R15), by file or by hand (DOMAIN 5).

A trigger maintains `party.household_id` (`models.household`); conversions are updated here.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.assessments import assess_members
from casework.conversions import reverse
from casework.refusal import Refusal, refuse_missing
from languages.sentence import say
from models.catalogue import ItemKind
from models.household import Household, HouseholdMember, Village
from models.names import fold
from models.party import Identity, IdentityType, Party, PartyKind
from models.point_conversion import PointConversion
from models.terms import to_court_day

LONGEST_TEXT = 100
"""Characters of the key of a household, of a relation, of the number of a letter."""


@dataclass(frozen=True)
class Membership:
    """A person's place in a household: its relation to the head, the letter, and the first day."""

    household: str
    village: str
    relation: str
    consent_number: str
    consented_on: date
    enrolled_on: date


@dataclass(frozen=True)
class EnrolledPerson:
    """A name and a number: keyed hash, sealed, masked (R18)."""

    name: str
    index: bytes
    sealed: bytes
    masked: str


async def enrol(connection: AsyncConnection, person: EnrolledPerson, membership: Membership, at: datetime) -> int:
    """Enrol a person in a household, and end its membership in another one. Return the membership's key.

    Raises Refusal NOT_FOUND, BAD_TEXT, BAD_DATE, CONSENT_REQUIRED.
    """
    _check(membership, to_court_day(at))
    party = await _person(connection, person, at)
    household = await _household(connection, membership)
    values = {
        "household_id": household,
        "party_id": party,
        "relation": membership.relation.strip(),
        "consent_number": membership.consent_number.strip(),
        "consented_on": membership.consented_on,
        "enrolled_on": membership.enrolled_on,
        "left_on": None,
        "exported_on": None,
    }
    await leave_others(connection, party, household, membership.enrolled_on)
    written = insert(HouseholdMember).values(values)
    same = [HouseholdMember.household_id, HouseholdMember.party_id]
    again = written.on_conflict_do_update(index_elements=same, set_=values).returning(HouseholdMember.id)
    key = int((await connection.execute(again)).scalar_one())
    await follow_members(connection, [party], at)
    return key


async def leave(connection: AsyncConnection, key: int, left_on: date, at: datetime) -> None:
    """End a membership. Raises Refusal NOT_FOUND, WRONG_STATE, BAD_DATE."""
    query = sa.select(HouseholdMember.__table__).where(HouseholdMember.id == key).with_for_update()
    found: Any = (await connection.execute(query)).one_or_none()
    if found is None:
        raise refuse_missing("member")
    if found.left_on is not None:
        raise Refusal("WRONG_STATE", "This person has left already.", "Nothing more is needed.", "id")
    if not found.enrolled_on <= left_on <= to_court_day(at):
        raise Refusal("BAD_DATE", "One leaves after one's enrolment, and not in time to come.", "Check it.", "leftOn")
    ended = {"left_on": left_on, "exported_on": None}  # not from an export
    await connection.execute(sa.update(HouseholdMember).where(HouseholdMember.id == key).values(ended))
    await follow_members(connection, [found.party_id], at)


async def leave_others(connection: AsyncConnection, party: int, household: int, day: date) -> None:
    """End a person's memberships in other households, since a person belongs to one at a time."""
    other = (HouseholdMember.party_id == party, HouseholdMember.household_id != household)
    left = sa.func.greatest(HouseholdMember.enrolled_on, sa.literal(day, sa.Date))
    update = sa.update(HouseholdMember).where(*other, HouseholdMember.left_on.is_(None))
    await connection.execute(update.values(left_on=left, exported_on=None))


async def follow_members(connection: AsyncConnection, party_keys: Collection[int], at: datetime) -> None:
    """Update the conversions of persons whose membership has changed: vetoes move with the person."""
    await reverse(connection, PointConversion.party_id, party_keys, at, ItemKind.VETO)
    await assess_members(connection, party_keys, at)


def _check(membership: Membership, today: date) -> None:
    """Raise Refusal for a text of a wrong length, a missing letter, or a day in the future."""
    texts = {"householdKey": membership.household, "village": membership.village, "relation": membership.relation}
    for field, text in texts.items():
        if not 0 < len(text.strip()) <= LONGEST_TEXT:
            raise Refusal(
                "BAD_TEXT",
                say("This has 1 to {longest_text} characters.", longest_text=LONGEST_TEXT),
                "Complete or shorten it.",
                field,
            )
    if not 0 < len(membership.consent_number.strip()) <= LONGEST_TEXT:
        message = "A person is enrolled on a letter that it signed (R15)."
        raise Refusal("CONSENT_REQUIRED", message, "Give the letter's number.", "consentNumber")
    if membership.enrolled_on < membership.consented_on:
        message = "The letter was signed after this day (R15)."
        raise Refusal("BAD_DATE", message, "Enrol the person from that day on.", "enrolledOn")
    for field, day in (("consentedOn", membership.consented_on), ("enrolledOn", membership.enrolled_on)):
        if day > today:
            raise Refusal("BAD_DATE", "This day has not come yet.", "Give a past day.", field)


async def _person(connection: AsyncConnection, person: EnrolledPerson, at: datetime) -> int:
    """Return the party of a number, a new one if it is unknown. Raises Refusal NOT_FOUND if the name differs."""
    query = sa.select(Party.id, Party.name).join(Identity, Identity.party_id == Party.id)
    known = (await connection.execute(query.where(Identity.index == person.index))).one_or_none()
    if known is None:
        return await _new_person(connection, person, at)
    if fold(known.name) != fold(person.name):
        message = "A person of this name and number cannot be enrolled by hand."
        raise Refusal("NOT_FOUND", message, "Check both, or send the person in a file of households.", "idNumber")
    return int(known.id)


async def _new_person(connection: AsyncConnection, person: EnrolledPerson, at: datetime) -> int:
    """Insert a person who is unknown to the courts, and so not disclosed to other partners (R16)."""
    values = {"kind": PartyKind.PERSON, "name": person.name, "disclosed": False, "created_at": at}
    key = int((await connection.execute(sa.insert(Party).values(values).returning(Party.id))).scalar_one())
    number = {"index": person.index, "sealed": person.sealed, "masked": person.masked}
    await connection.execute(sa.insert(Identity).values(party_id=key, type=IdentityType.RESIDENT_ID, **number))
    return key


async def _household(connection: AsyncConnection, membership: Membership) -> int:
    """Return the household of a key. A household with another village than before has moved."""
    name, key = membership.village.strip(), membership.household.strip()
    await connection.execute(insert(Village).values(name=name).on_conflict_do_nothing())
    village = sa.select(Village.id).where(Village.name == name).scalar_subquery()
    written = insert(Household).values(key=key, village_id=village)
    there = written.on_conflict_do_update(index_elements=[Household.key], set_={"village_id": village})
    return int((await connection.execute(there.returning(Household.id))).scalar_one())
