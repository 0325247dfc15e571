"""Editions of the catalogue: list, compare, check and load them (R14)."""

import csv
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.catalogue import is_in_force
from casework.security_events import record_act
from ingest.files.tables import Problem, TableError
from ingest.reference.catalogue_files import CatalogueFolder, Entries, Entry, check_edition, read_folder
from ingest.reference.catalogue_tables import TABLES, CatalogueTable
from ingest.report import ImportFileError
from models.catalogue import Behaviour, CaseType, CatalogueVersion, CodeType, MoralBankItem
from models.code_record import CodeRecord
from models.deduction import Deduction, DeductionStatus, DeductionStep
from models.point_conversion import PointConversion
from models.sanction import Sanction
from models.security_event import SecurityAct

LONGEST_LABEL = 40


class EntryChange(NamedTuple):
    """An entry that is added (`before` is None), removed (`after` is None) or changed. `fields`: old and new cells."""

    table: str
    code: str
    before: str | None
    after: str | None
    fields: Mapping[str, tuple[str, str]]


class Loaded(NamedTuple):
    """The changes from the previous edition, the tables taken from it, and new case types."""

    before: str
    changes: list[EntryChange]
    carried: list[str]
    case_types: list[str]


async def list_editions(connection: AsyncConnection) -> Sequence[sa.Row[Any]]:
    """All editions, newest first."""
    table = CatalogueVersion.__table__
    return (await connection.execute(sa.select(table).order_by(table.c.effective_from.desc()))).all()


async def read_edition(connection: AsyncConnection, day: date) -> tuple[sa.Row[Any], dict[str, Entries]]:
    """The edition in force on a day, and its entries. Raises ImportFileError if there is none."""
    found = (await connection.execute(sa.select(CatalogueVersion.__table__).where(is_in_force(day)))).one_or_none()
    if found is None:
        raise ImportFileError(f"No edition of the catalogue is in force on {day}: give another day.")
    return found, await _entries(connection, found.id)


async def check_folder(connection: AsyncConnection, folder: Path) -> list[Problem]:
    """Check a folder of catalogue files together with the newest edition."""
    given = read_folder(folder)
    newest = (await list_editions(connection))[0]
    return given.problems or list(check_edition({**await _entries(connection, newest.id), **given.tables}))


async def load_edition(connection: AsyncConnection, folder: Path, label: str, start: date) -> Loaded:
    """Put an edition in force from a day, in the caller's transaction. The previous edition ends on that day.

    Missing tables are taken from the previous edition. Existing rows keep their edition.
    Raises TableError with every mistake, ImportFileError for an invalid label or day.
    """
    await connection.execute(sa.text("LOCK TABLE catalogue_version IN SHARE ROW EXCLUSIVE MODE"))
    newest = (await list_editions(connection))[0]
    given = read_folder(folder)
    before = await _entries(connection, newest.id)
    tables = {**before, **given.tables}
    problems = given.problems or list(check_edition(tables))
    if problems:
        raise TableError(problems)
    case_types = await _add_case_types(connection, given)
    carried = [table.file for table in TABLES if table.file not in given.tables]
    if given.tables:
        await _refuse_label(connection, label)
        await _refuse_day(connection, newest, start)
        kept = f" {', '.join(carried)} as in {newest.label}." if carried else ""
        version = {"label": label, "effective_from": start, "note": f"The court's own edition.{kept}"}
        await _write(connection, newest, tables, version)
    loaded = Loaded(newest.label, compare(before, tables), carried, case_types)
    await _record(connection, loaded, label, start)
    return loaded


async def _record(connection: AsyncConnection, loaded: Loaded, label: str, start: date) -> None:
    changed = [f"{change.table} {change.code}" for change in loaded.changes]
    told = {"edition": label, "from": start.isoformat(), "changed": changed, "case_types": loaded.case_types}
    before = {"edition": loaded.before}
    await record_act(connection, SecurityAct.CATALOGUE_LOADED, f"catalogue {label}", before, told)


def compare(before: Mapping[str, Entries], after: Mapping[str, Entries]) -> list[EntryChange]:
    """The differences of two editions by table, in the order of the later one; removed entries come last."""
    found = []
    for table in TABLES:
        old, new = before[table.file], after[table.file]
        for code in [*new, *(code for code in old if code not in new)]:
            fields = _differing(table, old.get(code), new.get(code))
            if fields or (code in old) != (code in new):
                found.append(EntryChange(table.file, code, _name(old.get(code)), _name(new.get(code)), fields))
    return found


