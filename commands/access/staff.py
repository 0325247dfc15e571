"""`suxin staff`: the accounts of court staff."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from auth.administration.powers import separate_powers
from auth.administration.security_events import Happening
from auth.openid.links import link_login, unlink_login
from auth.server import accounts
from auth.staff.throttle import Throttle
from commands.access.register import open_register
from commands.listing import AsJson, show_list
from commands.session import console
from models.court import AdministratorRole, StaffRole
from models.keyring import load_keyring
from models.security_event import SecurityAct

staff = typer.Typer(no_args_is_help=True, help="Accounts of court staff, who sign in on a page of this service.")
Username = Annotated[str, typer.Argument(help="User name.")]


LISTED = {
    "court": "court_code",
    "user": "username",
    "name": "name",
    "role": "role",
    "second factor": "second_factor",
    "login": "login",
    "number": "number",
    "left": "left_at",
}
"""The columns of `staff list`."""


@staff.command("add")
def staff_add(
    name: Annotated[str, typer.Argument(help="Name of the member of staff.")],
    username: Annotated[str, typer.Option(help="User name.")],
    court: Annotated[str, typer.Option(help="Code of the court.")],
    role: Annotated[StaffRole | None, typer.Option(help="Role in the procedure.")] = None,
    administers: Annotated[AdministratorRole | None, typer.Option(help="Power of an administrator, instead.")] = None,
    number: Annotated[str | None, typer.Option(help="Personnel number (工号): one person has one account.")] = None,
) -> None:
    """Add a member of staff, who acts in the procedure or administers, never both. The password is printed once and not
    stored.

    Example: suxin staff add 王法官 --username wang --role JUDGE --court 浙0281

    Example: suxin staff add 赵工 --username zhao --administers SYSTEM --number 10017 --court 浙0281
    """
    power = role or administers
    if power is None or (role and administers):
        raise typer.BadParameter("Give --role, or --administers.")
    with open_register(_try(SecurityAct.STAFF_ADDED, username)) as (connection, _):
        made = accounts.add_staff(connection, accounts.Account(name, username, power, court, number))
    _hand_over(made)


@staff.command("list")
def staff_list(as_json: AsJson = False) -> None:
    """List all accounts."""
    with open_register() as (connection, _):
        found = accounts.list_staff(connection)
    rows = [[row[name] for name in LISTED.values()] for row in found]
    show_list(list(LISTED), rows, as_json)


@staff.command("password")
def staff_password(username: Username) -> None:
    """Set a new password, unlock the account, and end all its sessions. A second factor is kept."""
    with open_register(_try(SecurityAct.PASSWORD_CHANGED, username), keys=True) as (connection, settings):
        throttle = Throttle(load_keyring(settings.key_file, settings.crypto, settings.crypto_command))
        made = accounts.renew_password(connection, username, datetime.now(UTC), throttle)
    _hand_over(made)


@staff.command("second-factor")
def staff_second_factor(
    username: Username,
    reset: Annotated[bool, typer.Option("--reset", help="Remove codes, security keys and recovery codes.")] = False,
) -> None:
    """Show whether an account has a second factor, or remove all after a loss: the officer then sets up a new one.

    Example: suxin staff second-factor wang --reset
    """
    attempt = _try(SecurityAct.SECOND_FACTOR_REMOVED, username) if reset else None
    with open_register(attempt) as (connection, _):
        if reset:
            accounts.remove_second_factor(connection, username, datetime.now(UTC))
        found = [row["second_factor"] for row in accounts.list_staff(connection) if row["username"] == username]
    console.print(f"{username} has {'a' if any(found) else 'no'} second factor.")


@staff.command("link")
def staff_link(
    username: Username,
    subject: Annotated[str | None, typer.Option(help="The person at the provider: the claim `sub`.")] = None,
    issuer: Annotated[str | None, typer.Option(help="The provider, if not SUXIN_OPENID_ISSUER.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the link instead.")] = False,
) -> None:
    """Link an account to a login at the OpenID provider, in place of one of before, and end its sessions. Nobody
    else signs in by the provider.

    Example: suxin staff link wang --subject 7f3c91e2
    """
    if (subject is None) is not remove:
        raise typer.BadParameter("Give --subject, or --remove.")
    with open_register(_try(SecurityAct.LOGIN_LINKED, username)) as (connection, settings):
        if subject is None:
            unlink_login(connection, username, datetime.now(UTC))
        elif named := issuer or settings.openid_issuer:
            link_login(connection, username, named, subject, datetime.now(UTC))
        else:
            raise accounts.AccountError("No provider is set. Set SUXIN_OPENID_ISSUER, or give --issuer.")
    console.print(f"{username} is linked to {subject}." if subject else f"{username} is linked to no login.")


@staff.command("remove")
def staff_remove(username: Username) -> None:
    """Remove an account. Its sessions and tokens end at once; records of its actions are kept."""
    with open_register(_try(SecurityAct.STAFF_REMOVED, username)) as (connection, _):
        accounts.remove_staff(connection, username, datetime.now(UTC))
    console.print(f"{username} has left.")


@staff.command("separate")
def staff_separate() -> None:
    """Separate the powers, for good: from now on a role or a scope needs a proposal of a SYSTEM administrator that a
    SECURITY administrator approves, on the pages of their accounts. There must be an administrator of each power.

    Example: suxin staff separate
    """
    with open_register(Happening(SecurityAct.POWERS_SEPARATED, "service")) as (connection, _):
        separate_powers(connection)
    console.print("Powers are separated: grants are proposed and approved at /oauth/account/grants.")


def _try(act: SecurityAct, username: str) -> Happening:
    """Return what is recorded if a command about an account is refused."""
    return Happening(act, accounts.name_account(username))


def _hand_over(made: accounts.Password) -> None:
    typer.echo(f"user: {made.username}")
    typer.echo(f"password: {made.password}")
    typer.echo("Hand it over safely: it is shown this once.", err=True)
