"""Format `cases`: the sample with its truth, idempotency, interruption, confidentiality, key rotation."""

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from import_files import ADULT, MINOR, ORGANIZATION, PERSON, clear, content, count, line, write_csv
from sqlalchemy.ext.asyncio import AsyncEngine

from ingest.importing import import_file
from ingest.report import Summary
from models.court_case import Confidentiality, CourtCase
from models.keyring import Keyring
from models.party import Identity, Party
from postgres import database

pytestmark = pytest.mark.usefixtures("shipped")


async def imported(engine: AsyncEngine, path: Path, keyring: Keyring, court: str | None = None) -> Summary:
    return await import_file(engine, "cases", path, keyring=keyring, court=court)


async def test_sample_comes_in_as_the_truth_says(engine: AsyncEngine, exports: Path, keyring: Keyring) -> None:
    truth = json.loads((exports / "truth.json").read_text())
    rejects = io.StringIO()
    summary = await import_file(engine, "cases", exports / "cases.csv", keyring=keyring, rejects=rejects)
    for name in ("lines", "accepted", "duplicates", "rejected", "unidentified", "protected"):
        assert getattr(summary, name) == truth[name]
    assert summary.warnings == truth["warnings"] | {"AGE": 3}  # children under eight, of whom the truth is older (R24)
    assert (summary.cases.new, summary.parties.new) == (truth["cases"], truth["parties"])
    assert (await count(engine, "court_case"), await count(engine, "party")) == (truth["cases"], truth["parties"])
    assert len(rejects.getvalue().splitlines()) == 1 + sum(truth["rejected"].values())


async def test_second_run_changes_nothing(engine: AsyncEngine, exports: Path, keyring: Keyring) -> None:
    first = await imported(engine, exports / "cases.csv", keyring)
    before = await content(engine)
    second = await imported(engine, exports / "cases.csv", keyring)
    assert await content(engine) == before
    assert (second.accepted, second.duplicates, second.rejected) == (first.accepted, first.duplicates, first.rejected)
    assert (second.cases.new, second.cases.changed, second.parties.new, second.records.new) == (0, 0, 0, 0)
    assert second.cases.unchanged == first.cases.new


async def test_concurrent_imports_agree(engine: AsyncEngine, exports: Path, keyring: Keyring) -> None:
    runs = await asyncio.gather(*(imported(engine, exports / "cases.csv", keyring) for _ in range(2)))
    assert sum(run.parties.new for run in runs) == await count(engine, "party") == 360
    assert sum(run.records.new for run in runs) == await count(engine, "participation") == 708


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
import sqlalchemy as sa
import ingest.run
from ingest.importing import import_file
from models.keyring import Keyring
from models.masters import SmMaster
from postgres import database

ingest.run.CHUNK_LINES = 50
progress = []

def die(read, total, lines):
    progress.append(read)
    if len(progress) == 6:
        os.kill(os.getpid(), signal.SIGKILL)

