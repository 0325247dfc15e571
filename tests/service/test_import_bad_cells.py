"""Every cell of every format: blank, an error, too long, of a wrong kind, contradictory, or an identity number.

A line with such a cell is accepted, with a warning or without, or it is rejected for a known reason in a sentence that
repeats nothing of a person. It is never an exception and never half a line.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from import_files import ADULT, LINE, ORGANIZATION, PERSON, write_csv
from sqlalchemy.ext.asyncio import AsyncEngine
from test_import_deductions import DEDUCTION
from test_import_removals import CONVICTION, REMOVAL

from ingest.importing import FORMATS, import_file
from ingest.report import Summary
from models.keyring import Keyring

SOUND: Mapping[str, Mapping[str, str]] = {
    "cases": LINE | {"证件号码": ADULT, "承办部门": "民事审判庭"},
    "shixin": {
        "iname": "张波", "cardNum": ADULT, "partyTypeName": "0", "courtName": "余姚市人民法院",
        "caseCode": "（2021）浙0281执593号", "gistId": "(2021)浙0281民初591号", "gistUnit": "余姚市人民法院",
        "regDate": "20210404", "publishDate": "2021年08月02日", "duty": "支付借款本金", "performance": "全部未履行",
        "disruptTypeName": "违反财产报告制度",
    },
    "sanctions": {
        "决定书案号": "(2021)浙0281司惩1号", "关联案号": "(2021)浙0281民初202号", "被处罚人": "黄超", "证件号码": ADULT,
        "处罚种类": "拘留", "金额或期限": "15日", "行为代码": "T01", "决定日期": "2021-03-20", "生效日期": "2021-03-23",
        "撤销日期": "",
    },
    "certificates": {
        "证明书编号": "甬履证1", "案号": "(2021)浙0281民初202号", "义务人": "钟斌鹏", "证件号码": ADULT,
        "履行完毕日期": "2021-10-07", "出具日期": "2021-10-14", "撤销日期": "",
    },
    "lenders": {
        "姓名或名称": "蒋涛", "证件号码": ADULT, "认定法院": "余姚市人民法院", "认定日期": "2021-03-01",
        "依据": "借贷案件",
    },
    "households": {
        "户号": "NH-1", "村社区": "马渚镇四联村", "姓名": "魏宇华", "证件类型": "居民身份证", "证件号码": ADULT,
        "与户主关系": "户主", "授权书号": "授2024-0001", "授权日期": "2024-01-02", "入册日期": "2024-01-05",
        "迁出日期": "",
    },
    "relations": {
        "组织名称": "余姚市某塑料有限公司", "统一社会信用代码": ORGANIZATION, "关系": "法定代表人",
        "姓名或名称": "魏宇华",
        "证件类型": "居民身份证", "证件号码": ADULT, "起始日期": "2020-01-01", "终止日期": "",
    },
    "settlements": {
        "案号": "(2021)浙0281民初202号", "姓名或名称": "魏宇华", "证件类型": "居民身份证", "证件号码": ADULT,
        "文书号": "(2021)浙0281民初202号调解书", "履行日期": "2021-10-07", "撤销日期": "",
    },
    "removals": REMOVAL,
    "convictions": CONVICTION | {"撤销日期": ""},
    "deductions": DEDUCTION,
}  # fmt: skip
"""A line of each format with which nothing is wrong."""

BAD = {
    "blank": "",
    "blanks": " \u3000 ",
    "error": "#N/A",
    "reference": "#REF!",
    "formula": "=A1+1",
    "rounded": "3.30281E+17",
    "too long": "甲乙丙" * 1500,
    "a word": "莫名其妙",
    "a number": "-17.5",
    "a huge number": "9" * 40,
    "a huge amount": "9" * 14 + "元",
    "a day": "1901-02-30",
    "a late day": "2099-01-01",
    "an early day": "1950-01-01",
    "another court's case": "(2021)浙0282执7号",
    "another kind": "法人",
    "a person's number": PERSON,
    "a number in a text": f"余姚{PERSON}张",
    "an organization's code": ORGANIZATION,
    "control characters": "张\u0000\u200b\u202e波\ud800".replace("\ud800", ""),
    "a quote": "'; DROP TABLE party; --",
}
NOT_TEXT: tuple[object, ...] = (None, True, 17, -1.5, 10**400, [], ["张波"], {}, {"iname": "张波"})
"""Values of JSON that are no text."""

REASONS = {
    "DIVISION",
    "AMOUNT", "AUTHORISATION", "BEHAVIOUR", "CASE_NUMBER", "CASE_UNKNOWN", "CATALOGUE", "CAUSE", "CELL",
    "CERTIFICATE_NUMBER", "COLUMNS", "CONFIDENTIALITY", "COURT", "DATE", "DAYS", "ENCODING", "FINDING",
    "HOUSEHOLD", "ID_NUMBER", "ID_TYPE", "JSON", "LIST", "MINOR", "NAME", "PARTY_TYPE", "POINTS", "RELATION",
    "REMOVAL_REASON", "ROLE", "SANCTION", "STATE", "TEXT", "VILLAGE",
}  # fmt: skip
WARNINGS = {"AGE", "COURT_DIFFERS", "DAYS", "ID_TYPE", "NAME_DIFFERS", "PARTY_TYPE", "USCC_CHECK_DIGIT", "YEAR_DIFFERS"}
NAMED = {"ROLE", "PARTY_TYPE", "ID_TYPE", "SANCTION", "COURT", "FINDING", "LIST", "REMOVAL_REASON", "STATE"}
"""Reasons whose sentence names the word that is in no vocabulary, so that the court can add it (R24)."""

OF_THE_LINE = {"CATALOGUE", "ENCODING", "JSON"}
"""Reasons that are not about one column."""

ACROSS = {
    "publishDate lies before regDate",
    "An organization is not detained",
    "An organization is related to itself",
    "A legal representative is a person",
    "Conduct, determination, publication and today do not follow each other",
    "The case number names no court that is known",
    "The case was closed before it was filed",
    "The certificate was issued before performance",
    "The conduct, the judgment and its effect do not follow each other",
    "The kind of document does not fit the kind of party",
    "The person left before it was enrolled",
    "The relation ends before it begins",
    "The sanction took effect before it was decided",
    "The sentence ends before it begins",
    "A day has not come yet",
    "What was withdrawn or shielded has ended on a day",
}
"""What is wrong between several columns."""

SHOWN = {"#N/A", "#REF!"}
"""Errors of a spreadsheet, which are shown as they stand there."""


@dataclass(frozen=True)
class Spoilt:
    """A line of which one cell is spoilt."""

    column: str
    bad: str
    cells: Sequence[object]


def columns_of(format: str) -> Sequence[str]:
    """All columns that a file of the format may have."""
    return (*FORMATS[format].columns, *FORMATS[format].optional)


def spoilt(format: str) -> Iterator[Spoilt]:
    """Each cell of a format with each bad value; a blank one is what some cells are by right."""
    columns = columns_of(format)
    assert set(columns) == set(SOUND[format])
    for column in columns:
        for bad, text in BAD.items():
            line = {**SOUND[format], column: text}
            yield Spoilt(column, bad, [line[one] for one in columns])
        for value in NOT_TEXT if format == "shixin" else ():
            cells: dict[str, object] = {**SOUND[format], column: value}
            yield Spoilt(column, "not a text", [cells[one] for one in columns])


def written(format: str, lines: Sequence[Spoilt], directory: Path) -> Path:
    """A file of these lines."""
    columns = columns_of(format)
    if format != "shixin":
        return write_csv(directory / "lines.csv", [[str(cell) for cell in one.cells] for one in lines], columns)
    path = directory / "lines.jsonl"
    text = [json.dumps(dict(zip(columns, one.cells, strict=True)), ensure_ascii=False) for one in lines]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return path


pytestmark = pytest.mark.usefixtures("shipped")


async def imported(
    engine: AsyncEngine, keyring: Keyring, format: str, lines: Sequence[Spoilt], directory: Path
) -> tuple[Summary, list[dict[str, str]]]:
    """What an import says of these lines: its summary and its rejects."""
    rejects = io.StringIO()
    path = written(format, lines, directory)
    summary = await import_file(engine, format, path, keyring=keyring, rejects=rejects)
    rejects.seek(0)
    return summary, list(csv.DictReader(rejects))


@pytest.mark.parametrize("format", sorted(FORMATS))
async def test_whatever_a_cell_holds(engine: AsyncEngine, keyring: Keyring, tmp_path: Path, format: str) -> None:
    lines = list(spoilt(format))
    await import_its_case(engine, keyring, format, tmp_path)
    summary, rejects = await imported(engine, keyring, format, lines, tmp_path)
    assert summary.lines == len(lines) == summary.accepted + summary.duplicates + len(rejects)
    assert set(summary.rejected) <= REASONS
    assert set(summary.warnings) <= WARNINGS
    assert summary.records.unchanged >= 0
    first = 1 if format == "shixin" else 2
    for reject in rejects:
        spoilt_line = lines[int(reject["line"]) - first]
        check_sentence(spoilt_line, reject["reason"], reject["sentence"])
        check_column(format, spoilt_line, reject["reason"], reject["sentence"])
    assert not any(PERSON in word for _, word in summary.words)
    await check_nothing_in_clear(engine)
    await check_whole(engine)


def check_sentence(line: Spoilt, reason: str, sentence: str) -> None:
    """A sentence repeats nothing of a person, and no cell but a word that is in no vocabulary."""
    assert PERSON not in sentence
    assert ADULT not in sentence
    assert len(sentence) < 300
    text = BAD.get(line.bad, "").strip()
    if len(text) > 3 and text not in SHOWN and reason not in NAMED:
        assert text not in sentence, line


def check_column(format: str, line: Spoilt, reason: str, sentence: str) -> None:
    """A sentence names the column that is spoilt, unless it is about the line or about several columns."""
    if line.bad in ("blank", "blanks") and line.column not in FORMATS[format].blank:
        assert sentence.startswith(f"The column {line.column} is empty: write ")
    if reason not in OF_THE_LINE:
        assert line.column in sentence or sentence.rpartition(": ")[0].split(": ")[-1] in ACROSS, (line, sentence)


async def check_nothing_in_clear(engine: AsyncEngine) -> None:
    """No identity number is stored in clear, in any table (R18)."""
    tables = (
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    )
    async with engine.connect() as connection:
        for table in (await connection.scalars(sa.text(tables))).all():
            query = sa.text(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE ANY (:numbers)')  # noqa: S608
            found = await connection.scalar(query, {"numbers": [f"%{PERSON}%", f"%{ADULT}%"]})
            assert found == 0, table


WHOLE = (
    "SELECT count(*) FROM listing l WHERE NOT EXISTS (SELECT FROM code_record r WHERE r.listing_id = l.id)",
    "SELECT count(*) FROM certificate c WHERE NOT EXISTS (SELECT FROM code_record r WHERE r.certificate_id = c.id)",
    "SELECT count(*) FROM sanction s JOIN behaviour b ON b.id = s.behaviour_id"
    " WHERE b.code_type IS NOT NULL AND NOT EXISTS (SELECT FROM code_record r WHERE r.sanction_id = s.id)",
    "SELECT count(*) FROM party p WHERE NOT EXISTS (SELECT FROM identity i WHERE i.party_id = p.id)"
    " AND NOT EXISTS (SELECT FROM identity_conflict c WHERE c.provisional_id = p.id)",
    "SELECT count(*) FROM code_record r WHERE NOT EXISTS (SELECT FROM code_period c WHERE c.party_id = r.party_id)"
    " AND NOT EXISTS (SELECT FROM identity_conflict c WHERE c.provisional_id = r.party_id)",
    "SELECT count(*) FROM court_case c WHERE NOT EXISTS (SELECT FROM participation n WHERE n.case_id = c.id)",
)
"""What a whole line leaves, and half a one would not."""


async def check_whole(engine: AsyncEngine) -> None:
    """No line is half done."""
    async with engine.connect() as connection:
        assert [await connection.scalar(sa.text(query)) for query in WHOLE] == [0] * len(WHOLE)


async def import_its_case(engine: AsyncEngine, keyring: Keyring, format: str, directory: Path) -> None:
    """What belongs to a case comes after it."""
    if format in ("deductions", "settlements"):
        cases = [SOUND["cases"][column] for column in columns_of("cases")]
        await imported(engine, keyring, "cases", [Spoilt("", "", cases)], directory)


CONTRADICTORY = {
    "cases": ({"立案日期": "2021-06-12", "结案日期": "2021-06-11"}, "DATE"),
    "shixin": ({"regDate": "2021-08-02", "publishDate": "2021-08-01"}, "DATE"),
    "sanctions": ({"决定日期": "2021-03-20", "生效日期": "2021-03-19"}, "DATE"),
    "certificates": ({"履行完毕日期": "2021-10-15", "出具日期": "2021-10-14"}, "DATE"),
    "lenders": ({"证件号码": "33028120160525000X"}, "MINOR"),
    "households": ({"入册日期": "2024-01-05", "迁出日期": "2024-01-04"}, "DATE"),
    "relations": ({"起始日期": "2020-01-02", "终止日期": "2020-01-01"}, "DATE"),
    "removals": ({"退出日期": "2099-01-01"}, "DATE"),
    "convictions": ({"判决日期": "2021-03-17"}, "DATE"),
    "settlements": ({"撤销日期": "2021-10-06"}, "DATE"),
    "deductions": ({"认定日期": "2021-06-30"}, "DATE"),
}


@pytest.mark.parametrize("format", sorted(FORMATS))
async def test_cells_that_contradict_each_other_are_refused(
    engine: AsyncEngine, keyring: Keyring, tmp_path: Path, format: str
) -> None:
    changes, reason = CONTRADICTORY[format]
    await import_its_case(engine, keyring, format, tmp_path)
    cells = [{**SOUND[format], **changes}[column] for column in columns_of(format)]
    summary, _ = await imported(engine, keyring, format, [Spoilt("", "contradiction", cells)], tmp_path)
    assert summary.rejected == {reason: 1}


@pytest.mark.parametrize("format", sorted(FORMATS))
async def test_the_sound_line_is_sound(engine: AsyncEngine, keyring: Keyring, tmp_path: Path, format: str) -> None:
    await import_its_case(engine, keyring, format, tmp_path)
    cells = [SOUND[format][column] for column in columns_of(format)]
    summary, rejects = await imported(engine, keyring, format, [Spoilt("", "", cells)], tmp_path)
    assert (summary.accepted, rejects, dict(summary.warnings)) == (1, [], {})
