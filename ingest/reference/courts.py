"""Add courts."""

import re
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.security_events import record_act
from ingest.report import ImportFileError
from models.case_numbers import PROVINCES
from models.court import Court
from models.names import fold, tidy
from models.security_event import SecurityAct

CODE = re.compile(f"[{PROVINCES}](?:[0-9]{{4}}|[0-9]{{2}})?")
NAME = re.compile("[\u4e00-\u9fff()·]{4,60}法院")
DIVISION = re.compile("[0-9]{6}")


@dataclass(frozen=True)
class NewCourt:
    """A new court. parent: None selects it by the code."""

    code: str
    name: str
    parent: str | None = None
    division: str | None = None


async def add_court(connection: AsyncConnection, court: NewCourt) -> str | None:
    """Add a court below the one with the longest code that is a prefix of its own. Courts below it are moved.

    Returns the parent's code; None for a high court. Raises ImportFileError for invalid or known values.
    """
    name = tidy(court.name)
    _refuse_form(court, name)
    known = {row.code: row.name for row in await connection.execute(sa.select(Court.code, Court.name))}
    if court.code in known:
        raise ImportFileError(f"{court.code} is {known[court.code]} already: give another code.")
    if same := [code for code, other in known.items() if fold(other) == fold(name)]:
        raise ImportFileError(f"{name} is {same[0]} already: give another name.")
    parent = court.parent or max((code for code in known if court.code.startswith(code)), key=len, default=None)
    if parent and (parent not in known or not court.code.startswith(parent)):
        raise ImportFileError(f"{parent} is no court above {court.code}: name a court whose code begins this one.")
    row = {"code": court.code, "name": name, "parent_code": parent, "division": court.division, "evidence": "entered"}
    await connection.execute(sa.insert(Court).values(row))
    below = sa.update(Court).where(Court.code.startswith(court.code, autoescape=True), Court.code != court.code)
    await connection.execute(below.where(Court.parent_code.is_not_distinct_from(parent)).values(parent_code=court.code))
    await record_act(connection, SecurityAct.COURT_ADDED, f"court {court.code}", after=row)
    return parent


async def mask_organizations(connection: AsyncConnection, code: str, masked: bool) -> None:
    """Say whether the public sees the names of organizations masked where a court published about them.

    Raises ImportFileError for an unknown court.
    """
    await _set(connection, code, "masks_organizations", masked)


async def give_grades(connection: AsyncConnection, code: str, given: bool) -> None:
    """Say whether banks get a risk grade of whom a court has published about.

    Raises ImportFileError for an unknown court.
    """
    await _set(connection, code, "gives_grades", given)


async def _set(connection: AsyncConnection, code: str, setting: str, value: bool) -> None:
    changed = sa.update(Court).where(Court.code == code).values({setting: value})
    if not (await connection.execute(changed)).rowcount:
        raise ImportFileError(f"There is no court {code}. See: suxin court list.")
    await record_act(connection, SecurityAct.COURT_CHANGED, f"court {code}", after={setting: value})


def _refuse_form(court: NewCourt, name: str) -> None:
    if not CODE.fullmatch(court.code):
        raise ImportFileError("The code is none of a court: write it as in its case numbers, such as 浙0281.")
    if not NAME.fullmatch(fold(name)):
        raise ImportFileError("The name is none of a court: write it in full, such as 余姚市人民法院.")
    if court.division and not DIVISION.fullmatch(court.division):
        raise ImportFileError("The division has six digits (GB/T 2260): correct it, or leave it out.")