def write_folder(folder: Path, tables: Mapping[str, Entries]) -> None:
    """Write an edition as files for `load_edition`. Raises ImportFileError if one of them exists."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for table in TABLES:
            with (folder / f"{table.file}.csv").open("x", encoding="utf-8-sig", newline="") as file:
                rows = [table.written(entry.values) for entry in tables[table.file].values()]
                csv.writer(file, lineterminator="\n").writerows([table.names, *rows])
    except OSError as error:
        raise ImportFileError(f"{error.filename} cannot be written ({error.strerror}): name another folder.") from error


def _name(entry: Entry | None) -> str | None:
    return str(entry.values["name"]) if entry else None


def _differing(table: CatalogueTable, old: Entry | None, new: Entry | None) -> dict[str, tuple[str, str]]:
    if old is None or new is None:
        return {}
    pairs = zip(table.names, table.written(old.values), table.written(new.values), strict=True)
    return {name: (one, other) for name, one, other in pairs if one != other}


async def _entries(connection: AsyncConnection, version: int) -> dict[str, Entries]:
    """The entries of an edition, in the order of loading."""
    found = {}
    for table in TABLES:
        query = sa.select(table.model.__table__).where(table.model.version_id == version).order_by(table.model.id)
        rows = (await connection.execute(query)).mappings()
        found[table.file] = {
            row["code"]: Entry(0, {column.attribute: row[column.attribute] for column in table.columns}) for row in rows
        }
    return found


async def _write(
    connection: AsyncConnection, newest: sa.Row[Any], tables: Mapping[str, Entries], version: dict[str, Any]
) -> None:
    ends = CatalogueVersion.effective_to
    started = version["effective_from"]
    ending = sa.update(CatalogueVersion).where(CatalogueVersion.id == newest.id, sa.or_(ends.is_(None), ends > started))
    await connection.execute(ending.values(effective_to=started))
    key = await connection.scalar(sa.insert(CatalogueVersion).values(version).returning(CatalogueVersion.id))
    for table in TABLES:
        rows = [{**entry.values, "version_id": key} for entry in tables[table.file].values()]
        await connection.execute(sa.insert(table.model), rows)


async def _add_case_types(connection: AsyncConnection, given: CatalogueFolder) -> list[str]:
    """Insert new case types. Returns their characters."""
    rows = {
        row.cells["characters"]: {
            "characters": row.cells["characters"],
            "name": row.cells["name_zh"],
            "codes": row.cells["code"],
            "stage": row.cells["stage"],
        }
        for row in given.case_types
    }
    if not rows:
        return []
    known = set(await connection.scalars(sa.select(CaseType.characters)))
    await connection.execute(insert(CaseType).on_conflict_do_nothing(), list(rows.values()))
    return [characters for characters in rows if characters not in known]


async def _refuse_label(connection: AsyncConnection, label: str) -> None:
    if not label.strip() or len(label) > LONGEST_LABEL:
        raise ImportFileError(f"The label is missing or longer than {LONGEST_LABEL} characters: give another.")
    if await connection.scalar(sa.select(CatalogueVersion.id).where(CatalogueVersion.label == label)):
        raise ImportFileError(f"There is an edition {label} already: give another label.")


async def _refuse_day(connection: AsyncConnection, newest: sa.Row[Any], start: date) -> None:
    """Raise ImportFileError unless the day is after the newest edition and after all rows that refer to it (R14)."""
    if start <= newest.effective_from:
        raise ImportFileError(f"Edition {newest.label} begins on {newest.effective_from}: give a later day.")
    for what, query in RESTING.items():
        last = await connection.scalar(query, {"version": newest.id})
        if last and last >= start:
            raise ImportFileError(
                f"{what} of {last} rest on edition {newest.label}, and would be without the one in force on their day: "
                f"give {last + timedelta(1)} or a later day."
            )


def _court_day(moment: Any) -> Any:
    return sa.cast(sa.func.timezone("Asia/Shanghai", moment), sa.Date)


OF_EDITION = sa.bindparam("version", type_=sa.BigInteger)
RESTING = {
    "Proposals": sa.select(sa.func.max(_court_day(DeductionStep.taken_at)))
    .join(Deduction, Deduction.id == DeductionStep.deduction_id)
    .join(Behaviour, Behaviour.id == Deduction.behaviour_id)
    .where(Behaviour.version_id == OF_EDITION, DeductionStep.status == DeductionStatus.PROPOSED),
    "Records": sa.select(sa.func.max(CodeRecord.effective_on))
    .join(CodeType, CodeType.id == CodeRecord.code_type_id)
    .where(CodeType.version_id == OF_EDITION),
    "Sanctions": sa.select(sa.func.max(Sanction.decided_on))
    .join(Behaviour, Behaviour.id == Sanction.behaviour_id)
    .where(Behaviour.version_id == OF_EDITION),
    "Conversions": sa.select(sa.func.max(_court_day(PointConversion.assessed_at)))
    .join(MoralBankItem, MoralBankItem.id == PointConversion.item_id)
    .where(MoralBankItem.version_id == OF_EDITION),
}
"""The last day of the rows that refer to an edition."""
