"""Format `deductions`: a court brings its own history, with publication and ends (R4-R6)."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from import_files import ADULT, Desk, line
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.policy_profiles import declare_profile
from ingest.report import Summary
from models.code_record import CodeRecord
from models.deduction import Deduction, DeductionStatus, DeductionStep, DeductionVersion
from models.keyring import Keyring
from models.objection import Objection
from models.policy_profile import PolicyProfile, ProfileStart
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


async def test_points_that_the_panel_has_lowered_stay_when_the_file_comes_again(files: Files) -> None:
    """And so does the end that came with them. The file may lower them further (R8)."""
    await files.case()
    await files.deduction(扣分="10")
    row, end = await files.one(), date(2026, 7, 1)
    answered = {"deduction_id": row.id, "statement": "情节较轻。", "outcome": "AMENDED"}
    days = {"filed_on": date(2022, 5, 2), "due_on": date(2022, 6, 2), "decided_at": NOW, "reasons": "属实。"}
    async with files.engine.begin() as connection:
        await connection.execute(sa.insert(Objection).values(**answered, **days))
        await connection.execute(sa.update(Deduction).values(points=9, expires_on=end, version=2))
    again = await files.deduction(扣分="10", 公示期满日="2026-08-02")
    assert (again.records.changed, again.records.unchanged, again.told.total()) == (0, 1, 0)
    row = await files.one()
    assert (row.points, row.expires_on, row.version) == (9, end, 2)
    assert (await files.deduction(扣分="9", 公示期满日="2026-06-01")).records.changed == 1
    row = await files.one()
    assert (row.points, row.expires_on, row.version) == (9, date(2026, 6, 1), 3)


# --- a policy profile begins between two exports ----------------------------------------------------------------------

OF_2026 = {"行为日期": "2026-01-05", "认定日期": "2026-02-02", "发布日期": "2026-02-20", "诉讼地位": "被执行人"}
MINOR_ITEM = OF_2026 | {"行为代码": "E01", "扣分": "2", "认定文书种类": "庭审笔录", "认定文书号": "笔录1"}
ORDINARY_ITEM = OF_2026 | RULING
ITEMS = "SELECT tier, status, points, version, expires_on, upper(publicity) - 1 FROM deduction ORDER BY tier"
RECORD = "SELECT ends_on, upper(publicity) - 1 FROM code_record"
EDITIONS = "SELECT version, points, expires_on FROM deduction_version ORDER BY deduction_id, version"
YELLOW = "SELECT upper(during) - 1 FROM code_period WHERE colour = 'YELLOW' AND upper_inf(known)"
TOLD = "SELECT kind FROM event ORDER BY id"


async def test_a_file_under_two_profiles(files: Files) -> None:
    """What the profile has shortened stays so when the file comes again; what a file changes or ends under it has the
    terms of the profile: three months for two points, twelve for more."""

    async def bring(day: datetime, *changes: dict[str, str]) -> Any:
        lines = [list((DEDUCTION | item).values()) for item in changes]
        return (await files.bring("deductions", *lines, now=lambda: day)).records

    async def left() -> list[Any]:
        return [await files.rows(query) for query in (ITEMS, RECORD, EDITIONS, YELLOW, TOLD)]

    long, longer, short, year = date(2027, 2, 2), date(2028, 2, 2), date(2026, 5, 2), date(2027, 2, 2)
    march, april = (datetime(2026, month, 10, 9, tzinfo=COURT_TIME) for month in (3, 4))
    first, told = [(1, 2, long), (1, 7, longer)], [("ENTRY_PUBLISHED",), ("COLOUR_CHANGED",)]
    await files.case()
    await bring(march, MINOR_ITEM, ORDINARY_ITEM)
    assert await left() == [
        [("T1", "PUBLISHED", 2, 1, long, long), ("T2", "PUBLISHED", 7, 1, longer, longer)],
        [(longer, longer)],
        first,
        [(longer,)] * 2,
        told,
    ]
    async with files.engine.begin() as connection:
        await declare_profile(connection, ProfileStart("浙0281", PolicyProfile.NDRC_36, date(2026, 4, 1)), march)
    shortened: list[Any] = [
        [("T1", "PUBLISHED", 2, 2, short, short), ("T2", "PUBLISHED", 7, 2, year, year)],
        [(year, year)],
        [first[0], (2, 2, short), first[1], (2, 7, year)],
        [(year,)] * 2,
        told,
    ]
    assert await left() == shortened
    again = await bring(april, MINOR_ITEM, ORDINARY_ITEM)
    assert (again.new, again.changed, again.unchanged) == (0, 0, 2)
    assert await left() == shortened

    changed = await bring(april, MINOR_ITEM | {"扣分": "3"}, ORDINARY_ITEM | {"公示期满日": "2030-02-02"})
    assert (changed.new, changed.changed, changed.unchanged) == (0, 1, 1)
    graver = [("T1", "PUBLISHED", 3, 3, year, year), *shortened[0][1:]]
    editions = [*shortened[2][:2], (3, 3, year), *shortened[2][2:]]
    assert await left() == [graver, *shortened[1:2], editions, shortened[3], [*told, ("ENTRY_AMENDED",)]]

    over = {"状态": "已屏蔽", "结束日期": "2026-04-09", "结束原因": "履行完毕"}
    ended = await bring(april, MINOR_ITEM | {"扣分": "3"}, ORDINARY_ITEM | over)
    assert (ended.new, ended.changed, ended.unchanged) == (0, 1, 1)
    items, (record,), same, yellow, events = await left()
    assert (items, record, same) == ([graver[0], ("T2", "SHIELDED", 7, 2, year, None)], (year, None), editions)
    gone = [(kind,) for kind in ("ENTRY_AMENDED", "RECORD_SHIELDED", "COLOUR_CHANGED")]
    assert (yellow, events) == ([(date(2026, 4, 9),)], [*told, *gone])
    assert (await bring(april, ORDINARY_ITEM | over)).unchanged == 1