async def main(url, path):
    make = SmMaster if os.environ.get("SUXIN_CRYPTO") == "sm" else bytes
    ring = Keyring((make(b"s" * 32),), (make(b"i" * 32),))
    engine = database.make_async_engine(sa.make_url(url), 2, 10)
    await import_file(engine, "cases", Path(path), keyring=ring, progress=die)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_killed_half_way_and_run_again(
    engine: AsyncEngine, database_url: sa.URL, exports: Path, keyring: Keyring
) -> None:
    path = exports / "cases.csv"
    whole = await imported(engine, path, keyring)
    expected = await content(engine)
    await clear(engine)
    command = [sys.executable, "-c", KILLED, database_url.render_as_string(hide_password=False), str(path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(database.__file__).parents[1])}
    killed = await asyncio.to_thread(subprocess.run, command, env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert 0 < await count(engine, "participation") < 708
    again = await imported(engine, path, keyring)
    assert await content(engine) == expected
    assert (again.accepted, again.duplicates, again.rejected) == (whole.accepted, whole.duplicates, whole.rejected)


async def test_dry_run_tells_what_would_happen(engine: AsyncEngine, exports: Path, keyring: Keyring) -> None:
    summary = await import_file(engine, "cases", exports / "cases.csv", keyring=keyring, dry_run=True)
    assert (summary.cases.new, summary.parties.new, summary.records.new) == (300, 360, 708)
    assert await count(engine, "party") == 0


async def test_dry_run_over_many_chunks(
    engine: AsyncEngine, exports: Path, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.run.CHUNK_LINES", 50)
    summary = await import_file(engine, "cases", exports / "cases.csv", keyring=keyring, dry_run=True)
    assert (summary.cases.new, summary.parties.new, summary.records.new) == (300, 360, 708)


async def test_progress_ends_with_the_whole_file(engine: AsyncEngine, exports: Path, keyring: Keyring) -> None:
    told: list[tuple[int, int, int]] = []
    path = exports / "cases.csv"
    summary = await import_file(engine, "cases", path, keyring=keyring, progress=lambda *at: told.append(at))
    assert told[-1] == (path.stat().st_size, path.stat().st_size, summary.lines)


async def test_numbers_reach_the_database_sealed_only(engine: AsyncEngine, tmp_path: Path, keyring: Keyring) -> None:
    await imported(engine, write_csv(tmp_path / "c.csv", [line()]), keyring)
    async with engine.connect() as connection:
        stored = sa.select(Identity.masked, Identity.index, Identity.sealed)
        masked, index, sealed = (await connection.execute(stored)).one()
    assert masked == "330281********306X"
    assert index == keyring.index(PERSON)
    assert keyring.open(sealed, index) == PERSON


def files_holding(place: Path, needles: list[bytes]) -> set[bytes]:
    """Which of `needles` stand anywhere in the files under `place`."""
    found: set[bytes] = set()
    for path in place.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            found |= {needle for needle in needles if needle in content}
    return found


async def test_data_directory_holds_no_number(engine: AsyncEngine, exports: Path, keyring: Keyring) -> None:
    await imported(engine, exports / "cases.csv", keyring)
    async with engine.connect() as connection:
        await connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        await connection.execute(sa.text("CHECKPOINT"))
        place = Path(str(await connection.scalar(sa.text("SHOW data_directory"))))
    lines = (exports / "cases.csv").read_text().splitlines()[1:]
    numbers = {line.split(",")[9].strip().encode() for line in lines} - {b"", ORGANIZATION.encode()}  # others' texts
    name = "魏宇华".encode()  # shows that the files are those that hold the data
    assert files_holding(place, [name, *sorted(numbers)]) == {name}


@pytest.mark.parametrize(
    ("changes", "confidentiality", "disclosed"),
    [
        ({}, Confidentiality.OPEN, True),
        ({"案由": "离婚纠纷"}, Confidentiality.FAMILY, True),
        ({"案由": "法定继承纠纷"}, Confidentiality.FAMILY, True),
        ({"不公开": "是"}, Confidentiality.PRIVACY, False),
        ({"证件号码": MINOR}, Confidentiality.OPEN, False),
    ],
)
async def test_confidentiality_and_disclosure(
    engine: AsyncEngine,
    tmp_path: Path,
    keyring: Keyring,
    changes: dict[str, str],
    confidentiality: Confidentiality,
    disclosed: bool,
) -> None:
    await imported(engine, write_csv(tmp_path / "c.csv", [line(**changes)]), keyring)
    async with engine.connect() as connection:
        assert await connection.scalar(sa.select(CourtCase.confidentiality)) == confidentiality
        assert await connection.scalar(sa.select(Party.disclosed)) is disclosed
        of_age_from = date.max if "证件号码" in changes else date(2021, 6, 12)
        assert await connection.scalar(sa.select(Party.of_age_from)) == of_age_from


async def test_disclosure_and_confidentiality_only_grow(engine: AsyncEngine, tmp_path: Path, keyring: Keyring) -> None:
    for private in ("是", ""):
        await imported(engine, write_csv(tmp_path / "c.csv", [line(不公开=private)]), keyring)
    async with engine.connect() as connection:
        kept = set(await connection.scalars(sa.select(CourtCase.confidentiality)))
        assert kept == {Confidentiality.PRIVACY}
        assert await connection.scalar(sa.select(Party.disclosed)) is False
    await imported(engine, write_csv(tmp_path / "d.csv", [line(案号="(2021)浙0281民初204号")]), keyring)
    await imported(engine, write_csv(tmp_path / "c.csv", [line(不公开="是")]), keyring)
    async with engine.connect() as connection:
        assert await connection.scalar(sa.select(Party.disclosed)) is True


async def test_later_export_closes_the_case(engine: AsyncEngine, tmp_path: Path, keyring: Keyring) -> None:
    await imported(engine, write_csv(tmp_path / "c.csv", [line(结案日期="")]), keyring)
    later = await imported(engine, write_csv(tmp_path / "c.csv", [line()]), keyring)
    assert (later.cases.new, later.cases.changed, later.records.new) == (0, 1, 0)
    earlier = await imported(engine, write_csv(tmp_path / "c.csv", [line(结案日期="")]), keyring)
    assert earlier.cases.changed == 0


async def test_missing_number_keeps_the_name(engine: AsyncEngine, tmp_path: Path, keyring: Keyring) -> None:
    lines = [line(证件号码=""), line(证件号码="", 诉讼地位="被告"), line(证件号码="", 姓名或名称="王平")]
    summary = await imported(engine, write_csv(tmp_path / "c.csv", lines), keyring)
    assert (summary.unidentified, summary.records.new, summary.parties.new) == (3, 3, 0)
    assert (await imported(engine, tmp_path / "c.csv", keyring)).records.new == 0


async def test_villages_of_persons(engine: AsyncEngine, tmp_path: Path, keyring: Keyring) -> None:
    organization = line(当事人类型="法人", 证件类型="统一社会信用代码", 证件号码=ORGANIZATION, 诉讼地位="被告")
    await imported(engine, write_csv(tmp_path / "c.csv", [line(村社区=""), organization]), keyring)
    assert await count(engine, "village") == 0
    await imported(engine, write_csv(tmp_path / "c.csv", [line(), line(证件号码=ADULT)]), keyring)
    assert (await count(engine, "village"), await count(engine, "household")) == (1, 0)
    async with engine.connect() as connection:
        assert await connection.scalar(sa.select(sa.func.count(Party.village_id))) == 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"案号": "浙0281民初39"}, "CASE_NUMBER"),
        ({"经办法院": "某某法院"}, "COURT"),
        ({"经办法院": "宁波市中级人民法院"}, "COURT"),
        ({"案由": ""}, "CAUSE"),
        ({"立案日期": "2021/06/31"}, "DATE"),
        ({"立案日期": "1921-06-12"}, "DATE"),
        ({"立案日期": "12/06/2021"}, "DATE"),
        ({"证件号码": "#N/A"}, "ID_NUMBER"),
        ({"证件号码": "3.30281E+17"}, "ID_NUMBER"),
        ({"不公开": "#REF!"}, "CONFIDENTIALITY"),
        ({"村社区": "#VALUE!"}, "CELL"),
        ({"立案日期": "2021-06-32"}, "DATE"),
        ({"结案日期": "2021-06-11"}, "DATE"),
        ({"诉讼地位": "旁听"}, "ROLE"),
        ({"当事人类型": "其他", "证件号码": ""}, "PARTY_TYPE"),
        ({"证件类型": "护照"}, "ID_NUMBER"),
        ({"当事人类型": "法人"}, "ID_TYPE"),
        ({"证件号码": "330281190307023060"}, "ID_NUMBER"),
        ({"姓名或名称": ""}, "NAME"),
        ({"姓名或名称": "王" * 201}, "NAME"),
        ({"姓名或名称": f"王平 {PERSON}", "证件号码": ""}, "NAME"),
        ({"案由": f"民间借贷纠纷{PERSON}"}, "CAUSE"),
        ({"村社区": "330281 19030702 3060"}, "VILLAGE"),
        ({"不公开": "也许"}, "CONFIDENTIALITY"),
    ],
)
async def test_rejected_with_its_reason(
    engine: AsyncEngine, tmp_path: Path, keyring: Keyring, changes: dict[str, str], reason: str
) -> None:
    rejects = io.StringIO()
    path = write_csv(tmp_path / "c.csv", [line(**changes)])
    summary = await import_file(engine, "cases", path, keyring=keyring, court="浙0281", rejects=rejects)
    assert summary.rejected == {reason: 1}
    number, code, sentence = rejects.getvalue().splitlines()[1].split(",", 2)
    assert (number, code) == ("2", reason)
    assert PERSON not in sentence.split('",')[0].split(".,")[0]
    assert await count(engine, "court_case") == 0


