"""Files that people elsewhere tripped over, each as a test of its kind: what is counted, and what is kept of it."""

import csv
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from import_files import clear
from sqlalchemy.ext.asyncio import AsyncEngine

from ingest.importing import import_file
from ingest.reference.catalogue import load_catalogue
from ingest.report import Summary
from models.keyring import Keyring


@dataclass(frozen=True)
class Outcome:
    """What is counted of a file: lines accepted, rejected, warned of, and without a number."""

    accepted: int
    rejected: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    unidentified: int = 0


def outcome(summary: Summary) -> Outcome:
    rejected, warnings = dict(summary.rejected), dict(summary.warnings)
    return Outcome(summary.accepted, rejected, warnings, summary.unidentified)


OUTCOMES = {
    "01-date-slash/cases.csv": Outcome(1),
    "02-date-other/cases.csv": Outcome(8),
    "06-trailing-commas/cases.csv": Outcome(1),
    "08-cr-only/cases.csv": Outcome(2),
    "09-newline-in-cell/cases.csv": Outcome(2),
    "10-sep-line/cases.csv": Outcome(2),
    "11-xlsx-title-row/cases.xlsx": Outcome(1),
    "12-xlsx-second-sheet/cases.xlsx": Outcome(1),
    "14-xlsx-na/cases.xlsx": Outcome(0, {"ID_NUMBER": 1, "CELL": 1}),
    "15-xlsx-serial/cases.xlsx": Outcome(2),
    "18-court-official-name/cases.csv": Outcome(6),
    "19-roles/cases.csv": Outcome(16),
    "20-party-kinds/cases.csv": Outcome(16, warnings={"USCC_CHECK_DIGIT": 2}, unidentified=4),
    "21-case-numbers/cases.csv": Outcome(36, {"CASE_NUMBER": 4}, {"YEAR_DIFFERS": 6, "COURT_DIFFERS": 1}),
    "22-shixin-fields/shixin.jsonl": Outcome(17, {"ID_NUMBER": 2, "DATE": 1}),
    "24-shixin-relisted/shixin.jsonl": Outcome(2),
    "25-sanctions/sanctions.csv": Outcome(11, {"DATE": 1, "CASE_NUMBER": 1}, {"DAYS": 1}),
    "33-header-variants/cases-extra.csv": Outcome(1, warnings={"COLUMN": 1}),
    "33-header-variants/cases-nbsp.csv": Outcome(1),
    "33-header-variants/cases-quoted.csv": Outcome(1),
    "33-header-variants/cases-starred.csv": Outcome(1),
    "38-report-rare-name/cases.csv": Outcome(1),
}


@dataclass(frozen=True)
class Desk:
    """Where odd files are imported."""

    engine: AsyncEngine
    keyring: Keyring
    odd: Path
    rejects: Path

    async def take(self, file: str) -> Summary:
        """Import one, in the format that its name tells."""
        format = Path(file).stem.partition("-")[0]
        return await import_file(self.engine, format, self.odd / file, keyring=self.keyring, rejects=self.rejects)

    async def asked(self, query: str) -> list[Any]:
        """Rows of the database."""
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(sa.text(query))]

    def refused(self) -> list[tuple[int, str]]:
        """Lines and reasons of the rejects file."""
        with self.rejects.open(encoding="utf-8-sig", newline="") as file:
            return [(int(row[0]), row[1]) for row in list(csv.reader(file))[1:]]


@pytest.fixture
async def desk(engine: AsyncEngine, keyring: Keyring, exports: Path, tmp_path: Path) -> AsyncIterator[Desk]:
    async with engine.begin() as connection:
        await load_catalogue(connection)
    yield Desk(engine, keyring, exports / "odd", tmp_path / "rejects.csv")
    await clear(engine)


