"""Load the shipped catalogue (models/catalogue_data), and look up entries by day (R6, R12)."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

import models.identifiers
from ingest.files.tables import TableError
from ingest.reference.catalogue_files import read_folder
from ingest.reference.catalogue_tables import TABLES
from ingest.report import LineError
from models.catalogue import Behaviour, CaseType, CatalogueVersion, CodeType, Stage, Tier
from models.court import Court

DATA = Path(models.identifiers.__file__).with_name("catalogue_data")
LABEL = "2022-1"
EFFECTIVE_FROM = date(2012, 1, 1)
LOAD = "load one with suxin catalogue load"
NOTE = "Drawn up from statutes and public notices; no court has published its table. Load your own."


async def load_catalogue(connection: AsyncConnection) -> None:
    """Insert courts, case types and the shipped catalogue, in the caller's transaction. Existing rows are kept."""
    await connection.execute(insert(Court).on_conflict_do_nothing(), _courts())
    await connection.execute(insert(CaseType).on_conflict_do_nothing(), _case_types())
    await _install(connection)


async def _install(connection: AsyncConnection) -> None:
    version = {"label": LABEL, "effective_from": EFFECTIVE_FROM, "note": NOTE}
    await connection.execute(insert(CatalogueVersion).on_conflict_do_nothing(), version)
    key = await connection.scalar(sa.select(CatalogueVersion.id).where(CatalogueVersion.label == LABEL))
    if key is None:  # another version is in force on those days
        return
    shipped = read_folder(DATA)
    if shipped.problems:
        raise TableError(shipped.problems)
    for table in TABLES:
        rows = [{**entry.values, "version_id": key} for entry in shipped.tables[table.file].values()]
        await connection.execute(insert(table.model).on_conflict_do_nothing(), rows)


def _read(name: str) -> list[dict[str, str]]:
    with DATA.joinpath(f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _courts() -> list[dict[str, Any]]:
    rows = _read("courts")
    codes = [row["code"] for row in rows]
    return [
        {
            "code": row["code"],
            "name": row["name_zh"],
            "parent_code": _parent(row["code"], codes),
            "division": row["division"] or None,
            "evidence": row["evidence"],
        }
        for row in sorted(rows, key=lambda row: len(row["code"]))
    ]


def _parent(code: str, codes: Iterable[str]) -> str | None:
    """The longest other code that is a prefix of `code`."""
    return max((other for other in codes if other != code and code.startswith(other)), key=len, default=None)


def _case_types() -> list[dict[str, Any]]:
    """One row per type characters; 司惩 and 破 have several official codes."""
    merged: dict[str, dict[str, Any]] = {}
    for row in _read("case_types"):
        known = merged.get(row["characters"])
        merged[row["characters"]] = {
            "characters": row["characters"],
            "name": f"{known['name']}、{row['name_zh']}" if known else row["name_zh"],
            "codes": f"{known['codes']}, {row['code']}" if known else row["code"],
            "stage": row["stage"],
        }
    return list(merged.values())


class Scored(NamedTuple):
    """A behaviour of one version: its key, code type, stage, tier and range of points."""

    key: int
    code_type: str | None
    stage: Stage
    tier: Tier
    low: int
    high: int


@dataclass(frozen=True)
class Edition:
    """One version: its days, its code types, and its behaviours by code."""

    effective_from: date
    effective_to: date | None
    code_types: frozenset[str]
    behaviours: dict[str, Scored]


class Catalogue:
    """All versions, looked up by day."""

    def __init__(self, editions: list[Edition]) -> None:
        self._editions = editions

    def require(self, code: str, day: date) -> None:
        """Raise LineError CATALOGUE if the catalogue of `day` has no code type `code`."""
        if code not in self._on(day).code_types:
            raise LineError("CATALOGUE", f"The catalogue of that day has no code type {code}: {LOAD}.")

    def behaviour(self, code: str, day: date) -> Scored:
        """A behaviour by code. Raises LineError BEHAVIOUR if the catalogue of `day` does not have it."""
        found = self._on(day).behaviours.get(code)
        if found is None:
            raise LineError("BEHAVIOUR", "The behaviour code is not in the catalogue in force on that day: correct it.")
        return found

    def _on(self, day: date) -> Edition:
        for edition in self._editions:
            if edition.effective_from <= day and (edition.effective_to is None or day < edition.effective_to):
                return edition
        raise LineError("CATALOGUE", f"No catalogue was in force on that day: check the date, or {LOAD}.")


async def read_catalogue(connection: AsyncConnection) -> Catalogue:
    """Read all versions from the database."""
    versions = (await connection.execute(sa.select(CatalogueVersion.__table__))).all()
    return Catalogue([await _edition(connection, version) for version in versions])


async def _edition(connection: AsyncConnection, version: sa.Row[Any]) -> Edition:
    types = sa.select(CodeType.code).where(CodeType.version_id == version.id)
    scored = (Behaviour.id, Behaviour.code_type, Behaviour.stage, Behaviour.tier)
    behaviours = sa.select(Behaviour.code, *scored, Behaviour.points_min, Behaviour.points_max)
    of_behaviours = await connection.execute(behaviours.where(Behaviour.version_id == version.id))
    return Edition(
        version.effective_from,
        version.effective_to,
        frozenset((await connection.execute(types)).scalars()),
        {
            row.code: Scored(row.id, row.code_type, row.stage, row.tier, row.points_min, row.points_max)
            for row in of_behaviours
        },
    )
