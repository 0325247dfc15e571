"""A court's own catalogue: files and their mistakes, editions from a day on, and what rests on which (R1, R12, R14)."""

import asyncio
import csv
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from chambers import Chambers
from courtroom import Courtroom, refused, stored
from executors import Executors
from import_files import ADULT, line, write_csv
from play import ENFORCED, RECORD, RULING, TRIED, Courts
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from typed import Run, runner

from auth.audiences import Audience
from casework import batches, deductions
from casework.assessments import STAGE_ITEMS
from casework.deductions import FindingDocument
from casework.matters import LISTING_TYPES
from casework.record_repairs import BLUE
from casework.restorations import REPAIR_ITEMS
from demo.city.cast import CHEN, WANG
from ingest.formats.sanctions import Sanctions
from ingest.importing import import_file
from ingest.reference.catalogue import DATA, LABEL, load_catalogue
from ingest.reference.catalogue_files import NEEDED_ITEMS, NEEDED_TYPES, Entries, read_folder
from ingest.reference.catalogue_tables import TABLES
from ingest.reference.editions import compare, load_edition, read_edition
from ingest.report import ImportFileError
from models.catalogue import Behaviour, CatalogueVersion
from models.court import StaffRole
from models.deduction import FindingKind
from models.keyring import Keyring

