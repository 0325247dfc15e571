"""`suxin court`: list and add courts."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.administration.security_events import Happening
from casework.policy_profiles import declare_profile, preview_profile
from casework.refusal import Refusal
from commands.listing import AsJson, show_list
from commands.session import console, explain_errors, in_transaction, parse_day
from ingest.reference.courts import NewCourt, add_court, give_grades, mask_organizations
from models.court import Court
from models.policy_profile import PolicyProfile, ProfileStart
from models.security_event import SecurityAct

court = typer.Typer(no_args_is_help=True, help="List and add courts.")


@court.callback()
def _courts() -> None:
    """List and add courts."""


@court.command("list")
def court_list(as_json: AsJson = False) -> None:
    """List the courts that the database knows.

    Example: suxin court list --json | jq -r '.[].code'
    """
    with explain_errors():
        rows = in_transaction(_list)
        show_list(("code", "name", "above", "division"), rows, as_json)


async def _list(connection: AsyncConnection) -> Sequence[Any]:
    query = sa.select(Court.code, Court.name, Court.parent_code, Court.division).order_by(Court.code)
    return (await connection.execute(query)).all()


@court.command("add")
def court_add(
    code: Annotated[str, typer.Argument(help="Code of the court, as in its case numbers.")],
    name: Annotated[str, typer.Argument(help="Full name of the court.")],
    parent: Annotated[
        str | None, typer.Option(help="Code of the parent court; by default the longest code that is a prefix.")
    ] = None,
    division: Annotated[str | None, typer.Option(help="Administrative division, six digits.")] = None,
) -> None:
    """Add a court, so that imports accept its name, and staff and clients can belong to it.

    Example: suxin court add 浙0106 杭州市西湖区人民法院 --division 330106
    """
    with explain_errors():
        above = in_transaction(
            lambda connection: add_court(connection, NewCourt(code, name, parent, division)),
            keep=True,
            attempt=Happening(SecurityAct.COURT_ADDED, f"court {code}"),
        )
    console.print(f"{code} {name} is entered{f' below {above}' if above else ''}.")


@court.command("mask")
def court_mask(
    code: Annotated[str, typer.Argument(help="Code of the court.")],
    off: Annotated[bool, typer.Option("--off", help="Show the names of organizations in full again.")] = False,
) -> None:
    """Mask the names of organizations on the public page where this court published about them.

    Example: suxin court mask 浙0281
    """
    with explain_errors():
        attempt = Happening(SecurityAct.COURT_CHANGED, f"court {code}")
        in_transaction(lambda connection: mask_organizations(connection, code, not off), keep=True, attempt=attempt)
    console.print(f"{code} {'shows' if off else 'masks'} the names of organizations to the public.")


@court.command("grades")
def court_grades(
    code: Annotated[str, typer.Argument(help="Code of the court.")],
    off: Annotated[bool, typer.Option("--off", help="Give no grades.")] = False,
) -> None:
    """Give banks the risk grades of subjects about whom this court published, or give none.

    The records themselves are told in either case.

    Example: suxin court grades 浙0281 --off
    """
    with explain_errors():
        attempt = Happening(SecurityAct.COURT_CHANGED, f"court {code}")
        in_transaction(lambda connection: give_grades(connection, code, not off), keep=True, attempt=attempt)
    console.print(f"{code} gives {'no grades' if off else 'grades'} to banks.")


@court.command("profile")
def court_profile(
    code: Annotated[str, typer.Argument(help="Code of the court.")],
    profile: Annotated[PolicyProfile, typer.Argument(help="Rules of publicity and repair.")],
    begins: Annotated[date, typer.Option("--from", parser=parse_day, metavar="DAY", help="First day: a day to come.")],
    preview: Annotated[bool, typer.Option("--preview", help="List what would change, and change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Declare the policy profile of a court from a day on, and list the items whose publicity it shortens.

    NDRC_36 (信用修复管理办法, from 2026-04-01): minor items are public for three months at most, ordinary ones for
    twelve, serious ones for 36; a full performance ends an item at once. The ends are written when it is declared.

    Example: suxin court profile 浙0281 NDRC_36 --from 2027-01-01 --preview
    """
    start = ProfileStart(code, profile, begins)
    with explain_errors(Refusal):
        changes = in_transaction(
            lambda connection: (
                preview_profile(connection, start) if preview else declare_profile(connection, start, datetime.now(UTC))
            ),
            keep=not preview,
            attempt=Happening(SecurityAct.COURT_CHANGED, f"court {code}"),
        )
    columns = ("kind", "case", "grade", "ends", "new end")
    rows = [[one.kind, one.case_number, one.grade, one.ends_on, one.new_end] for one in changes]
    show_list(columns, rows, as_json)
