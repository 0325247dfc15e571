"""Grants of roles and scopes: one administrator proposes, another decides; what is approved takes effect at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from auth.administration.admissions import check_admission
from auth.administration.powers import require_power
from auth.administration.security_events import Happening, record
from auth.clients.registration import RegistrationError
from auth.clients.registry import check_scopes, grant_scopes
from auth.server.accounts import Account, AccountError, Password, add_staff, check_account
from models.client import Client
from models.court import AdministratorRole, StaffRole
from models.grant_proposal import GrantProposal
from models.readable import is_line
from models.security_event import SecurityAct
from models.staff_account import StaffAccount

SHOWN = 50
"""Proposals on a page, newest first."""

PROPOSES, DECIDES = AdministratorRole.SYSTEM, AdministratorRole.SECURITY


class GrantError(ValueError):
    """A grant cannot be proposed or decided. The message says why."""


@dataclass(frozen=True)
class Approved:
    """What came of an approval. password: of a new account, to be handed over."""

    password: Password | None = None


def propose_scopes(
    connection: sa.Connection,
    by: int,
    client_id: str,
    scopes: Sequence[str],
    reason: str,
    now: datetime,
    *,
    allow_pilot_persons: bool = False,
) -> int:
    """Propose that a client holds these scopes, and nothing else, and is enabled. Returns the key of the proposal.
    Raises PowerError, GrantError."""
    require_power(connection, by, PROPOSES)
    if not scopes:
        raise GrantError("请填写权限。Give the scopes.")
    try:
        client_key, chosen = check_scopes(connection, client_id, scopes, allow_pilot_persons=allow_pilot_persons)
        check_admission(connection, client_key, now)
    except RegistrationError as error:
        raise GrantError(str(error)) from None
    values = {"client_key": client_key, "scopes": chosen}
    return _propose(connection, by, f"client {client_id}", values, reason, now)


def propose_account(connection: sa.Connection, by: int, account: Account, reason: str, now: datetime) -> int:
    """Propose a new account with a role. Returns the key of the proposal. Raises PowerError, GrantError."""
    require_power(connection, by, PROPOSES)
    if not account.number:
        raise GrantError("请填写工号。Give the personnel number.")
    try:
        check_account(connection, account)
    except AccountError as error:
        raise GrantError(str(error)) from None
    administers = isinstance(account.role, AdministratorRole)
    values = {
        "username": account.username,
        "name": account.name.strip(),
        "number": account.number,
        "court_code": account.court_code,
        "administers" if administers else "role": account.role,
    }
    return _propose(connection, by, f"account {account.username}", values, reason, now)


def decide(connection: sa.Connection, by: int, key: int, approved: bool, now: datetime) -> Approved:
    """Approve or refuse a proposal. Raises PowerError, GrantError."""
    require_power(connection, by, DECIDES)
    mine = (GrantProposal.id == key, GrantProposal.approved.is_(None))
    found = connection.execute(sa.select(GrantProposal.__table__).where(*mine).with_for_update()).one_or_none()
    if found is None:
        raise GrantError("没有待决定的该项授权。There is no such proposal that awaits a decision.")
    values = {"approved": approved, "decided_by": by, "decided_at": now}
    connection.execute(sa.update(GrantProposal).where(GrantProposal.id == key).values(values))
    act = SecurityAct.GRANT_APPROVED if approved else SecurityAct.GRANT_REFUSED
    record(connection, Happening(act, _name(connection, found), after={"proposal": key}, staff_key=by))
    return _put_in_force(connection, found, now) if approved else Approved()


def list_proposals(connection: sa.Connection) -> Sequence[Any]:
    """Return the newest proposals, with the names of who proposed and who decided."""
    proposer, decider = aliased(StaffAccount), aliased(StaffAccount)
    query = (
        sa.select(
            GrantProposal.__table__,
            Client.client_id,
            Client.name.label("client_name"),
            proposer.username.label("proposer"),
            decider.username.label("decider"),
        )
        .outerjoin(Client, Client.id == GrantProposal.client_key)
        .join(proposer, proposer.staff_id == GrantProposal.proposed_by)
        .outerjoin(decider, decider.staff_id == GrantProposal.decided_by)
    )
    return connection.execute(query.order_by(GrantProposal.id.desc()).limit(SHOWN)).mappings().all()


def _propose(
    connection: sa.Connection, by: int, subject: str, values: dict[str, Any], reason: str, now: datetime
) -> int:
    if not is_line(reason := reason.strip()):
        raise GrantError("请填写理由。Give a reason.")
    row = {**values, "reason": reason, "proposed_by": by, "proposed_at": now}
    key: int = connection.scalar(sa.insert(GrantProposal).values(row).returning(GrantProposal.id)) or 0
    told = {name: value for name, value in values.items() if name != "client_key"} | {"proposal": key, "why": reason}
    record(connection, Happening(SecurityAct.GRANT_PROPOSED, subject, after=told, staff_key=by))
    return key


def _put_in_force(connection: sa.Connection, found: Any, now: datetime) -> Approved:
    if found.username is None:
        return _enable(connection, found, now)
    role: StaffRole | AdministratorRole = found.administers or found.role
    account = Account(found.name, found.username, role, found.court_code, found.number, found.id)
    try:
        return Approved(add_staff(connection, account))
    except AccountError as error:
        raise GrantError(str(error)) from None


def _enable(connection: sa.Connection, found: Any, now: datetime) -> Approved:
    try:
        check_admission(connection, found.client_key, now)
    except RegistrationError as error:
        raise GrantError(str(error)) from None
    grant_scopes(connection, found.client_key, found.scopes, found.id)
    return Approved()


def _name(connection: sa.Connection, found: Any) -> str:
    if found.username is not None:
        return f"account {found.username}"
    return f"client {connection.scalar(sa.select(Client.client_id).where(Client.id == found.client_key))}"