@pytest.mark.parametrize("file", OUTCOMES)
async def test_what_is_counted(desk: Desk, file: str) -> None:
    first = await desk.take(file)
    assert outcome(first) == OUTCOMES[file]
    assert first.lines == first.accepted + first.duplicates + first.rejected.total()
    again = await desk.take(file)
    assert outcome(again) == OUTCOMES[file]
    assert (again.cases.new, again.parties.new, again.records.new, again.records.changed) == (0, 0, 0, 0)


FILED = "SELECT number, filed_on, closed_on FROM court_case ORDER BY number"
MARCH, JANUARY = date(2021, 3, 5), date(2021, 1, 5)


async def test_days_in_every_spelling(desk: Desk) -> None:
    await desk.take("01-date-slash/cases.csv")
    assert await desk.asked(FILED) == [("(2021)浙0281民初91001号", MARCH, date(2021, 6, 10))]
    await desk.take("02-date-other/cases.csv")
    days = [filed for number, filed, _ in await desk.asked(FILED) if number != "(2021)浙0281民初91001号"]
    assert days == [JANUARY, JANUARY, *[MARCH] * 6]


async def test_days_of_a_workbook(desk: Desk) -> None:
    await desk.take("15-xlsx-serial/cases.xlsx")
    closed = date(2021, 6, 10)
    assert [days for _, *days in await desk.asked(FILED)] == [[MARCH, closed], [closed, None]]


@pytest.mark.parametrize("file", ["11-xlsx-title-row/cases.xlsx", "12-xlsx-second-sheet/cases.xlsx"])
async def test_a_header_that_is_not_in_the_first_row_or_sheet(desk: Desk, file: str) -> None:
    await desk.take(file)
    number = f"(2021)浙0281民初910{61 if file.startswith('11') else 62}号"
    assert await desk.asked(FILED) == [(number, date(2021, 6, 12), date(2021, 9, 10))]


async def test_a_break_in_a_cell_is_a_blank(desk: Desk) -> None:
    await desk.take("09-newline-in-cell/cases.csv")
    causes = await desk.asked("SELECT number, cause FROM court_case ORDER BY number")
    assert causes == [("(2021)浙0281民初91056号", "民间借贷 纠纷"), ("(2021)浙0281民初91057号", "民间借贷纠纷")]


async def test_a_cell_that_holds_an_error_names_nobody(desk: Desk) -> None:
    await desk.take("14-xlsx-na/cases.xlsx")
    assert desk.refused() == [(2, "ID_NUMBER"), (3, "CELL")]
    assert await desk.asked("SELECT count(*) FROM participation") == [(0,)]


async def test_courts_as_judgments_name_them(desk: Desk) -> None:
    await desk.take("18-court-official-name/cases.csv")
    courts = await desk.asked("SELECT court_code, count(*) FROM court_case GROUP BY 1 ORDER BY 1")
    assert courts == [("浙02", 1), ("浙0281", 5)]


ROLES = [
    ("上诉人（原审被告）", "PLAINTIFF"),
    ("被上诉人(原审原告)", "DEFENDANT"),
    ("被告（反诉原告）", "DEFENDANT"),
    ("第三人（无独立请求权）", "THIRD_PARTY"),
    ("原审第三人", "THIRD_PARTY"),
    ("再审申请人", "PLAINTIFF"),
    ("异议人", "OUTSIDER"),
    ("利害关系人", "OUTSIDER"),
    ("复议申请人", "PLAINTIFF"),
    ("被告人", "DEFENDANT"),
    ("自诉人", "PLAINTIFF"),
    ("被害人", "THIRD_PARTY"),
    ("附带民事诉讼原告人", "PLAINTIFF"),
    ("起诉人", "PLAINTIFF"),
    ("担保人", "THIRD_PARTY"),
    ("被申请人（被执行人）", "JUDGMENT_DEBTOR"),
]


