"""What the import tests share: files of lines, and the rows that an import leaves behind."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from emptying import empty_tables
from sqlalchemy.ext.asyncio import AsyncEngine

from ingest.formats.cases import Cases
from ingest.importing import FORMATS, import_file
from ingest.report import Summary
from models.base import Base
from models.keyring import Keyring

PERSON = "33028119030702306X"
ADULT = "330281190409263363"
MINOR = "33028120160525000X"
ORGANIZATION = "91330281999911175U"

LINE = {
    "案号": "(2021)浙0281民初202号",
    "经办法院": "余姚市人民法院",
    "案由": "民间借贷纠纷",
    "立案日期": "2021-06-12",
    "结案日期": "2021-09-10",
    "诉讼地位": "原告",
    "当事人类型": "自然人",
    "姓名或名称": "魏宇华",
    "证件类型": "居民身份证",
    "证件号码": PERSON,
    "村社区": "马渚镇四联村",
    "不公开": "",
}

CONTENT = ("court_case", "village", "party", "identity", "participation", "code_record", "code_period")
TRANSIENT = {"id", "created_at", "sealed", "known"}


def line(**changes: str) -> list[str]:
    """The cells of a `cases` line; `changes` by column."""
    return list((LINE | changes).values())


def write_csv(
    path: Path, rows: Iterable[Sequence[str]], columns: Sequence[str] = Cases.columns, encoding: str = "utf-8"
) -> Path:
    """A CSV file with a header."""
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


class Desk:
    """Where lines are brought, each time in a file of their own; `rows` reads what they left."""

    def __init__(self, engine: AsyncEngine, keyring: Keyring, place: Path) -> None:
        self.engine, self.keyring, self.place = engine, keyring, place

    async def bring(self, format: str, *rows: Sequence[str], **options: Any) -> Summary:
        """Import lines of a CSV format. options: as of `import_file`."""
        path = write_csv(self.place / f"{format}.csv", rows, FORMATS[format].columns)
        return await import_file(self.engine, format, path, keyring=self.keyring, **options)

    async def rows(self, query: str) -> list[tuple[object, ...]]:
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(sa.text(query))]


async def count(engine: AsyncEngine, table: str) -> int:
    """Rows of a table."""
    async with engine.connect() as connection:
        return int(await connection.scalar(sa.select(sa.func.count()).select_from(Base.metadata.tables[table])) or 0)


async def content(engine: AsyncEngine) -> dict[str, list[str]]:
    """What the database says, without surrogate keys: two imports of the same lines leave the same."""
    async with engine.connect() as connection:
        found = {}
        for name in CONTENT:
            table = Base.metadata.tables[name]
            kept = [column for column in table.c if column.name not in TRANSIENT and not column.name.endswith("_id")]
            today = [sa.func.upper_inf(table.c.known)] if "known" in table.c else []
            rows = await connection.execute(sa.select(*kept).where(*today))
            found[name] = sorted(str(tuple(row)) for row in rows)
        joined = sa.text(
            "SELECT c.number, p.role, p.name, i.index, v.name FROM participation p"
            " JOIN court_case c ON c.id = p.case_id"
            " LEFT JOIN party y ON y.id = p.party_id LEFT JOIN identity i ON i.party_id = y.id"
            " LEFT JOIN village v ON v.id = y.village_id"
        )
        found["joined"] = sorted(str(tuple(row)) for row in await connection.execute(joined))
        return found


async def clear(engine: AsyncEngine) -> None:
    """Empty what imports write; the catalogue stays."""
    async with engine.begin() as connection:
        await connection.run_sync(empty_tables, "court_case", "village", "household", "party")
