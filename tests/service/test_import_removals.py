"""Listings end by removals and by performance, whichever file comes first; convictions make red (R12, R23)."""

import json
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from import_files import ADULT, Desk
from sqlalchemy.ext.asyncio import AsyncEngine
from test_import_records import LISTING

from ingest.importing import import_file
from ingest.report import Summary
from models.code_record import CloseReason, CodeRecord
from models.keyring import Keyring
from models.listing import Listing
from models.terms import COURT_TIME

NOW = datetime(2022, 6, 1, 9, tzinfo=COURT_TIME)
REMOVAL = {
    "名单": "失信被执行人",
    "姓名或名称": "张波",
    "证件类型": "居民身份证",
    "证件号码": ADULT,
    "案号": "(2021)浙0281执593号",
    "退出日期": "2022-03-05",
    "退出原因": "履行完毕",
}
CONVICTION = {
    "判决书号": "(2021)浙0281刑初12号",
    "判决法院": "余姚市人民法院",
    "姓名或名称": "张波",
    "证件类型": "居民身份证",
    "证件号码": ADULT,
    "罪名": "虚假诉讼罪",
    "行为日期": "2020-02-03",
    "判决日期": "2021-03-05",
    "生效日期": "2021-03-16",
    "刑期起": "2021-03-16",
    "刑期止": "2022-03-15",
    "相关案号": "(2020)浙0281民初7号",
}


pytestmark = pytest.mark.usefixtures("shipped")


class Files(Desk):
    """Imports lines of the formats, each in a file of its own."""

    async def listing(self, exported_on: date | None = None, **changes: str) -> Summary:
        path = self.place / "shixin.jsonl"
        path.write_text(json.dumps(LISTING | changes, ensure_ascii=False) + "\n")
        return await import_file(
            self.engine, "shixin", path, keyring=self.keyring, exported_on=exported_on, now=lambda: NOW
        )

    async def removal(self, **changes: str) -> Summary:
        return await self.bring("removals", list((REMOVAL | changes).values()), now=lambda: NOW)

    async def conviction(self, **changes: str) -> Summary:
        return await self.bring("convictions", list((CONVICTION | changes).values()), now=lambda: NOW)

    async def entries(self) -> list[tuple[date, date | None, CloseReason | None]]:
        query = sa.select(Listing.published_on, Listing.removed_on, CodeRecord.close_reason)
        joined = query.join(CodeRecord, CodeRecord.listing_id == Listing.id).order_by(Listing.published_on)
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(joined)]  # type: ignore[misc]


@pytest.fixture
def files(engine: AsyncEngine, keyring: Keyring, tmp_path: Path) -> Files:
    return Files(engine, keyring, tmp_path)


FIRST, GONE = date(2021, 8, 2), date(2022, 3, 5)


@pytest.mark.parametrize("removal_first", [False, True])
async def test_a_removal_ends_the_entry_whichever_comes_first(files: Files, removal_first: bool) -> None:
    if removal_first:
        await files.removal()
        await files.listing()
    else:
        await files.listing()
        summary = await files.removal()
        assert (summary.records.new, summary.rejected) == (1, {})
    assert await files.entries() == [(FIRST, GONE, CloseReason.PERFORMED)]
    assert (await files.removal()).records.unchanged == 1
    assert (await files.listing()).records.unchanged == 1
    assert await files.entries() == [(FIRST, GONE, CloseReason.PERFORMED)]


async def test_a_removal_ends_the_newest_entry_before_it(files: Files) -> None:
    await files.listing()
    await files.removal(退出日期="2021-12-01")
    await files.listing(regDate="20220105", publishDate="2022年02月06日")
    assert await files.entries() == [
        (FIRST, date(2021, 12, 1), CloseReason.PERFORMED),
        (date(2022, 2, 6), None, None),
    ]
    await files.removal(退出日期="2022-05-01", 退出原因="错误纳入")
    assert await files.entries() == [
        (FIRST, date(2021, 12, 1), CloseReason.PERFORMED),
        (date(2022, 2, 6), date(2022, 5, 1), CloseReason.WITHDRAWN),
    ]


async def test_who_has_performed_leaves_the_list(files: Files) -> None:
    await files.listing(date(2022, 4, 1))
    summary = await files.listing(date(2022, 5, 1), performance="全部已履行")
    assert (summary.records.changed, summary.records.new) == (1, 0)
    assert await files.entries() == [(FIRST, date(2022, 5, 1), CloseReason.PERFORMED)]
    older = await files.listing(date(2022, 4, 15))
    assert (older.outdated, older.records.changed) == (1, 0)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"名单": "限制消费"}, "LIST"),
        ({"退出原因": "不知道"}, "REMOVAL_REASON"),
        ({"退出日期": "2022-06-02"}, "DATE"),
        ({"案号": ""}, "CASE_NUMBER"),
        ({"证件号码": ""}, "ID_NUMBER"),
    ],
)
async def test_rejected_removals(files: Files, changes: dict[str, str], code: str) -> None:
    assert (await files.removal(**changes)).rejected == {code: 1}


async def test_a_conviction_makes_red_from_the_end_of_its_sentence(files: Files) -> None:
    await files.conviction()
    query = sa.select(CodeRecord.colour, CodeRecord.effective_on, CodeRecord.ends_on, CodeRecord.publicity)
    async with files.engine.connect() as connection:
        (row,) = (await connection.execute(query)).all()
    assert (row.colour, row.effective_on, row.ends_on) == ("RED", date(2021, 3, 16), date(2027, 3, 15))
    assert not row.publicity.isempty


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"罪名": ""}, "TEXT"),
        ({"判决日期": "2019-03-05"}, "DATE"),
        ({"刑期止": "2021-03-01"}, "DATE"),
        ({"判决法院": "某某法院"}, "COURT"),
        ({"判决书号": "2021刑初12"}, "CASE_NUMBER"),
    ],
)
async def test_rejected_convictions(files: Files, changes: dict[str, str], code: str) -> None:
    assert (await files.conviction(**changes)).rejected == {code: 1}


async def test_a_corrected_reason_of_a_removal_counts(files: Files) -> None:
    await files.listing()
    await files.removal()
    assert [entry[2] for entry in await files.entries()] == [CloseReason.PERFORMED]
    summary = await files.removal(退出原因="错误纳入")
    assert summary.records.changed == 1
    assert [entry[2] for entry in await files.entries()] == [CloseReason.WITHDRAWN]
    assert await files.rows("SELECT isempty(publicity) FROM code_record") == [(True,)]


async def test_who_was_removed_before_its_entry_came_was_never_listed_for_others(files: Files) -> None:
    await files.removal()
    await files.listing()
    assert [entry[2] for entry in await files.entries()] == [CloseReason.PERFORMED]
    assert "LIST_REMOVED" not in {kind for (kind,) in await files.rows("SELECT kind FROM event")}
