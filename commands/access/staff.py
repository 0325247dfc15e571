"""`suxin staff`: the accounts of court staff."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from auth.server import accounts
from commands.access.clients import open_register
from commands.session import console
from models.court import StaffRole

staff = typer.Typer(no_args_is_help=True, help="Accounts of court staff, who sign in on a page of this service.")
Username = Annotated[str, typer.Argument(help="User name.")]


@staff.command("add")
def staff_add(
    name: Annotated[str, typer.Argument(help="Name of the member of staff.")],
    username: Annotated[str, typer.Option(help="User name.")],
    role: Annotated[StaffRole, typer.Option(help="Role in the procedure.")],
    court: Annotated[str, typer.Option(help="Code of the court.")],
) -> None:
    """Add a member of staff. The password is printed once and not stored.

    Example: suxin staff add 王法官 --username wang --role JUDGE --court 浙0281
    """
    with open_register() as (connection, _):
        made = accounts.add_staff(connection, accounts.Account(name, username, role, court))
    _hand_over(made)


@staff.command("list")
def staff_list() -> None:
    """List all accounts."""
    with open_register() as (connection, _):
        found = accounts.list_staff(connection)
    table = Table("court", "user", "name", "role", "locked until", "left")
    for row in found:
        ends = (str(row[column] or "") for column in ("locked_until", "left_at"))
        table.add_row(row["court_code"], row["username"], row["name"], row["role"], *ends)
    console.print(table)


@staff.command("password")
def staff_password(username: Username) -> None:
    """Set a new password, unlock the account, and end all its sessions."""
    with open_register() as (connection, _):
        made = accounts.renew_password(connection, username, datetime.now(UTC))
    _hand_over(made)


@staff.command("remove")
def staff_remove(username: Username) -> None:
    """Remove an account. Its sessions and tokens end at once; records of its actions are kept."""
    with open_register() as (connection, _):
        accounts.remove_staff(connection, username, datetime.now(UTC))
    console.print(f"{username} has left.")


def _hand_over(made: accounts.Password) -> None:
    typer.echo(f"user: {made.username}")
    typer.echo(f"password: {made.password}")
    typer.echo("Hand it over safely: it is shown this once.", err=True)
