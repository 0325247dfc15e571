"""Format `deductions`: a court brings its own history, with publication and ends (R4-R6)."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from import_files import ADULT, Desk, line
from sqlalchemy.ext.asyncio import AsyncEngine

from ingest.report import Summary
from models.code_record import CodeRecord
from models.deduction import Deduction, DeductionStatus, DeductionStep, DeductionVersion
from models.keyring import Keyring
from models.repair import Repair, RepairOutcome
from models.sanction import Sanction
from models.terms import COURT_TIME

NOW = datetime(2022, 6, 1, 9, tzinfo=COURT_TIME)
DEDUCTION = {
    "案号": "(2021)浙0281民初202号",
    "经办法院": "余姚市人民法院",
    "姓名或名称": "魏宇华",
    "证件类型": "居民身份证",
    "证件号码": ADULT,
    "诉讼地位": "原告",
    "行为代码": "T01",
    "扣分": "9",
    "行为日期": "2021-07-01",
    "认定日期": "2021-08-02",
    "认定文书种类": "罚款决定书",
    "认定文书号": "(2021)浙0281司惩3号",
    "发布日期": "2021-09-01",
    "公示期满日": "",
    "状态": "已公示",
    "结束日期": "",
    "结束原因": "",
}


pytestmark = pytest.mark.usefixtures("shipped")


class Files(Desk):
    """Imports lines, each in a file of its own."""

    async def case(self, **changes: str) -> Summary:
        return await self.bring("cases", line(证件号码=ADULT, **changes), now=lambda: NOW)

    async def deduction(self, **changes: str) -> Summary:
        return await self.bring("deductions", list((DEDUCTION | changes).values()), now=lambda: NOW)

    async def one(self) -> sa.Row[tuple[Deduction]]:
        async with self.engine.connect() as connection:
            return (await connection.execute(sa.select(Deduction.__table__))).one()

    async def count(self, model: type) -> int:
        async with self.engine.connect() as connection:
            return int((await connection.execute(sa.select(sa.func.count()).select_from(model))).scalar_one())


@pytest.fixture
def files(engine: AsyncEngine, keyring: Keyring, tmp_path: Path) -> Files:
    return Files(engine, keyring, tmp_path)


async def test_a_public_item_of_former_years(files: Files) -> None:
    await files.case()
    summary = await files.deduction()
    assert (summary.records.new, summary.rejected, summary.protected) == (1, {}, 0)
    row = await files.one()
    assert (row.status, row.points, row.version, row.proposed_by, row.batch_id) == ("PUBLISHED", 9, 1, None, None)
    assert (row.determined_on, row.expires_on) == (date(2021, 8, 2), date(2026, 8, 2))
    assert (row.publicity.lower, row.publicity.upper) == (date(2021, 9, 1), date(2026, 8, 3))
    assert (await files.count(DeductionStep), await files.count(DeductionVersion)) == (1, 1)
    assert await files.count(CodeRecord) == 0  # the fine makes red, by its own file (R12)
    again = await files.deduction()
    assert (again.records.new, again.records.changed, again.records.unchanged) == (0, 0, 1)
    assert (await files.count(DeductionStep), await files.count(DeductionVersion)) == (1, 1)


async def test_what_a_later_export_says_otherwise_is_another_edition(files: Files) -> None:
    await files.case()
    await files.deduction()
    summary = await files.deduction(扣分="10")
    assert (summary.records.new, summary.records.changed) == (0, 1)
    row = await files.one()
    assert (row.points, row.version) == (10, 2)
    assert await files.count(DeductionVersion) == 2
    await files.deduction(扣分="10", 状态="已撤回", 结束日期="2022-05-01", 结束原因="罚款决定被撤销")
    row = await files.one()
    assert (row.status, row.version, row.publicity.isempty) == ("WITHDRAWN", 2, True)


async def test_an_item_makes_the_record_of_its_behaviour(files: Files) -> None:
    await files.case()
    await files.deduction(行为代码="T06", 扣分="6", 认定文书种类="裁定书", 认定文书号="(2021)浙0281民初202号")
    assert (await files.one()).tier == "T2"
    assert await files.count(CodeRecord) <= 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"案号": "(2021)浙0281民初203号"}, "CASE_UNKNOWN"),
        ({"案号": "2021-202"}, "CASE_NUMBER"),
        ({"经办法院": "某某法院"}, "COURT"),
        ({"诉讼地位": "旁听"}, "ROLE"),
        ({"行为代码": "X99"}, "BEHAVIOUR"),
        ({"扣分": "3"}, "POINTS"),
        ({"扣分": "九"}, "POINTS"),
        ({"认定文书种类": "庭审笔录"}, "FINDING"),
        ({"认定文书种类": "某种文书"}, "FINDING"),
        ({"认定文书号": ""}, "FINDING"),
        ({"行为日期": "2021-08-03"}, "DATE"),
        ({"发布日期": "2022-06-02"}, "DATE"),
        ({"公示期满日": "2026-08-03"}, "DATE"),
        ({"状态": "存疑"}, "STATE"),
        ({"状态": "已撤回"}, "DATE"),
        ({"状态": "已屏蔽", "结束日期": "2021-08-31"}, "DATE"),
        ({"证件号码": ""}, "ID_NUMBER"),
    ],
)
async def test_rejected(files: Files, changes: dict[str, str], code: str) -> None:
    await files.case()
    assert (await files.deduction(**changes)).rejected == {code: 1}
    assert await files.count(Deduction) == 0


# --- what this service has decided stays ------------------------------------------------------------------------------


async def repaired(files: Files, outcome: RepairOutcome, end: date | None = None) -> None:
    """The panel grants a repair of the one deduction, as it does by hand."""
    row = await files.one()
    shown = {"party_id": row.party_id, "deduction_id": row.id, "ground": "REMORSE", "commitment": "守信。"}
    granted = shown | {"amount_performed": 0, "applied_on": NOW.date(), "outcome": outcome, "new_end": end}
    changes: dict[str, Any] = {"expires_on": end, "version": 2}
    if outcome is RepairOutcome.SHIELDED:
        changes = {"status": DeductionStatus.SHIELDED, "ended_at": NOW}
    async with files.engine.begin() as connection:
        await connection.execute(sa.insert(Repair).values(**granted, reasons="符合条件。", decided_at=NOW))
        await connection.execute(sa.update(Deduction).values(changes))


async def test_a_shorter_term_stays_when_the_file_comes_again(files: Files) -> None:
    await files.case()
    await files.deduction()
    await repaired(files, RepairOutcome.SHORTENED, date(2022, 8, 1))
    summary = await files.deduction()
    assert (summary.records.changed, summary.records.unchanged) == (0, 1)
    row = await files.one()
    assert (row.expires_on, row.version, row.publicity.upper) == (date(2022, 8, 1), 2, date(2022, 8, 2))


async def test_what_was_shielded_stays_so_when_the_file_comes_again(files: Files) -> None:
    await files.case()
    await files.deduction()
    await repaired(files, RepairOutcome.SHIELDED)
    summary = await files.deduction()
    assert (summary.records.changed, summary.outdated) == (0, 1)
    row = await files.one()
    assert (row.status, row.publicity.isempty) == ("SHIELDED", True)


async def test_what_was_withdrawn_is_not_published_by_a_later_file(files: Files) -> None:
    await files.case()
    await files.deduction(状态="已撤回", 结束日期="2022-05-01", 结束原因="罚款决定被撤销")
    summary = await files.deduction()
    assert (summary.records.changed, summary.outdated) == (0, 1)
    assert (await files.one()).status == "WITHDRAWN"
    assert await files.rows("SELECT status, reason FROM deduction_step") == [("WITHDRAWN", "罚款决定被撤销")]


async def test_what_cites_a_revoked_decision_is_withdrawn_at_once(files: Files) -> None:
    await files.case()
    fine = [
        "(2021)浙0281司惩3号",
        "(2021)浙0281民初202号",
        "魏宇华",
        ADULT,
        "罚款",
        "2000",
        "",
        "2021-08-02",
        "2021-08-02",
    ]
    await files.bring("sanctions", fine, now=lambda: NOW)
    async with files.engine.begin() as connection:
        await connection.execute(sa.update(Sanction).values(revoked_on=date(2022, 5, 1)))
    await files.deduction()
    assert (await files.one()).status == "WITHDRAWN"


RULING = {"行为代码": "E08", "扣分": "7", "认定文书种类": "裁定书", "认定文书号": "(2021)浙0281民初202号"}


async def test_the_record_follows_the_days_of_its_item(files: Files) -> None:
    await files.case()
    record = "SELECT effective_on, ends_on FROM code_record"
    for last in ("2022-08-01", "2023-02-01", "2022-07-01"):
        await files.deduction(公示期满日=last, **RULING)
        assert await files.rows(record) == [(date(2021, 9, 1), date.fromisoformat(last))]
    await files.deduction(公示期满日="2022-07-01", **(RULING | {"发布日期": "2021-10-01"}))
    assert await files.rows(record) == [(date(2021, 10, 1), date(2022, 7, 1))]
