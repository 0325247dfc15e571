"""Formats `shixin`, `sanctions`, `certificates` and `lenders`: rows, code records, colours, protection, reasons."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from import_files import ADULT, MINOR, ORGANIZATION, Desk, count, line
from sqlalchemy.ext.asyncio import AsyncEngine

from ingest.importing import import_file
from ingest.reference.catalogue import load_catalogue
from ingest.report import Summary
from models.catalogue import Colour
from models.code_record import CodePeriod, CodeRecord, Perspective, is_known_today
from models.keyring import Keyring
from models.listing import Listing, ListingKind
from models.party import Party, PartyKind
from models.sanction import Sanction, SanctionKind

LISTING = {
    "iname": "张波",
    "cardNum": ADULT,
    "partyTypeName": "0",
    "courtName": "余姚市人民法院",
    "caseCode": "（2021）浙0281执593号",
    "gistId": "(2021)浙0281民初591号",
    "gistUnit": "余姚市人民法院",
    "regDate": "20210404",
    "publishDate": "2021年08月02日",
    "duty": "支付借款本金及利息",
    "performance": "全部未履行",
    "disruptTypeName": "违反财产报告制度",
    "age": 0,
}

SANCTION = {
    "决定书案号": "(2021)浙0281司惩1号",
    "关联案号": "(2021)浙0281民初202号",
    "被处罚人": "黄超",
    "证件号码": ADULT,
    "处罚种类": "拘留",
    "金额或期限": "15日",
    "行为代码": "T01",
    "决定日期": "2021-03-20",
    "生效日期": "2021-03-23",
}

CERTIFICATE = ["甬履证20210001", "(2021)浙0281民初202号", "钟斌鹏", ADULT, "2021-10-07", "2021-10-14"]
LENDER = ["蒋涛", ADULT, "余姚市人民法院", "2021-03-01", "一年内民间借贷案件10件以上"]


pytestmark = pytest.mark.usefixtures("shipped")


class Importer(Desk):
    """Imports single lines of each format."""

    async def run(self, format: str, path: Path) -> Summary:
        return await import_file(self.engine, format, path, keyring=self.keyring)

    async def case(self, **changes: str) -> Summary:
        return await self.bring("cases", line(**changes))

    async def listing(self, **changes: object) -> Summary:
        path = self.place / "shixin.jsonl"
        path.write_text(json.dumps(LISTING | changes, ensure_ascii=False) + "\n")
        return await self.run("shixin", path)

    async def sanction(self, **changes: str) -> Summary:
        return await self.bring("sanctions", list((SANCTION | changes).values()))

    async def certificate(self, number: str = ADULT, own: str = CERTIFICATE[0]) -> Summary:
        return await self.bring("certificates", [own, *CERTIFICATE[1:3], number, *CERTIFICATE[4:]])

    async def lender(self, number: str = ADULT) -> Summary:
        return await self.bring("lenders", [LENDER[0], number, *LENDER[2:]])

    async def record(self) -> sa.Row[tuple[CodeRecord]]:
        async with self.engine.connect() as connection:
            return (await connection.execute(sa.select(CodeRecord.__table__))).one()

    async def colour(self, day: date, perspective: Perspective = Perspective.COURT) -> Colour:
        statement = sa.select(CodePeriod.colour).where(
            CodePeriod.during.contains(day), CodePeriod.perspective == perspective, is_known_today(CodePeriod)
        )
        async with self.engine.connect() as connection:
            return (await connection.scalars(statement)).one_or_none() or Colour.GREEN


@pytest.fixture
def importer(engine: AsyncEngine, keyring: Keyring, tmp_path: Path) -> Importer:
    return Importer(engine, keyring, tmp_path)


SAMPLE = (("cases", "cases.csv"), ("shixin", "shixin.jsonl"), ("sanctions", "sanctions.csv"),
          ("certificates", "certificates.csv"), ("lenders", "lenders.csv"))  # fmt: skip


@pytest.mark.parametrize("order", [SAMPLE, SAMPLE[::-1]])
async def test_sample_in_any_order(importer: Importer, exports: Path, order: tuple[tuple[str, str], ...]) -> None:
    truth = json.loads((exports / "truth.json").read_text())
    first = {format: await importer.run(format, exports / name) for format, name in order}
    for format in ("shixin", "sanctions", "certificates"):
        assert first[format].records.new == first[format].accepted == truth[format]
    assert first["lenders"].records.new == 5
    again = {format: await importer.run(format, exports / name) for format, name in order}
    for format, summary in again.items():
        assert (summary.records.new, summary.parties.new, summary.cases.changed) == (0, 0, 0)
        assert summary.accepted == first[format].accepted
    async with importer.engine.connect() as connection:
        colours = sa.select(CodePeriod.colour, sa.func.count().label("parties")).where(
            CodePeriod.during.contains(date(2021, 12, 25)),
            CodePeriod.perspective == Perspective.COURT,
            is_known_today(CodePeriod),
        )
        found = {row.colour: row.parties for row in await connection.execute(colours.group_by(CodePeriod.colour))}
        linked = await connection.scalar(sa.select(sa.func.count(Sanction.case_id)))
    assert (found[Colour.RED], found[Colour.YELLOW]) == (5, 20)
    assert linked == 5
    assert await count(importer.engine, "party") == truth["parties"]


async def test_listing_until_the_end_of_its_term(importer: Importer) -> None:
    await importer.listing()
    record = await importer.record()
    assert (record.colour, record.effective_on, record.ends_on) == (Colour.YELLOW, date(2021, 8, 2), date(2023, 8, 2))
    assert await importer.colour(date(2021, 8, 1)) is Colour.GREEN
    assert await importer.colour(date(2023, 8, 2)) is Colour.YELLOW
    assert await importer.colour(date(2023, 8, 3)) is Colour.GREEN


async def test_listing_until_performed_has_no_term(importer: Importer) -> None:
    await importer.listing(disruptTypeName="其他有履行能力而拒不履行生效法律文书确定义务")
    assert (await importer.record()).ends_on is None
    async with importer.engine.connect() as connection:
        row = (await connection.execute(sa.select(Listing.__table__))).one()
    assert (row.kind, row.case_number, row.ends_on) == (ListingKind.DISHONEST_DEBTOR, "(2021)浙0281执593号", None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"cardNum": MINOR}, "MINOR"),
        ({"cardNum": ""}, "ID_NUMBER"),
        ({"cardNum": "3302811904****3363"}, "ID_NUMBER"),
        ({"courtName": "某某法院"}, "COURT"),
        ({"publishDate": "20210101"}, "DATE"),
        ({"duty": f"向{ADULT}付款"}, "TEXT"),
        ({"iname": None}, "NAME"),
        ({"cardNum": "3302811969****0011"}, "ID_NUMBER"),
        ({"publishDate": "1890-01-01"}, "DATE"),
        ({"iname": ["张波"]}, "JSON"),
        ({"iname": "张\u0000波"}, "ENCODING"),
    ],
)
async def test_listing_rejected(importer: Importer, changes: dict[str, object], reason: str) -> None:
    assert (await importer.listing(**changes)).rejected == {reason: 1}


async def test_detention_makes_red_for_five_years(importer: Importer) -> None:
    await importer.sanction()
    record = await importer.record()
    assert (record.colour, record.effective_on, record.ends_on) == (Colour.RED, date(2021, 3, 23), date(2026, 3, 23))
    async with importer.engine.connect() as connection:
        row = (await connection.execute(sa.select(Sanction.__table__))).one()
    assert (row.kind, row.days, row.amount) == (SanctionKind.DETENTION, 15, None)
    assert await importer.colour(date(2026, 3, 22), Perspective.OUTSIDE) is Colour.RED


@pytest.mark.parametrize(
    ("changes", "colour"),
    [
        ({"处罚种类": "罚款", "金额或期限": "20000"}, Colour.RED),
        ({"处罚种类": "罚款", "金额或期限": "20,000.50元"}, Colour.RED),
        ({"处罚种类": "训诫", "金额或期限": "", "行为代码": "T12"}, Colour.YELLOW),
        ({"处罚种类": "责令退出法庭", "金额或期限": "", "行为代码": "t12"}, Colour.YELLOW),
        ({"决定书案号": "(2021)浙0281民初9号"}, Colour.YELLOW),
        ({"处罚种类": "训诫", "金额或期限": "", "行为代码": "E13"}, None),
        ({"处罚种类": "训诫", "金额或期限": "", "行为代码": ""}, None),
    ],
)
async def test_colour_of_a_sanction(importer: Importer, changes: dict[str, str], colour: Colour | None) -> None:
    assert (await importer.sanction(**changes)).records.new == 1
    assert await importer.colour(date(2021, 4, 1)) is (colour or Colour.GREEN)
    assert await count(importer.engine, "code_record") == (colour is not None)


@pytest.mark.parametrize("text", ["１００，０００元", "10万元", "人民币100000元", "￥100,000.00", "壹拾万元整"])
async def test_amount_of_a_fine(importer: Importer, text: str) -> None:
    await importer.sanction(处罚种类="罚款", 金额或期限=text)
    async with importer.engine.connect() as connection:
        assert await connection.scalar(sa.select(Sanction.amount)) == Decimal(100_000)


@pytest.mark.parametrize("text", ["15", "15日", "15天", "十五日"])
async def test_days_of_a_detention(importer: Importer, text: str) -> None:
    await importer.sanction(金额或期限=text)
    async with importer.engine.connect() as connection:
        assert await connection.scalar(sa.select(Sanction.days)) == 15


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"处罚种类": "警告"}, "SANCTION"),
        ({"被处罚人": "余姚锻造有限公司", "证件号码": ORGANIZATION}, "SANCTION"),
        ({"金额或期限": "16日"}, "DAYS"),
        ({"金额或期限": "一周"}, "DAYS"),
        ({"处罚种类": "罚款", "金额或期限": "0"}, "AMOUNT"),
        ({"行为代码": "X99"}, "BEHAVIOUR"),
        ({"生效日期": "2021-03-19"}, "DATE"),
        ({"决定日期": "2011-03-19"}, "CATALOGUE"),
        ({"决定书案号": "(2021)京01司惩1号"}, "COURT"),
        ({"关联案号": "民初202"}, "CASE_NUMBER"),
    ],
)
async def test_sanction_rejected(importer: Importer, changes: dict[str, str], reason: str) -> None:
    assert (await importer.sanction(**changes)).rejected == {reason: 1}


async def test_certificate_makes_gold_for_a_year(importer: Importer) -> None:
    await importer.certificate()
    assert await importer.colour(date(2021, 10, 14)) is Colour.GOLD
    assert await importer.colour(date(2022, 10, 14)) is Colour.GOLD
    assert await importer.colour(date(2022, 10, 15)) is Colour.GREEN


@pytest.mark.parametrize(("own", "accepted"), [("33028120210001000012345", 1), ("", 0), ("1" * 101, 0), (ADULT, 0)])
async def test_number_of_a_certificate(importer: Importer, own: str, accepted: int) -> None:
    summary = await importer.certificate(own=own)
    assert (summary.accepted, summary.rejected["CERTIFICATE_NUMBER"]) == (accepted, 1 - accepted)


async def test_enforcement_imported_later_takes_gold_away(importer: Importer) -> None:
    await importer.certificate()
    enforcement = {"案号": "(2021)浙0281执9号", "立案日期": "2021-11-01", "诉讼地位": "被执行人", "证件号码": ADULT}
    enforcement["姓名或名称"] = CERTIFICATE[2]
    await importer.case(**enforcement, 结案日期="")
    assert await importer.colour(date(2021, 12, 1)) is Colour.GREEN
    await importer.case(**enforcement, 结案日期="2021-11-20")
    assert await importer.colour(date(2021, 12, 1)) is Colour.GOLD


async def test_lender_stays_yellow(importer: Importer) -> None:
    await importer.lender(ORGANIZATION)
    record = await importer.record()
    assert (record.colour, record.ends_on) == (Colour.YELLOW, None)
    async with importer.engine.connect() as connection:
        assert await connection.scalar(sa.select(Party.kind)) is PartyKind.ORGANIZATION
    assert (await importer.lender(MINOR)).rejected == {"MINOR": 1}


async def test_minors_are_protected_and_undisclosed(importer: Importer) -> None:
    assert (await importer.certificate(MINOR)).protected == 1
    assert (await importer.record()).publicity.isempty
    async with importer.engine.connect() as connection:
        assert await connection.scalar(sa.select(Party.disclosed)) is False
    assert await importer.colour(date(2021, 12, 1), Perspective.OUTSIDE) is Colour.GREEN
    assert await importer.colour(date(2021, 12, 1)) is Colour.GOLD


@pytest.mark.parametrize("case_first", [True, False])
async def test_private_case_protects_its_sanctions(importer: Importer, case_first: bool) -> None:
    if case_first:
        await importer.case(不公开="是", 证件号码=ADULT, 姓名或名称=SANCTION["被处罚人"])
    await importer.sanction()
    if not case_first:
        await importer.case(不公开="是", 证件号码=ADULT, 姓名或名称=SANCTION["被处罚人"])
    record = await importer.record()
    assert (record.publicity.isempty, record.case_id is not None) == (True, True)
    assert await importer.colour(date(2021, 4, 1), Perspective.OUTSIDE) is Colour.GREEN
    assert await importer.colour(date(2021, 4, 1)) is Colour.RED


async def test_listing_discloses_a_party_known_from_a_private_case(importer: Importer) -> None:
    await importer.case(不公开="是", 证件号码=ADULT, 姓名或名称=str(LISTING["iname"]))
    await importer.listing()
    async with importer.engine.connect() as connection:
        assert await connection.scalar(sa.select(Party.disclosed)) is True
    assert await count(importer.engine, "party") == 1


async def test_catalogue_is_loaded_once(engine: AsyncEngine) -> None:
    counts = {"court": 15, "case_type": 140, "behaviour": 34, "code_type": 29, "moral_bank_item": 14}
    for _ in range(2):
        async with engine.begin() as connection:
            await load_catalogue(connection)
        assert {table: await count(engine, table) for table in counts} == counts
    async with engine.connect() as connection:
        courts = sa.text("SELECT code, parent_code FROM court WHERE code IN ('浙', '浙02', '浙0281', '浙72')")
        parents = {row.code: row.parent_code for row in await connection.execute(courts)}
    assert parents == {"浙": None, "浙02": "浙", "浙0281": "浙02", "浙72": "浙"}
