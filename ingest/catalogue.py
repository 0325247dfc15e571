"""The catalogue that ships (models/catalogue_data): loading it, and looking up what was in force on a day (R6, R12)."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

import models.identifiers
from ingest.report import LineError
from models.catalogue import Behaviour, Benefit, CaseType, CatalogueVersion, CodeType, Colour, MoralBankItem
from models.court import Court
from models.grading import GradingRule
from models.terms import add_months

DATA = Path(models.identifiers.__file__).with_name("catalogue_data")
LABEL = "2022-1"
EFFECTIVE_FROM = date(2012, 1, 1)
NOTE = "Drawn up from statutes and public notices; no court has published its table. Load your own."


async def load_catalogue(connection: AsyncConnection) -> None:
    """Install courts, case types and the shipped version of the catalogue, with grading and benefits.

    What is there already stays as it is. Runs in the caller's transaction.
    """
    await connection.execute(insert(Court).on_conflict_do_nothing(), _courts())
    await connection.execute(insert(CaseType).on_conflict_do_nothing(), _case_types())
    await _install(connection)


async def _install(connection: AsyncConnection) -> None:
    version = {"label": LABEL, "effective_from": EFFECTIVE_FROM, "note": NOTE}
    await connection.execute(insert(CatalogueVersion).on_conflict_do_nothing(), version)
    key = await connection.scalar(sa.select(CatalogueVersion.id).where(CatalogueVersion.label == LABEL))
    if key is None:  # another version is in force on those days
        return
    tables = {
        Behaviour: _behaviours(),
        CodeType: _code_types(),
        MoralBankItem: _moral_bank_items(),
        GradingRule: _grading_rules(),
        Benefit: _benefits(),
    }
    for table, rows in tables.items():
        await connection.execute(insert(table).on_conflict_do_nothing(), [row | {"version_id": key} for row in rows])


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
    """The longest other code that begins `code`."""
    return max((other for other in codes if other != code and code.startswith(other)), key=len, default=None)


def _case_types() -> list[dict[str, Any]]:
    """One row for each characters; 司惩 and 破 stand for several official codes."""
    merged: dict[str, dict[str, Any]] = {}
    for row in _read("case_types"):
        known = merged.get(row["characters"])
        merged[row["characters"]] = {
            "characters": row["characters"],
            "name": f"{known['name']}、{row['name_zh']}" if known else row["name_zh"],
            "codes": f"{known['codes']}, {row['code']}" if known else row["code"],
        }
    return list(merged.values())


def _behaviours() -> list[dict[str, Any]]:
    return [
        {
            "code": row["code"],
            "stage": row["stage"],
            "tier": row["tier"],
            "name": row["name_zh"],
            "english_name": row["name_en"],
            "legal_basis": row["legal_basis"],
            "points_min": int(row["points_min"]),
            "points_max": int(row["points_max"]),
            "code_type": row["code_type"] or None,
            "evidence": row["evidence"],
        }
        for row in _read("behaviours")
    ]


def _code_types() -> list[dict[str, Any]]:
    return [
        {
            "code": row["code"],
            "colour": row["colour"],
            "name": row["name_zh"],
            "english_name": row["name_en"],
            "legal_basis": row["legal_basis"],
            "term_months": int(row["term_months"]) if row["term_months"] else None,
            "term_note": row["term_note"],
            "exit_rule": row["exit_rule"],
            "partner_visible": row["partner_visible"] == "true",
            "evidence": row["evidence"],
        }
        for row in _read("code_types")
    ]


def _moral_bank_items() -> list[dict[str, Any]]:
    return [
        {
            "code": row["code"],
            "kind": row["kind"],
            "name": row["name_zh"],
            "english_name": row["name_en"],
            "grounded_in": row["grounded_in"],
            "rule": row["rule"],
            "value": Decimal(row["value"]) if row["value"] else None,
            "note": row["note"],
        }
        for row in _read("moral_bank_items")
    ]


def _grading_rules() -> list[dict[str, Any]]:
    return [
        {
            "code": row["code"],
            "source": row["source"],
            "value": row["value"],
            "grade": row["grade"],
            "name": row["name_zh"],
            "english_name": row["name_en"],
            "basis": row["basis"],
        }
        for row in _read("grading_rules")
    ]


def _benefits() -> list[dict[str, Any]]:
    return [
        {
            "code": row["code"],
            "kind": row["kind"],
            "name": row["name_zh"],
            "english_name": row["name_en"],
            "least_points": int(row["least_points"]),
            "note": row["note"],
            "evidence": row["evidence"],
        }
        for row in _read("benefits")
    ]


class Colouring(NamedTuple):
    """The columns of a code record that its code type decides."""

    code_type_id: int
    colour: Colour
    effective_on: date
    ends_on: date | None


@dataclass(frozen=True)
class Edition:
    """One catalogue version: its days, its code types (key, colour, months) and behaviours (key, code type) by code."""

    effective_from: date
    effective_to: date | None
    code_types: dict[str, tuple[int, Colour, int | None]]
    behaviours: dict[str, tuple[int, str | None]]


class Catalogue:
    """The loaded versions, looked up by day."""

    def __init__(self, editions: list[Edition]) -> None:
        self._editions = editions

    def colouring(self, code: str, effective_on: date) -> Colouring:
        """A record of type `code` from `effective_on`, for the type's term. Raises LineError CATALOGUE."""
        found = self._on(effective_on).code_types.get(code)
        if found is None:
            raise LineError("CATALOGUE", f"The catalogue in force on that day has no code type {code}: load one.")
        key, colour, months = found
        return Colouring(key, colour, effective_on, add_months(effective_on, months) if months else None)

    def behaviour(self, code: str, day: date) -> tuple[int, str | None]:
        """Key and code type of a behaviour. Raises LineError BEHAVIOUR if the catalogue of `day` has none such."""
        found = self._on(day).behaviours.get(code)
        if found is None:
            raise LineError("BEHAVIOUR", "The behaviour code is not in the catalogue in force on that day: correct it.")
        return found

    def _on(self, day: date) -> Edition:
        for edition in self._editions:
            if edition.effective_from <= day and (edition.effective_to is None or day < edition.effective_to):
                return edition
        raise LineError("CATALOGUE", "No catalogue version was in force on that day: check the date, or load one.")


async def read_catalogue(connection: AsyncConnection) -> Catalogue:
    """The versions that the database holds."""
    versions = (await connection.execute(sa.select(CatalogueVersion.__table__))).all()
    return Catalogue([await _edition(connection, version) for version in versions])


async def _edition(connection: AsyncConnection, version: sa.Row[Any]) -> Edition:
    types = sa.select(CodeType.code, CodeType.id, CodeType.colour, CodeType.term_months)
    behaviours = sa.select(Behaviour.code, Behaviour.id, Behaviour.code_type)
    of_types = await connection.execute(types.where(CodeType.version_id == version.id))
    of_behaviours = await connection.execute(behaviours.where(Behaviour.version_id == version.id))
    return Edition(
        version.effective_from,
        version.effective_to,
        {code: (key, colour, months) for code, key, colour, months in of_types},
        {code: (key, code_type) for code, key, code_type in of_behaviours},
    )
