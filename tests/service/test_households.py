"""Format `households`: who belongs to which household, since when, on which letter (R15)."""

from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from import_files import ADULT, ORGANIZATION, PERSON, Desk, line, write_csv
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.households import leave
from ingest.importing import import_file
from ingest.report import Summary
from models.household import HouseholdMember
from models.keyring import Keyring
from models.terms import COURT_TIME

MEMBER = {
    "户号": "NH-1",
    "村社区": "马渚镇四联村",
    "姓名": "魏宇华",
    "证件类型": "居民身份证",
    "证件号码": PERSON,
    "与户主关系": "户主",
    "授权书号": "授2024-0001",
    "授权日期": "2024-01-02",
    "入册日期": "2024-01-05",
    "迁出日期": "",
}
MEMBERS = (
    "SELECT h.key, i.masked, m.enrolled_on, m.left_on FROM household_member m"
    " JOIN household h ON h.id = m.household_id JOIN identity i ON i.party_id = m.party_id ORDER BY 3, 1"
)
HOMES = "SELECT h.key, v.name, p.disclosed FROM party p LEFT JOIN household h ON h.id = p.household_id" \
    " LEFT JOIN village v ON v.id = p.village_id ORDER BY p.id"  # fmt: skip


pytestmark = pytest.mark.usefixtures("shipped")


class Enrolling(Desk):
    """Imports lines of `households`, and reads what they left."""

    async def lines(self, *changes: dict[str, str]) -> Summary:
        return await self.bring("households", *(list((MEMBER | one).values()) for one in changes))


@pytest.fixture
def enrolling(engine: AsyncEngine, keyring: Keyring, tmp_path: Path) -> Enrolling:
    return Enrolling(engine, keyring, tmp_path)


async def test_a_line_makes_a_member_whom_nobody_else_comes_to_know(enrolling: Enrolling) -> None:
    summary = await enrolling.lines({})
    assert (summary.accepted, summary.records.new, summary.protected) == (1, 1, 0)
    assert await enrolling.rows(HOMES) == [("NH-1", "马渚镇四联村", False)]
    again = await enrolling.lines({})
    assert (again.records.new, again.parties.new) == (0, 0)


async def test_who_is_known_from_a_case_stays_known(enrolling: Enrolling) -> None:
    cases = write_csv(enrolling.place / "cases.csv", [line(村社区="")])
    await import_file(enrolling.engine, "cases", cases, keyring=enrolling.keyring)
    await enrolling.lines({})
    assert await enrolling.rows(HOMES) == [("NH-1", "马渚镇四联村", True)]


async def test_who_moves_out_leaves(enrolling: Enrolling) -> None:
    await enrolling.lines({})
    await enrolling.lines({"迁出日期": "2025-03-01"})
    assert await enrolling.rows(HOMES) == [(None, None, False)]
    assert [row[2:] for row in await enrolling.rows(MEMBERS)] == [(date(2024, 1, 5), date(2025, 3, 1))]


@pytest.mark.parametrize("together", [True, False])
async def test_a_move_ends_the_first_membership(enrolling: Enrolling, together: bool) -> None:
    first: dict[str, str] = {}
    moved = {"户号": "NH-2", "村社区": "梨洲街道竹山村", "入册日期": "2025-06-01"}
    for lines in ([first, moved],) if together else ([first], [moved]):
        await enrolling.lines(*lines)
    found = [(row[0], row[3]) for row in await enrolling.rows(MEMBERS)]
    assert found == [("NH-1", date(2025, 6, 1)), ("NH-2", None)]
    assert await enrolling.rows(HOMES) == [("NH-2", "梨洲街道竹山村", False)]


async def test_a_move_that_comes_first_is_not_undone_by_the_older_line(enrolling: Enrolling) -> None:
    await enrolling.lines({"户号": "NH-2", "入册日期": "2025-06-01"})
    await enrolling.lines({})
    found = [(row[0], row[3]) for row in await enrolling.rows(MEMBERS)]
    assert found == [("NH-1", date(2025, 6, 1)), ("NH-2", None)]


async def test_who_comes_back_is_there_again(enrolling: Enrolling) -> None:
    await enrolling.lines({}, {"户号": "NH-2", "入册日期": "2025-06-01"})
    await enrolling.lines({"入册日期": "2026-01-01"})
    found = [(row[0], row[3]) for row in await enrolling.rows(MEMBERS)]
    assert found == [("NH-2", date(2026, 1, 1)), ("NH-1", None)]


async def test_a_household_moves_with_its_members(enrolling: Enrolling) -> None:
    await enrolling.lines({}, {"证件号码": ADULT, "姓名": "黄超", "与户主关系": "配偶"})
    await enrolling.lines({"村社区": "梨洲街道竹山村"})
    assert {row[1] for row in await enrolling.rows(HOMES)} == {"梨洲街道竹山村"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"授权书号": ""}, "AUTHORISATION"),
        ({"授权日期": ""}, "AUTHORISATION"),
        ({"授权日期": "2024-01-06"}, "AUTHORISATION"),
        ({"户号": ""}, "HOUSEHOLD"),
        ({"户号": "1" * 101}, "HOUSEHOLD"),
        ({"户号": PERSON}, "HOUSEHOLD"),
        ({"村社区": ""}, "VILLAGE"),
        ({"姓名": ""}, "NAME"),
        ({"证件号码": ORGANIZATION}, "ID_NUMBER"),
        ({"证件类型": "护照"}, "ID_TYPE"),
        ({"入册日期": ""}, "DATE"),
        ({"入册日期": "2924-01-05"}, "DATE"),
        ({"迁出日期": "2023-01-05"}, "DATE"),
        ({"授权日期": "#N/A"}, "CELL"),
        ({"与户主关系": f"户主{ADULT}"}, "TEXT"),
    ],
)
async def test_rejected(enrolling: Enrolling, changes: dict[str, str], reason: str) -> None:
    assert (await enrolling.lines(changes)).rejected == {reason: 1}
    assert await enrolling.rows(MEMBERS) == []


async def test_an_older_export_does_not_overwrite_a_newer_one(enrolling: Enrolling) -> None:
    line, moved = list(MEMBER.values()), list((MEMBER | {"迁出日期": "2024-03-01"}).values())
    for day in (date(2024, 4, 1), date(2024, 6, 1)):
        await enrolling.bring("households", moved, exported_on=day)
    summary = await enrolling.bring("households", line, exported_on=date(2024, 5, 1))
    assert (summary.records.changed, summary.outdated) == (0, 1)
    assert await enrolling.rows("SELECT left_on FROM household_member") == [(date(2024, 3, 1),)]
    summary = await enrolling.bring("households", line, exported_on=date(2024, 7, 1))
    assert (summary.records.changed, summary.outdated) == (1, 0)


async def test_who_left_by_hand_is_not_enrolled_again_by_the_same_file(enrolling: Enrolling) -> None:
    await enrolling.lines({})
    async with enrolling.engine.begin() as connection:
        member = (await connection.execute(sa.select(HouseholdMember.id))).scalar_one()
        await leave(connection, member, date(2024, 3, 1), datetime(2024, 3, 2, 9, tzinfo=COURT_TIME))
    left = "SELECT left_on FROM household_member"
    for _ in range(2):
        summary = await enrolling.lines({})
        assert (summary.records.changed, summary.outdated) == (0, 1)
        assert await enrolling.rows(left) == [(date(2024, 3, 1),)]
    summary = await enrolling.lines({"入册日期": "2024-04-01"})  # enrolled anew
    assert summary.records.changed == 1
    assert await enrolling.rows(left) == [(None,)]