async def test_court_above_takes_lines_of_the_courts_below(
    engine: AsyncEngine, tmp_path: Path, keyring: Keyring
) -> None:
    summary = await imported(engine, write_csv(tmp_path / "c.csv", [line()]), keyring, court="浙02")
    assert summary.accepted == 1


# --- what contradicts itself (R24) ------------------------------------------------------------------------------------

DOUBTS = [
    ({"经办法院": "宁波市中级人民法院"}, {"COURT_DIFFERS": 1}),
    ({"立案日期": "2019-12-30", "结案日期": ""}, {"YEAR_DIFFERS": 1}),
    ({"立案日期": "2020-12-30"}, {}),
    ({"证件号码": MINOR}, {"AGE": 1}),
    ({"证件号码": MINOR, "立案日期": "2024-05-24", "结案日期": ""}, {"AGE": 1, "YEAR_DIFFERS": 1}),
    ({"案号": "(2024)浙0281民初202号", "证件号码": MINOR, "立案日期": "2024-05-25", "结案日期": ""}, {}),
]


@pytest.mark.parametrize(("changes", "warnings"), DOUBTS)
async def test_what_contradicts_itself_goes_in_with_a_warning(
    engine: AsyncEngine, tmp_path: Path, keyring: Keyring, changes: dict[str, str], warnings: dict[str, int]
) -> None:
    summary = await imported(engine, write_csv(tmp_path / "cases.csv", [line(**changes)]), keyring)
    assert (summary.accepted, summary.rejected, summary.warnings) == (1, {}, warnings)


@pytest.mark.parametrize(
    "changes",
    [{"立案日期": "2099-01-01", "结案日期": ""}, {"结案日期": "2099-01-01"}],
)
async def test_what_lies_in_time_to_come_is_rejected(
    engine: AsyncEngine, tmp_path: Path, keyring: Keyring, changes: dict[str, str]
) -> None:
    summary = await imported(engine, write_csv(tmp_path / "cases.csv", [line(**changes)]), keyring)
    assert (summary.accepted, summary.rejected) == (0, {"DATE": 1})