EXAMPLE = Path(__file__).parents[2] / "examples" / "catalogue"
APRIL = date(2026, 4, 1)
MAY = date(2026, 5, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the example, to be spoilt."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "mine"))


def edited(path: Path, change: Callable[[list[dict[str, str]]], None]) -> None:
    """Change the records of a file in place."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    names = list(rows[0])
    change(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def put(path: Path, entry: str, cells: dict[str, str]) -> None:
    """Write cells of the record with this code."""
    edited(path, lambda rows: next(row for row in rows if row["code"] == entry).update(cells))


# --- files ------------------------------------------------------------------------------------------------------------


def test_what_ships_and_the_example_are_sound() -> None:
    assert read_folder(DATA).problems == []
    example = read_folder(EXAMPLE)
    assert example.problems == []
    assert {name: len(entries) for name, entries in example.tables.items()} == {"behaviours": 20, "code_types": 30}


def test_every_edition_has_what_the_service_itself_gives() -> None:
    assert {BLUE, *LISTING_TYPES.values()} <= NEEDED_TYPES.keys()
    assert {*STAGE_ITEMS.values(), *REPAIR_ITEMS.values()} <= set(NEEDED_ITEMS)
    assert set(NEEDED_ITEMS) == read_folder(DATA).tables["moral_bank_items"].keys()


def test_a_file_is_written_as_it_was_read() -> None:
    shipped = read_folder(DATA).tables
    for table in TABLES:
        with (DATA / f"{table.file}.csv").open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        assert header == list(table.names)
        found = {entry.values["code"]: table.written(entry.values) for entry in shipped[table.file].values()}
        same = {
            row[0]: [cell.replace("1.0", "1") if table.file == "moral_bank_items" else cell for cell in row]
            for row in rows
        }
        assert found == same


@pytest.mark.parametrize(
    ("file", "code", "cells", "told"),
    [
        ("behaviours", "T07", {"points_max": "6"}, "behaviours.csv:11: points_max: T1 carries 1 to 5 points (R1)"),
        ("behaviours", "T07", {"points_min": "5"}, "behaviours.csv:11: points_max: It is less than points_min"),
        ("behaviours", "T07", {"points_min": "1.5"}, "behaviours.csv:11: points_min: Write whole points"),
        ("behaviours", "T07", {"tier": "T4"}, "behaviours.csv:11: tier: Write one of T1, T2, T3."),
        ("behaviours", "T07", {"stage": "审理"}, "behaviours.csv:11: stage: Write one of FILING, TRIAL, ENFORCEMENT."),
        ("behaviours", "T07", {"name_zh": ""}, "behaviours.csv:11: name_zh: It is missing"),
        ("behaviours", "T07", {"code": "t07"}, "behaviours.csv:11: code: Write a code of up to 20 capital letters"),
        ("behaviours", "T07", {"code": "T05"}, "behaviours.csv:11: code: The code stands in line 10 already"),
        (
            "behaviours",
            "T07",
            {"code_type": "Y99"},
            "behaviours.csv:11: code_type: T07 gives code type Y99, which code_types.csv lacks",
        ),
        (
            "behaviours",
            "T07",
            {"code_type": "R03"},
            "behaviours.csv:11: code_type: R03 is not yellow, and a behaviour makes no more than yellow (R12)",
        ),
        ("code_types", "Y10", {"term_months": "61"}, "code_types.csv:15: term_months: Write 1 to 60 months"),
        ("code_types", "Y10", {"term_months": "0"}, "code_types.csv:15: term_months: Write 1 to 60 months"),
        ("code_types", "R02", {"term_months": "36"}, "code_types.csv:3: term_months: Red runs five years (R12)"),
        (
            "code_types",
            "Y10",
            {"colour": "ORANGE"},
            "code_types.csv:15: colour: Write one of RED, YELLOW, BLUE, GOLD, GREEN.",
        ),
        ("code_types", "Y10", {"partner_visible": "是"}, "code_types.csv:15: partner_visible: Write true or false."),
        (
            "code_types",
            "Y03",
            {"partner_visible": "true"},
            "code_types.csv:8: partner_visible: A suspicion is for judges only (R13)",
        ),
        ("code_types", "B01", {"colour": "GOLD"}, "code_types.csv:30: colour: B01 is BLUE"),
        # jhu-bids/TermHub#901: what was taken out of a vocabulary was still named by what others had kept.
        (
            "code_types",
            "Y23",
            {"code": "Y24"},
            "behaviours.csv:16: code_type: T20 gives code type Y23, which code_types.csv lacks",
        ),
        ("code_types", "A01", {"code": "A02"}, "code_types.csv: code: A01 is missing, which the service itself gives"),
        ("case_types", "", {"characters": "ABC"}, "case_types.csv:2: characters: Write 1 to 6 Han characters"),
        ("case_types", "", {"stage": "诉前"}, "case_types.csv:2: stage: Write one of FILING, TRIAL, ENFORCEMENT."),
    ],
)
def test_a_mistake_is_told_with_its_place(
    run: Run, folder: Path, file: str, code: str, cells: dict[str, str], told: str
) -> None:
    put(folder / f"{file}.csv", code, cells)
    checked = run("catalogue", "check", folder)
    assert (checked.exit_code, told in checked.stderr) == (1, True), checked.stderr
    loaded = run("catalogue", "load", folder, "--label", "x", "--from", "2027-01-01")
    assert (loaded.exit_code, told in loaded.stderr, "Traceback" in loaded.output) == (1, True, False)
    assert "x" not in {row.split("│")[1].strip() for row in run("catalogue", "show").stdout.splitlines() if "│" in row}


@pytest.mark.parametrize(
    ("file", "code", "cells", "told"),
    [
        (
            "moral_bank_items",
            "MB1",
            {"value": ""},
            "moral_bank_items.csv:2: value: A FIXED item has a value: write it.",
        ),
        (
            "moral_bank_items",
            "MV1",
            {"value": "3"},
            "moral_bank_items.csv:8: value: A VETO item has no value: drop it.",
        ),
        (
            "moral_bank_items",
            "MR1",
            {"value": "2"},
            "moral_bank_items.csv:11: value: A RESTORE_SHARE item has a value from 0 to 1.",
        ),
        ("moral_bank_items", "MB1", {"rule": "按月"}, "moral_bank_items.csv:2: rule: Write one of FIXED"),
        ("moral_bank_items", "MB1", {"value": "5.555"}, "moral_bank_items.csv:2: value: Write a number from -10 to 10"),
        (
            "moral_bank_items",
            "MD4",
            {"code": "MD5"},
            "moral_bank_items.csv: code: MD4 is missing, which points rest on",
        ),
        (
            "grading_rules",
            "G02",
            {"value": "DEBTOR"},
            "grading_rules.csv:3: value: A rule over LISTING names DISHONEST_DEBTOR",
        ),
        ("grading_rules", "G04", {"value": "RED"}, "grading_rules.csv:5: value: G01 looks at the same"),
        (
            "grading_rules",
            "G09",
            {"value": "A01"},
            "grading_rules.csv:10: value: A rule over CERTIFICATE names nothing",
        ),
        ("grading_rules", "G01", {"grade": "E"}, "grading_rules.csv:2: grade: Write one of AA, A, B, C, D."),
    ],
)
def test_a_mistake_in_what_is_edited_after_show(
    run: Run, tmp_path: Path, file: str, code: str, cells: dict[str, str], told: str
) -> None:
    mine = tmp_path / "mine"
    assert run("catalogue", "show", "--into", mine).exit_code == 0
    assert run("catalogue", "check", mine).stdout == "Nothing is wrong.\n"
    put(mine / f"{file}.csv", code, cells)
    checked = run("catalogue", "check", mine)
    assert (checked.exit_code, told in checked.stderr) == (1, True), checked.stderr


def test_every_mistake_is_told_at_once(run: Run, folder: Path) -> None:
    put(folder / "behaviours.csv", "T07", {"tier": "T4"})
    put(folder / "behaviours.csv", "E01", {"points_max": "9"})
    (folder / "code_types.csv").write_text("code,colour\nY01,YELLOW\n")
    (folder / "case_types.csv").write_bytes(b"PK\x03\x04")
    told = run("catalogue", "check", folder).stderr
    assert all(
        place in told
        for place in ("behaviours.csv:11", "behaviours.csv:17", "code_types.csv:1", "case_types.csv: It is an Excel")
    )


def test_a_folder_without_files_is_told(run: Run, tmp_path: Path) -> None:
    assert "It has none of behaviours.csv, code_types.csv" in run("catalogue", "check", tmp_path).stderr


def test_files_that_excel_saved(run: Run, folder: Path) -> None:
    """Reports elsewhere: a mark before the first column (OpenRefine/OpenRefine#1241), zeros that were lost
    (dbt-labs/dbt-core#2165); and TRUE for true."""
    (folder / "case_types.csv").write_text("code,name_zh,characters,stage\n0601,自赔,法赔甲,TRIAL\n")
    for file in folder.iterdir():
        text = file.read_text(encoding="utf-8").replace(",true,", ",TRUE,").replace("\n", ",,\r\n")
        file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    given = read_folder(folder)
    assert given.problems == []
    assert [row.cells["code"] for row in given.case_types] == ["0601"]
    tables = read_folder(EXAMPLE).tables
    full: dict[str, Entries] = {name: {} for name in ("moral_bank_items", "grading_rules", "benefits")}
    assert compare({**full, **tables}, {**full, **given.tables}) == []


# --- editions ---------------------------------------------------------------------------------------------------------


async def test_an_edition_takes_over_on_its_day(connection: AsyncConnection, room: Courtroom) -> None:
    loaded = await load_edition(connection, EXAMPLE, "余姚-2026", APRIL)
    assert (loaded.before, loaded.carried, loaded.case_types) == (
        LABEL,
        ["moral_bank_items", "grading_rules", "benefits"],
        ["侨诉前"],
    )
    changes = {change.code: change for change in loaded.changes}
    assert sum(change.after is None for change in loaded.changes) == 16
    assert {code for code, change in changes.items() if change.before is None} == {"T20", "E20", "Y23"}
    assert changes["T07"].fields["points_max"] == ("5", "2")
    assert changes["F08"].fields["stage"] == ("FILING", "TRIAL")
    assert changes["Y10"].fields == {"term_months": ("12", "6")}
    before, of_march = await read_edition(connection, date(2026, 3, 31))
    after, of_april = await read_edition(connection, APRIL)
    assert (before.label, before.effective_to, len(of_march["behaviours"])) == (LABEL, APRIL, 34)
    assert (after.label, after.effective_to, len(of_april["behaviours"])) == ("余姚-2026", None, 20)
    assert [len(of_april[name]) for name in ("moral_bank_items", "grading_rules")] == [14, 9]


async def test_editions_follow_each_other_without_gap_or_overlap(connection: AsyncConnection, room: Courtroom) -> None:
    """A report elsewhere (OHDSI/Vocabulary-v5.0#1294): the days of a code's editions overlapped."""
    for label, start in (("a", APRIL), ("b", date(2026, 7, 1)), ("c", date(2027, 1, 1))):
        await load_edition(connection, EXAMPLE, label, start)
    version = CatalogueVersion
    query = sa.select(version.effective_from, version.effective_to).order_by(version.effective_from)
    spans = [tuple(row) for row in await connection.execute(query)]
    assert [end for _, end in spans] == [*(start for start, _ in spans[1:]), None]


async def test_what_ships_does_not_come_back(connection: AsyncConnection, room: Courtroom) -> None:
    """Reports elsewhere: fixtures loaded over users' data (pablosnt/rekono#149), an upload that dropped the version
    before it (hapifhir/hapi-fhir#1452)."""
    await load_edition(connection, EXAMPLE, "a", APRIL)
    await load_catalogue(connection)  # as at every start
    assert len((await read_edition(connection, APRIL))[1]["behaviours"]) == 20
    assert len((await read_edition(connection, date(2026, 3, 31)))[1]["behaviours"]) == 34


@pytest.mark.parametrize(
    ("label", "start", "told"),
    [
        (LABEL, APRIL, f"There is an edition {LABEL} already"),
        (" ", APRIL, "The label is missing"),
        ("x" * 41, APRIL, "The label is missing or longer than 40"),
        ("a", date(2012, 1, 1), f"Edition {LABEL} begins on 2012-01-01: give a later day."),
        ("a", date(2026, 3, 2), "Proposals of 2026-03-02 rest on edition 2022-1"),
        ("a", date(2026, 3, 1), "give 2026-03-03 or a later day."),
    ],
)
async def test_a_day_or_label_that_cannot_be(
    connection: AsyncConnection, room: Courtroom, label: str, start: date, told: str
) -> None:
    await room.proposed(connection)  # on 2 March
    with pytest.raises(ImportFileError, match=told):
        await load_edition(connection, EXAMPLE, label, start)


async def test_an_edition_may_begin_in_the_past_where_nothing_rests_on_the_one_before(
    connection: AsyncConnection, room: Courtroom
) -> None:
    await room.proposed(connection)
    await load_edition(connection, EXAMPLE, "a", date(2026, 3, 3))
    assert (await read_edition(connection, date(2026, 3, 3)))[0].label == "a"


async def test_records_hold_an_edition_as_proposals_do(connection: AsyncConnection, room: Courtroom) -> None:
    ruling = {"behaviour": "E08", "points": 6, "finding": _ruling(room)}
    batch = await batches.open_batch(connection, room.now.date(), room.act(StaffRole.CENTRE))
    await room.notified(connection, batch, **ruling)
    room.now = room.now.replace(month=4, day=1)
    await batches.publish(connection, batch, room.act(StaffRole.CENTRE))
    with pytest.raises(ImportFileError, match="Records of 2026-04-01 rest on edition 2022-1"):
        await load_edition(connection, EXAMPLE, "a", date(2026, 3, 15))


def _ruling(room: Courtroom) -> FindingDocument:
    return replace(room.proposal().finding, kind=FindingKind.RULING)


# --- proposals by edition ---------------------------------------------------------------------------------------------


async def test_a_proposal_obeys_the_edition_of_its_day(connection: AsyncConnection, room: Courtroom) -> None:
    await load_edition(connection, EXAMPLE, "余姚-2026", APRIL)
    ruling = _ruling(room)
    before = await room.proposed(connection, behaviour="E02", points=6, finding=ruling)
    await room.proposed(connection, behaviour="F06", points=2)
    await room.proposed(connection, behaviour="F08", points=2)
    assert await refused(room.proposed(connection, behaviour="E20", points=6, finding=ruling)) == "UNKNOWN_BEHAVIOUR"
    room.now = room.now.replace(month=4, day=1)
    assert await refused(room.proposed(connection, behaviour="E02", points=6, finding=ruling)) == "POINTS_OUT_OF_BAND"
    assert await refused(room.proposed(connection, behaviour="F06", points=2)) == "UNKNOWN_BEHAVIOUR"
    assert await refused(room.proposed(connection, behaviour="F08", points=2)) == "WRONG_STAGE"
    after = await room.proposed(connection, behaviour="E02", points=5)
    await room.proposed(connection, behaviour="E20", points=6, finding=ruling)
    await deductions.approve(connection, before, 1, room.act(StaffRole.CHIEF))  # proposed in March: 6 points stand
    assert [await _edition_of(connection, key) for key in (before, after)] == [(LABEL, "T2", 6), ("余姚-2026", "T1", 5)]


async def test_what_is_sent_back_is_resubmitted_under_the_new_edition(
    connection: AsyncConnection, room: Courtroom
) -> None:
    await load_edition(connection, EXAMPLE, "余姚-2026", APRIL)
    proposal = room.proposal(behaviour="E02", points=6, finding=_ruling(room))
    key = await deductions.propose(connection, proposal, room.act(StaffRole.JUDGE))
    await deductions.send_back(connection, key, 1, room.act(StaffRole.CHIEF))
    room.now = room.now.replace(month=4, day=1)
    again = room.act(StaffRole.JUDGE)
    assert await refused(deductions.resubmit(connection, key, proposal, 1, again)) == "POINTS_OUT_OF_BAND"
    await deductions.resubmit(connection, key, room.proposal(behaviour="E02", points=4), 1, again)
    assert await _edition_of(connection, key) == ("余姚-2026", "T1", 4)


async def _edition_of(connection: AsyncConnection, key: int) -> tuple[str, str, int]:
    found = await stored(connection, key)
    query = sa.select(CatalogueVersion.label).join(Behaviour, Behaviour.version_id == CatalogueVersion.id)
    label = await connection.scalar(query.where(Behaviour.id == found.behaviour_id))
    return str(label), str(found.tier), int(found.points)


# --- the whole way ----------------------------------------------------------------------------------------------------

CODE = """query($id: ID!, $on: Date) { party(id: $id) { creditCode(asOf: $on) {
  colour changesOn records { effectiveOn type { code termMonths version { label } } } } } }"""
OF_DAY = """query($on: Date) { behaviours(asOf: $on) { code pointsMax stage version { label } }
  codeTypes(asOf: $on) { code termMonths } catalogueVersions(asOf: $on) { label effectiveFrom effectiveTo }
  moralBankItems(asOf: $on) { code } gradingRules(asOf: $on) { code } }"""


def test_another_court_s_behaviours_from_a_day_on(run: Run, chambers: Chambers) -> None:
    """The default is replaced from April on: each month's proposals, records and days have their own edition."""
    courts = Courts(chambers)
    loaded = run("catalogue", "load", EXAMPLE, "--label", "余姚-2026", "--from", "2026-04-01")
    assert loaded.exit_code == 0, loaded.output
    assert "余姚-2026 is in force from 2026-04-01 on; 2022-1 ends with that day." in loaded.stdout
    assert "Carried over from 2022-1: moral_bank_items, grading_rules, benefits." in loaded.stdout
    march = courts.propose(TRIED, WANG, "T07", 4, RECORD, role="DEFENDANT")
    assert _refusal(courts, WANG, "T20", 3, "DEFENDANT", TRIED) == "UNKNOWN_BEHAVIOUR"
    chambers.calendar.go_to(APRIL)
    _publish(courts, march, "2026-03-01")
    assert _refusal(courts, WANG, "T07", 4, "DEFENDANT", TRIED) == "POINTS_OUT_OF_BAND"
    assert _refusal(courts, WANG, "F06", 2, "DEFENDANT", TRIED) == "UNKNOWN_BEHAVIOUR"
    assert _refusal(courts, CHEN, "F08", 2, "JUDGMENT_DEBTOR", ENFORCED) == "WRONG_STAGE"
    april = courts.propose(TRIED, WANG, "T07", 2, RULING, role="DEFENDANT")
    chambers.calendar.go_to(MAY)
    _publish(courts, april, "2026-04-01")

    court = courts.officer(StaffRole.JUDGE)
    _, wang = chambers.party(TRIED, WANG)
    of_march = {"code": "Y10", "termMonths": 12, "version": {"label": "2022-1"}}
    of_april = {"code": "Y10", "termMonths": 6, "version": {"label": "余姚-2026"}}
    assert _types(chambers.data(court, CODE, {"id": wang, "on": "2026-04-30"})) == [of_march]
    assert sorted(_types(chambers.data(court, CODE, {"id": wang, "on": "2026-05-01"})), key=str) == sorted(
        [of_march, of_april], key=str
    )
    assert _types(chambers.data(court, CODE, {"id": wang, "on": "2026-12-01"})) == [of_march]  # six months are over


def _refusal(courts: Courts, subject: Any, behaviour: str, points: int, role: str, number: str) -> str:
    case, party = courts.chambers.party(number, subject)
    given = {"caseId": case, "partyId": party, "role": role, "behaviour": behaviour, "points": points}
    given |= {"conductOn": "2026-02-10", "finding": RECORD, "reason": "事实清楚。"}
    refusal = courts.chambers.refused(courts.officer(StaffRole.JUDGE), "proposeDeduction", "id", **given)
    return str(refusal["code"])


def _publish(courts: Courts, key: str, month: str) -> None:
    courts.approve(key)
    batch = courts.open(month)
    courts.collect(batch, key)
    courts.decide(key)
    courts.notify(key)
    courts.publish(batch)


def _types(found: Any) -> list[Any]:
    return [record["type"] for record in found["party"]["creditCode"]["records"]]


def test_each_edition_can_be_read(executors: Executors, city: Any, database_copy: sa.URL) -> None:
    command = _command(city, database_copy)
    loaded = command("catalogue", "load", EXAMPLE, "--label", "余姚-2027", "--from", "2027-01-01")
    assert loaded.exit_code == 0, loaded.output
    sizes = {}
    for day in ("2026-12-31", "2027-01-01", "2011-12-31", None):
        found = executors.data(Audience.BANK, OF_DAY, {"on": day})
        sizes[day] = [len(found[name]) for name in found]
    assert sizes == {
        "2026-12-31": [34, 29, 1, 14, 9],
        "2027-01-01": [20, 30, 1, 14, 9],
        "2011-12-31": [0, 0, 0, 0, 0],
        None: [54, 59, 2, 28, 18],
    }
    (edition,) = executors.data(Audience.BANK, OF_DAY, {"on": "2026-12-31"})["catalogueVersions"]
    assert edition == {"label": "2022-1", "effectiveFrom": "2012-01-01", "effectiveTo": "2027-01-01"}


def _command(city: Any, url: sa.URL) -> Run:
    address = url.render_as_string(hide_password=False)
    return runner({"SUXIN_DATABASE_URL": address, "SUXIN_DATA_DIR": str(city.settings.data_dir)})


# --- commands ---------------------------------------------------------------------------------------------------------


def test_a_dry_run_shows_and_keeps_nothing(run: Run, folder: Path) -> None:
    tried = run("catalogue", "load", folder, "--label", "试行", "--from", "2028-01-01", "--dry-run")
    assert tried.exit_code == 0, tried.output
    assert "试行 would be in force from 2028-01-01 on" in tried.stdout
    assert "试行" not in run("catalogue", "show").stdout
    assert run("catalogue", "load", folder, "--label", "x", "--from", "1 January").exit_code == 1


def test_nothing_is_written_over(run: Run, tmp_path: Path) -> None:
    assert run("catalogue", "show", "--on", "2026-03-01", "--into", tmp_path / "mine").exit_code == 0
    again = run("catalogue", "show", "--into", tmp_path / "mine")
    assert (again.exit_code, "behaviours.csv cannot be written" in again.stderr) == (1, True)
    assert run("catalogue", "show", "--on", "2001-01-01").exit_code == 1


def test_case_types_alone_make_no_edition(run: Run, sync_engine: sa.Engine, tmp_path: Path) -> None:
    """A number under a case type of the court's own is read once the type is there."""
    (tmp_path / "case_types.csv").write_text("code,name_zh,characters,stage\n,本院自定类型,本院试,FILING\n")
    loaded = run("catalogue", "load", tmp_path, "--label", "unused", "--from", "2001-01-01")
    assert loaded.exit_code == 0, loaded.output
    assert "Case types added: 本院试." in loaded.stdout
    assert "unused" not in run("catalogue", "show").stdout
    rows = write_csv(tmp_path / "c.csv", [line(案号="(2021)浙0281本院试1号")])
    imported = run("import", "cases", rows, "--rejects", tmp_path / "r.csv")
    assert imported.exit_code == 0, imported.output
    with sync_engine.connect() as connection:
        stage = connection.scalar(sa.text("SELECT stage FROM court_case WHERE type_characters = '本院试'"))
    assert stage == "FILING"


async def test_old_acts_are_imported_under_their_own_edition(
    engine: AsyncEngine, run: Run, tmp_path: Path, keyring: Keyring
) -> None:
    """A report elsewhere (SwanseaUniversityMedical/concept-library#1114): codes out of force could not be used for the
    days on which they were in force."""
    await asyncio.to_thread(run, "catalogue", "load", EXAMPLE, "--label", "余姚-2030", "--from", "2030-01-01")
    act = ["(2021)浙0281民初202号", "黄超", ADULT, "训诫", ""]
    rows = [
        ["(2021)浙0281司惩71号", *act, "F06", "2021-03-20", "2021-03-23"],
        ["(2021)浙0281司惩72号", *act, "T20", "2021-03-20", "2021-03-23"],
    ]
    path = write_csv(tmp_path / "s.csv", rows, Sanctions.columns)
    summary = await import_file(engine, "sanctions", path, keyring=keyring)
    assert (summary.accepted, summary.rejected) == (1, {"BEHAVIOUR": 1})
