"""What a file that comes again, older or corrected, does not do; and what it does though nothing else is left."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from import_files import ADULT, MINOR, ORGANIZATION, Desk, line
from sqlalchemy.ext.asyncio import AsyncEngine

from ingest.report import Summary
from models.keyring import Keyring

YOUNG = "330281200706010000"
FINE = ["(2025)浙0281司惩1号", "(2025)浙0281执1号", "黄超", ADULT, "罚款", "2000元", "", "2025-03-20", "2025-03-23"]
CERTIFICATE = ["甬履证1", "(2025)浙0281民初202号", "钟斌鹏", ADULT, "2025-12-01", "2025-12-10"]
CASE = {"案号": "(2025)浙0281执1号", "立案日期": "2025-01-12", "结案日期": "", "诉讼地位": "被执行人"}


pytestmark = pytest.mark.usefixtures("shipped")


class Told(Desk):
    """Reads what was told."""

    async def lines(self, format: str, *rows: Sequence[str], exported_on: date = date(2026, 3, 2)) -> Summary:
        return await self.bring(format, *rows, exported_on=exported_on)

    async def told(self) -> list[str]:
        return [str(kind) for (kind,) in await self.rows("SELECT kind FROM event ORDER BY id")]


@pytest.fixture
def desk(engine: AsyncEngine, keyring: Keyring, tmp_path: Path) -> Told:
    """Where files arrive."""
    return Told(engine, keyring, tmp_path)


async def test_a_fine_that_comes_again_is_unchanged(desk: Told) -> None:
    await desk.lines("sanctions", FINE)
    again = await desk.lines("sanctions", FINE)
    assert (again.records.changed, again.records.unchanged) == (0, 1)
    assert await desk.told() == ["ENTRY_PUBLISHED", "COLOUR_CHANGED"]


async def test_two_lines_of_one_sanction_under_two_cases_are_one_after_the_other(desk: Told) -> None:
    summary = await desk.lines("sanctions", FINE, [FINE[0], "(2025)浙0281执2号", *FINE[2:]])
    assert (summary.records.new, summary.records.changed) == (1, 1)
    assert await desk.rows("SELECT related_number FROM sanction") == [("(2025)浙0281执2号",)]


async def test_an_admonition_without_its_behaviour_stands_and_colours_nothing(desk: Told) -> None:
    with_one = [*FINE[:4], "训诫", "", "T02", *FINE[7:]]
    without = [*FINE[:4], "训诫", "", "", *FINE[7:]]
    found = []
    for one in (with_one, without, with_one):
        await desk.lines("sanctions", one)
        found += await desk.rows("SELECT isempty(r.publicity), isempty(s.publicity) FROM sanction s, code_record r")
    assert found == [(False, False), (True, False), (False, False)]
    assert (await desk.told())[2:] == ["ENTRY_AMENDED", "COLOUR_CHANGED"] * 2


async def test_an_older_export_of_a_case_tells_nothing(desk: Told) -> None:
    await desk.lines("cases", line(**CASE | {"证件号码": ADULT, "姓名或名称": "黄超"}))
    await desk.lines("sanctions", FINE)
    before = await desk.told()
    other = line(**CASE | {"证件号码": ADULT, "姓名或名称": "黄超", "立案日期": "2025-02-01"})
    await desk.lines("cases", other, exported_on=date(2026, 1, 2))
    assert await desk.told() == before


async def test_earlier_conduct_of_age_changes_nothing_that_was_seen(desk: Told) -> None:
    await desk.lines("certificates", ["甬履证1", "(2025)浙0281民初202号", "李晓", YOUNG, "2025-12-01", "2025-12-10"])
    before = await desk.told()
    await desk.lines("certificates", ["甬履证2", "(2025)浙0281民初203号", "李晓", YOUNG, "2025-10-01", "2025-10-10"])
    assert (await desk.told())[len(before) :] == ["CERTIFICATE_ISSUED"]


async def test_a_certificate_of_somebody_else_goes_with_its_bonus_and_its_colour(desk: Told) -> None:
    home = ["H1", "马渚镇四联村", "钟斌鹏", "居民身份证", ADULT, "", "授1", "2025-01-02", "2025-01-05", ""]
    await desk.lines("households", home)
    await desk.lines("certificates", CERTIFICATE)
    await desk.lines("certificates", [*CERTIFICATE[:2], "余姚金秋公司", ORGANIZATION, *CERTIFICATE[4:]])
    assert await desk.rows("SELECT sum(points) FROM point_conversion") == [(0,)]
    inside = "SELECT p.kind, c.colour FROM code_period c JOIN party p ON p.id = party_id WHERE upper_inf(known)" \
        " AND perspective = 'COURT' AND colour <> 'GREEN'"  # fmt: skip
    assert await desk.rows(inside) == [("ORGANIZATION", "GOLD")]


async def test_a_minors_certificate_that_is_somebody_elses_colours_the_minor_no_more(desk: Told) -> None:
    await desk.lines("certificates", [*CERTIFICATE[:2], "王小", MINOR, *CERTIFICATE[4:]])
    await desk.lines("certificates", CERTIFICATE)
    inside = "SELECT p.name, c.perspective FROM code_period c JOIN party p ON p.id = party_id WHERE upper_inf(known)" \
        " AND colour <> 'GREEN' ORDER BY 2"  # fmt: skip
    assert await desk.rows(inside) == [("钟斌鹏", "COURT"), ("钟斌鹏", "OUTSIDE")]


async def test_what_is_public_again_is_given_to_the_platform_again(desk: Told) -> None:
    lines = [
        [*CERTIFICATE[:2], "李晓", YOUNG, *days]
        for days in (("2025-12-01", "2025-12-10"), ("2025-03-03", "2025-03-12"))
    ]
    found = []
    for one in (lines[0], lines[1], lines[0]):
        await desk.lines("certificates", one)
        found += await desk.rows("SELECT status, withdrawn_on IS NULL FROM measure")
    assert found == [("PUBLISHED", True), ("WITHDRAWN", False), ("PUBLISHED", True)]


async def test_a_certificates_number_holds_no_identity_number(desk: Told) -> None:
    summary = await desk.lines("certificates", [f"甬{ADULT}号", *CERTIFICATE[1:]])
    assert summary.rejected == {"CERTIFICATE_NUMBER": 1}