async def test_roles_as_courts_write_them(desk: Desk) -> None:
    await desk.take("19-roles/cases.csv")
    query = "SELECT written_role, role FROM participation p JOIN court_case c ON c.id = p.case_id ORDER BY c.number"
    assert await desk.asked(query) == ROLES


NUMBERS = [
    "(1998)甬经初字第12号",
    "(2009)余民一初字第1234号",
    "(2013)余泗民初字第12号",
    "(2013)甬余执恢字第12号",
    "(2015)甬余商初字第123号",
    "(2016)浙0281民初202号",
    "(2021)浙0281刑初202号",
    "(2021)浙0281刑更2号",
    "(2021)浙0281司救执2号",
    "(2021)浙0281引调202号",
    "(2021)浙0281执202号",
    "(2021)浙0281执保593号",
    "(2021)浙0281执前督2号",
    "(2021)浙0281执恢11号",
    *["(2021)浙0281民初202号"] * 13,
    "(2021)浙0281民诉前调202号",
    "(2021)浙0281民辖202号",
    "(2021)浙0281知民初5号",
    "(2021)浙0281行初202号",
    "(2021)浙0281行赔初2号",
    "(2021)浙02委赔2号",
    "(2021)浙02破终2号",
    "(2021)浙02认港2号",
    "(2021)浙72民初9号",
]


async def test_case_numbers(desk: Desk) -> None:
    await desk.take("21-case-numbers/cases.csv")
    assert desk.refused() == [(14, "CASE_NUMBER"), (16, "CASE_NUMBER"), (27, "CASE_NUMBER"), (30, "CASE_NUMBER")]
    joined = "SELECT number FROM court_case c JOIN participation p ON p.case_id = c.id ORDER BY 1"
    assert [number for (number,) in await desk.asked(joined)] == NUMBERS


async def test_fields_of_the_national_list(desk: Desk) -> None:
    await desk.take("22-shixin-fields/shixin.jsonl")
    assert desk.refused() == [(1, "ID_NUMBER"), (2, "ID_NUMBER"), (12, "DATE")]
    published = date(2021, 4, 6)
    assert await desk.asked("SELECT DISTINCT listed_on, published_on FROM listing") == [(MARCH, published)]
    ends = await desk.asked("SELECT ends_on, count(*) FROM listing GROUP BY 1 ORDER BY 1")
    assert ends == [(date(2023, 4, 6), 1), (None, 16)]
    texts = await desk.asked("SELECT case_number, obligation FROM listing WHERE obligation <> '支付借款' ORDER BY 1")
    assert [(number[-6:-1], len(text), text[:18]) for number, text in texts] == [
        ("执9208", 26, "将货款汇入账户62284803181"),
        ("执9209", 54, "本金 100000 利息 20000"),
        ("执9210", 2502, "一、支付货款及逾期利息，支付货款及逾"),
        ("执9211", 14, "一、付款 二、付息 三、付费"),
        ("执9220", 0, ""),
    ]


async def test_an_extra_column_is_named(desk: Desk) -> None:
    (notice,) = (await desk.take("33-header-variants/cases-extra.csv")).notices
    assert notice.endswith("passed over: 序号.")


async def test_sums_of_fines(desk: Desk) -> None:
    await desk.take("25-sanctions/sanctions.csv")
    query = "SELECT decision_number, kind, amount, days FROM sanction ORDER BY decision_number, kind, id"
    fine, detention = ("FINE", Decimal(20_000), None), ("DETENTION", None, 15)
    expected: dict[int, list[tuple[Any, ...]]] = {
        9301: [fine],
        9302: [fine],
        9303: [fine],
        9304: [fine],
        9305: [detention],
        9306: [detention],
        9307: [("DETENTION", None, None), fine],
        9308: [fine, fine],
        9310: [detention],
        9311: [fine],
    }
    found = [(f"(2021)浙0281司惩{number}号", *one) for number, kept in expected.items() for one in kept]
    assert await desk.asked(query) == found
