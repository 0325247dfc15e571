"""Format `relations`: who represents an organization and what is affiliated to it, and who may read it."""

from datetime import date
from pathlib import Path

import pytest
from import_files import ADULT, ORGANIZATION, PERSON, Desk
from sqlalchemy.ext.asyncio import AsyncEngine

from ingest.report import Summary
from models.keyring import Keyring

RELATION = {
    "组织名称": "余姚市某塑料有限公司",
    "统一社会信用代码": ORGANIZATION,
    "关系": "法定代表人",
    "姓名或名称": "魏宇华",
    "证件类型": "居民身份证",
    "证件号码": PERSON,
    "起始日期": "2020-01-01",
    "终止日期": "",
}
ROWS = (
    "SELECT o.name, r.kind, p.name, r.begins_on, r.ends_on FROM relation r"
    " JOIN party o ON o.id = r.organization_id JOIN party p ON p.id = r.party_id ORDER BY r.id"
)
FIRST = ("余姚市某塑料有限公司", "LEGAL_REPRESENTATIVE", "魏宇华", date(2020, 1, 1), None)


pytestmark = pytest.mark.usefixtures("shipped")


class Relating(Desk):
    """Imports lines of `relations`, and reads what they left."""

    async def lines(self, *changes: dict[str, str]) -> Summary:
        return await self.bring("relations", *(list((RELATION | one).values()) for one in changes))

    async def rows(self, query: str = ROWS) -> list[tuple[object, ...]]:
        return await super().rows(query)


@pytest.fixture
def relating(engine: AsyncEngine, keyring: Keyring, tmp_path: Path) -> Relating:
    return Relating(engine, keyring, tmp_path)


async def test_a_line_relates_two_parties_and_discloses_neither(relating: Relating) -> None:
    summary = await relating.lines({})
    assert (summary.accepted, summary.records.new, summary.parties.found, summary.parties.new) == (1, 1, 2, 2)
    assert await relating.rows() == [FIRST]
    assert await relating.rows("SELECT DISTINCT disclosed FROM party") == [(False,)]
    again = await relating.lines({})
    assert (again.records.new, again.parties.new, again.parties.unchanged) == (0, 0, 2)


async def test_an_end_that_is_added_changes_the_row(relating: Relating) -> None:
    await relating.lines({})
    await relating.lines(
        {"终止日期": "2023-06-30"}, {"姓名或名称": "黄超", "证件号码": ADULT, "起始日期": "2023-07-01"}
    )
    ended = (*FIRST[:4], date(2023, 6, 30))
    assert await relating.rows() == [ended, (FIRST[0], FIRST[1], "黄超", date(2023, 7, 1), None)]


async def test_one_person_represents_twice(relating: Relating) -> None:
    await relating.lines({"终止日期": "2021-01-01"}, {"起始日期": "2022-01-01"})
    assert len(await relating.rows()) == 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"关系": "股东"}, "RELATION"),
        ({"关系": ""}, "RELATION"),
        ({"统一社会信用代码": ""}, "ID_NUMBER"),
        ({"证件号码": ""}, "ID_NUMBER"),
        ({"证件类型": "统一社会信用代码", "证件号码": ORGANIZATION, "关系": "关联企业"}, "RELATION"),
        ({"证件类型": "", "证件号码": "91330281999911174X"}, "RELATION"),
        ({"证件类型": "护照"}, "ID_TYPE"),
        ({"起始日期": ""}, "DATE"),
        ({"终止日期": "2019-01-01"}, "DATE"),
        ({"姓名或名称": ""}, "NAME"),
    ],
)
async def test_rejected(relating: Relating, changes: dict[str, str], reason: str) -> None:
    assert (await relating.lines(changes)).rejected == {reason: 1}
    assert await relating.rows() == []


async def test_an_older_export_does_not_overwrite_a_newer_one(relating: Relating) -> None:
    line = list(RELATION.values())
    await relating.bring("relations", [*line[:-1], "2023-06-30"], exported_on=date(2023, 7, 1))
    await relating.bring("relations", [*line[:-1], "2023-06-30"], exported_on=date(2023, 9, 1))
    summary = await relating.bring("relations", line, exported_on=date(2023, 8, 1))
    assert (summary.records.changed, summary.outdated) == (0, 1)
    assert await relating.rows() == [(*FIRST[:-1], date(2023, 6, 30))]
