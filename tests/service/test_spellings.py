"""A thousand spellings of a hundred names are those names on every road, and a thousand slips are not (R21)."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from chambers import Chambers
from emptying import empty_tables
from import_files import line, write_csv
from spellings import NAMES, SLIPS, SPELLINGS, Named, made
from test_import_deductions import DEDUCTION
from world import ISSUER, KEYRING

from auth.audiences import Audience
from auth.server.token_client import ClientCredential, TokenRequestError, User, request_token
from ingest.importing import FORMATS, import_file
from ingest.report import Summary
from models.court import StaffRole
from postgres import database

Texts = Sequence[tuple[Named, str]]
RIGHT, WRONG = made(NAMES, SPELLINGS, 10), made(NAMES, SLIPS, 10)
NUMBERS = {True: "idNumber", False: "organizationCode"}
CHECK = "query($by: [SubjectKey!]!) { subjects(by: $by, access: {purpose: LOAN_APPROVAL}) { outcome } }"
ALIASED = 20
"""Roots of one document."""


def _batched(texts: Texts, size: int) -> Iterator[Texts]:
    return (texts[at : at + size] for at in range(0, len(texts), size))


@dataclass
class Town:
    """The hundred, each with a case and a published deduction."""

    chambers: Chambers
    place: Path

    def bring(self, format: str, rows: Sequence[Sequence[str]]) -> Summary:
        """Import lines."""
        path = write_csv(self.place / f"{format}.csv", rows, FORMATS[format].columns)

        async def run() -> Summary:
            engine = database.make_async_engine(self.chambers.url, pool_size=4, statement_timeout=30)
            try:
                return await import_file(engine, format, path, keyring=KEYRING, now=self.chambers.calendar)
            finally:
                await engine.dispose()

        return asyncio.run(run())

    def checked(self, texts: Texts) -> list[str]:
        """What a bank is told of each by name and number."""
        token, found = self.chambers.partner(Audience.BANK), []
        for some in _batched(texts, 100):
            by = [{"name": text, NUMBERS[one.person]: one.number} for one, text in some]
            found += [row["outcome"] for row in self.chambers.data(token, CHECK, {"by": by})["subjects"]]
        return found

    def counted(self, token: str, root: str, texts: Texts) -> list[int]:
        """How many rows `root` has for each text; it takes the text as $n0, $n1 and so on."""
        found = []
        for some in _batched(texts, ALIASED):
            names = {f"n{place}": text for place, (_, text) in enumerate(some)}
            roots = [f"a{name}: {root.replace('$name', '$' + name)} {{ totalCount }}" for name in names]
            declared = ", ".join(f"${name}: String!" for name in names)
            answer = self.chambers.data(token, f"query({declared}) {{ {' '.join(roots)} }}", names)
            found += [answer[f"a{name}"]["totalCount"] for name in names]
        return found

    def signs_in(self, one: Named, text: str) -> bool:
        """Whether the portal's user under this name and number gets a token that shows its party."""
        client = self.chambers.clients[Audience.LITIGANT_PORTAL]
        credential = ClientCredential(ISSUER, client.client_id, dict(client.key))
        now = self.chambers.calendar.moment.timestamp()
        try:
            answer = request_token(credential, self.chambers.http, now, user=User("u", text, one.number))
        except TokenRequestError:
            return False
        return self.chambers.data(str(answer["access_token"]), "{ me { party { name } } }")["me"]["party"] is not None


def _case(place: int, one: Named, text: str) -> list[str]:
    kind = {} if one.person else {"当事人类型": "法人", "证件类型": "统一社会信用代码"}
    return line(案号=f"(2021)浙0281民初{place + 1}号", 姓名或名称=text, 证件号码=one.number, **kind)


def _deduction(place: int, one: Named) -> list[str]:
    kind = "居民身份证" if one.person else "统一社会信用代码"
    case = {"案号": f"(2021)浙0281民初{place + 1}号", "认定文书号": f"(2021)浙0281司惩{place + 1}号"}
    party = {"姓名或名称": one.name, "证件类型": kind, "证件号码": one.number}
    return list((DEDUCTION | case | party).values())


@pytest.fixture(scope="module")
def town(chambers: Chambers, tmp_path_factory: pytest.TempPathFactory) -> Town:
    with chambers.engine.begin() as connection:
        empty_tables(connection, "court_case", "party")
    found = Town(chambers, tmp_path_factory.mktemp("town"))
    cases = found.bring("cases", [_case(place, one, one.name) for place, one in enumerate(NAMES)])
    assert (cases.accepted, cases.parties.new) == (100, 100)
    deductions = found.bring("deductions", [_deduction(place, one) for place, one in enumerate(NAMES)])
    assert deductions.records.new == 100, deductions
    return found


def _rows(town: Town, query: str) -> list[Any]:
    with town.chambers.engine.connect() as connection:
        return list(connection.execute(sa.text(query)))


def test_a_bank_finds_each_spelling_and_no_slip(town: Town) -> None:
    organizations = [one for one in RIGHT if not one[0].person]
    slips = [one for one in WRONG if not one[0].person]
    assert town.checked(organizations) == ["MATCHED"] * 500
    assert town.checked(slips) == ["NAME_MISMATCH"] * 500


def test_a_court_filters_by_each_spelling_and_by_no_slip(town: Town) -> None:
    token = town.chambers.officer(StaffRole.CENTRE)
    assert town.counted(token, "parties(first: 1, filter: {name: $name})", RIGHT) == [1] * 1000
    assert town.counted(token, "parties(first: 1, filter: {name: $name})", WRONG) == [0] * 1000


def test_the_public_finds_each_spelling_and_no_slip(town: Town) -> None:
    token = town.chambers.partner(Audience.PUBLIC_PORTAL)
    assert town.counted(token, "publicRecords(name: $name, first: 1)", RIGHT) == [1] * 1000
    assert town.counted(token, "publicRecords(name: $name, first: 1)", WRONG) == [0] * 1000


def test_each_spelling_signs_in_and_no_slip_does(town: Town) -> None:
    """A fifth of them: each way of writing with each kind of name."""
    assert [one for one in RIGHT[::5] if not town.signs_in(*one)] == []
    assert [one for one in WRONG[::5] if town.signs_in(*one)] == []


def test_each_spelling_in_a_file_is_the_same_party(town: Town) -> None:
    """And a slip under a person's number is a conflict, which waits."""
    parties = _rows(town, "SELECT count(*) FROM party")
    again = town.bring("cases", [_case(1000 + place, one, text) for place, (one, text) in enumerate(RIGHT)])
    assert (again.accepted, again.parties.new, again.warnings["NAME_DIFFERS"]) == (1000, 0, 0)
    assert _rows(town, "SELECT count(*) FROM party") == parties
    slips = [one for one in WRONG if one[0].person]
    other = town.bring("cases", [_case(3000 + place, one, text) for place, (one, text) in enumerate(slips)])
    assert (other.accepted, other.warnings["NAME_DIFFERS"], other.held) == (500, 500, 500)
