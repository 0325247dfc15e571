"""The division (庭) of a case: an optional column of `cases`, kept where a later export omits it (R23)."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from import_files import line, write_csv
from sqlalchemy.ext.asyncio import AsyncEngine

from ingest.formats.cases import Cases
from ingest.importing import import_file
from ingest.report import Summary
from models.import_run import RecordChange
from models.keyring import Keyring

WITH_DIVISION = (*Cases.columns, *Cases.optional)


@pytest.mark.usefixtures("shipped")
async def test_the_division_of_a_case_is_kept(engine: AsyncEngine, keyring: Keyring, tmp_path: Path) -> None:
    async def bring(cells: list[str], columns: Sequence[str]) -> Summary:
        return await import_file(engine, "cases", write_csv(tmp_path / "cases.csv", [cells], columns), keyring=keyring)

    async def divisions() -> list[str | None]:
        async with engine.connect() as connection:
            return list(await connection.scalars(sa.text("SELECT division FROM court_case")))

    await bring(line(), Cases.columns)
    assert await divisions() == [None]
    await bring([*line(), "民事审判第一庭"], WITH_DIVISION)
    assert await divisions() == ["民事审判第一庭"]
    await bring(line(), Cases.columns)
    await bring([*line(), " "], WITH_DIVISION)
    assert await divisions() == ["民事审判第一庭"]
    async with engine.connect() as connection:
        query = sa.select(RecordChange.field, RecordChange.former, RecordChange.present)
        assert [tuple(row) for row in await connection.execute(query)] == [("division", None, "民事审判第一庭")]
    refused = await bring([*line(), "330281190409263363"], WITH_DIVISION)
    assert refused.rejected == {"DIVISION": 1}
