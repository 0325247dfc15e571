"""Files that people elsewhere tripped over, and what partners, subjects and courts are answered afterwards."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import sqlalchemy as sa
from chambers import Chambers
from file_views import bank, court, litigant
from play import night
from test_integrity_report import ISSUE
from watching import BANK
from world import KEYRING

from auth.audiences import Audience
from auth.scopes import Scope
from demo.city.cast import Subject
from ingest.importing import import_file
from ingest.report import Summary
from postgres import database

TWICE = Subject("TWICE", "测再纳乙", "33028119330405311X")
FINED = Subject("FINED", "测罚正", "330281193304053136")
COMPANY = Subject("COMPANY", "余姚市测红（控股）有限公司", "91330281MA2AF0QT1C")
HALF_WIDTH = Subject("HALF_WIDTH", "余姚市测红(控股)有限公司", COMPANY.number)
FORMERLY = Subject("FORMERLY", "余姚市测旧名电器有限公司", "91330281MA2AF0QN18")
RENAMED = Subject("RENAMED", "余姚市测新名智能科技有限公司", FORMERLY.number)
HOLDER = Subject("HOLDER", "测王守一", "330281192005213449")
OTHER = Subject("OTHER", "测颜小丽", HOLDER.number)
RARE = Subject("RARE", "测\U0002a6a5", "330281193504051004")


class Files:
    """A court that imports odd files, and partners that ask."""

    def __init__(self, chambers: Chambers, odd: Path) -> None:
        self.chambers, self.odd = chambers, odd

    def take(self, file: str) -> Summary:
        format = Path(file).stem.partition("-")[0]
        return asyncio.run(self._import(format, self.odd / file))

    async def _import(self, format: str, path: Path) -> Summary:
        engine = database.make_async_engine(self.chambers.url, pool_size=4, statement_timeout=30)
        summary = await import_file(engine, format, path, keyring=KEYRING, now=self.chambers.calendar)
        await engine.dispose()
        return summary

    def asked(self, query: str) -> list[Any]:
        with self.chambers.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query))]

    def consent(self, subject: Subject) -> None:
        """A letter that lets the bank look."""
        values = {
            "key": self.chambers.clients[BANK].primary_key,
            "index": KEYRING.index(subject.number),
            "ref": f"SQ-{subject.key}",
            "at": self.chambers.calendar.moment,
            "scopes": [Scope.PERSON_CREDIT.value, Scope.PERSON_INTEGRITY.value],
        }
        insert = (
            "INSERT INTO consent (reference, client_key, subject_index, purposes, scopes, signed_on, valid_from,"
            " valid_to) VALUES (:ref, :key, :index, '{LOAN_APPROVAL}', :scopes, CAST(:at AS date), :at,"
            " :at + interval '1 year')"
        )
        with self.chambers.engine.begin() as connection:
            connection.execute(sa.text(insert), values)


@pytest.fixture
def files(chambers: Chambers, exports: Path) -> Iterator[Files]:
    night(chambers)
    yield Files(chambers, exports / "odd")
    chambers.calendar.turn(hours=1)


def test_a_second_listing_in_the_same_case_is_a_second_one(files: Files) -> None:
    files.consent(TWICE)
    assert files.take("24-shixin-relisted/shixin-1-first.jsonl").records.new == 1
    assert bank(files.chambers, TWICE) == ("GREEN", [])
    files.chambers.calendar.turn(days=40)
    assert files.take("24-shixin-relisted/shixin-2-relisted.jsonl").records.new == 1
    assert bank(files.chambers, TWICE) == ("YELLOW Y18", ["2026-04-06"])
    query = "SELECT effective_on::text, ends_on::text FROM code_record WHERE listing_id IS NOT NULL ORDER BY 1"
    assert files.asked(query) == [("2022-02-06", "2024-02-06"), ("2026-04-06", "2028-04-06")]


def test_a_corrected_fine_is_a_change_with_its_history(files: Files) -> None:
    files.consent(FINED)
    files.take("31-sanction-corrected/sanctions-1.csv")
    assert bank(files.chambers, FINED) == ("RED R03", ["FINE 20000.00"])
    corrected = files.take("31-sanction-corrected/sanctions-2.csv").records
    assert (corrected.new, corrected.changed) == (0, 1)
    assert bank(files.chambers, FINED) == ("RED R03", ["FINE 2000.00"])
    changes = files.asked("SELECT field, former, present FROM record_change WHERE sanction_id IS NOT NULL")
    assert changes == [("amount", "20000.00", "2000.00")]
    query = "SELECT count(*) FROM event e JOIN identity i ON i.party_id = e.party_id WHERE e.kind = 'ENTRY_AMENDED'"
    assert files.asked(query) == [(1,)]


def test_a_company_with_full_width_brackets_is_one_by_every_spelling(files: Files) -> None:
    files.take("37-red-bracket-company/sanctions.csv")
    for subject in (COMPANY, HALF_WIDTH):
        assert bank(files.chambers, subject) == ("RED R03", ["FINE 100000.00"])
        assert court(files.chambers, subject) == ["RED R03"]
        assert litigant(files.chambers, subject) == ("RED R03", ["FINE 100000.00"])


def test_a_renamed_company_is_one_by_both_names(files: Files) -> None:
    for file in ("cases-1-2019.csv", "cases-2-2023.csv", "shixin-3.jsonl"):
        files.take(f"29-company-renamed/{file}")
    for subject in (FORMERLY, RENAMED):
        assert bank(files.chambers, subject) == ("YELLOW Y18", ["2026-04-06"])
        assert court(files.chambers, subject) == ["YELLOW Y18"]
    query = "SELECT name, standing FROM party_name WHERE name LIKE '余姚市测_名%' ORDER BY standing"
    assert files.asked(query) == [(RENAMED.name, "CURRENT"), (FORMERLY.name, "FORMER")]


def test_a_number_under_two_names_is_a_conflict(files: Files) -> None:
    files.consent(HOLDER)
    summary = files.take("26-id-two-names/cases.csv")
    assert (summary.accepted, summary.held, dict(summary.warnings)) == (2, 1, {"NAME_DIFFERS": 1})
    listed = files.take("26-id-two-names/shixin.jsonl")
    assert (listed.accepted, listed.held, listed.records.new) == (1, 1, 0)
    assert bank(files.chambers, HOLDER) == ("GREEN", [])
    assert bank(files.chambers, OTHER) == "NOT_FOUND"


def test_a_name_outside_the_font_is_on_paper(files: Files) -> None:
    files.take("38-report-rare-name/cases.csv")
    given = {"name": RARE.name, "idNumber": RARE.number, "scopes": [Scope.PERSON_CREDIT.value]}
    token = files.chambers.partner(Audience.LITIGANT_PORTAL, RARE)
    headers = {"idempotency-key": "rare"}
    answer = files.chambers.post(token, ISSUE, {"input": given}, **headers).json()
    made = answer["data"]["issueIntegrityReport"]
    assert made["errors"] == []
    paper = files.chambers.http.get(made["address"] + ".pdf")
    assert (paper.status_code, paper.headers["content-type"]) == (200, "application/pdf")
    with pypdfium2.PdfDocument(paper.content) as document:
        assert "测〓" in document[0].get_textpage().get_text_bounded()
