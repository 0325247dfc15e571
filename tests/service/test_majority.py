"""Majority: established by the sealed number where a day of conduct asks for it, and kept as one day (R16, R18)."""

from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa
from courtroom import Courtroom
from import_files import ADULT
from sqlalchemy.ext.asyncio import AsyncConnection

from casework import deductions
from casework.certificates import Performance, issue_certificate
from casework.majority import ALWAYS, find_adult_day
from models.court import StaffRole
from models.identifiers import mask_number, parse_person_number
from models.keyring import Keyring
from models.party import Identity, IdentityType, Party

BORN = date(2000, 2, 29)


@pytest.mark.parametrize(
    ("born_on", "days", "established"),
    [
        (BORN, [date(2018, 2, 28)], None),
        (BORN, [date(2018, 3, 1)], date(2018, 3, 1)),
        (BORN, [date(2018, 2, 28), date(2020, 1, 1), date(2019, 1, 1)], date(2019, 1, 1)),
        (BORN, [], None),
        (None, [date(2018, 2, 28)], ALWAYS),
    ],
)
def test_the_earliest_day_of_age_is_established(born_on: date | None, days: list[date], established: date) -> None:
    assert find_adult_day(born_on, days) == established


async def identified(connection: AsyncConnection, room: Courtroom, keyring: Keyring) -> date:
    """The first debtor gets a number, and nothing is established of it; gives the day of birth."""
    number = parse_person_number(ADULT)
    index = keyring.index(number.value)
    identity = {"party_id": room.parties[0], "type": IdentityType.RESIDENT_ID, "index": index}
    sealed = {"sealed": keyring.seal(number.value, index), "masked": mask_number(number.value)}
    await connection.execute(sa.insert(Identity).values(identity | sealed))
    await connection.execute(sa.update(Party).where(Party.id == room.parties[0]).values(of_age_from=date.max))
    return number.born_on


async def known(connection: AsyncConnection, room: Courtroom) -> date:
    """Since when the first debtor is known to be of age."""
    return (await connection.execute(sa.select(Party.of_age_from).where(Party.id == room.parties[0]))).scalar_one()


async def test_a_proposal_opens_the_number(connection: AsyncConnection, room: Courtroom, keyring: Keyring) -> None:
    await identified(connection, room, keyring)
    act = replace(room.act(StaffRole.JUDGE), keyring=keyring)
    await deductions.propose(connection, room.proposal(), act)
    assert await known(connection, room) == room.proposal().conduct_on


async def test_a_proposal_for_a_minor_s_conduct_establishes_nothing(
    connection: AsyncConnection, room: Courtroom, keyring: Keyring
) -> None:
    born_on = await identified(connection, room, keyring)
    act = replace(room.act(StaffRole.JUDGE), keyring=keyring)
    conduct_on = born_on.replace(year=born_on.year + 17)
    await deductions.propose(connection, room.proposal(conduct_on=conduct_on), act)
    assert await known(connection, room) == date.max


async def test_without_the_key_ring_nothing_is_established(
    connection: AsyncConnection, room: Courtroom, keyring: Keyring
) -> None:
    await identified(connection, room, keyring)
    await deductions.propose(connection, room.proposal(), room.act(StaffRole.JUDGE))
    assert await known(connection, room) == date.max


async def test_a_certificate_opens_the_number(connection: AsyncConnection, room: Courtroom, keyring: Keyring) -> None:
    await identified(connection, room, keyring)
    act = replace(room.act(StaffRole.CENTRE), keyring=keyring)
    performance = Performance("甬履证2026001号", room.case, room.parties[0], date(2026, 2, 27))
    await issue_certificate(connection, performance, act)
    assert await known(connection, room) == date(2026, 2, 27)
