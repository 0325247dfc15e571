"""Admissions of clients: the contract by which data is provided, who answers for it there, the assessment of its
impact, the purposes and the last day (网络数据安全管理条例 12, PIPL 23 and 55). Access ends with that day."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from auth.administration.client_changes import read_state, record_change
from auth.administration.powers import NEEDS_GRANT, is_separated
from auth.audiences import Audience
from auth.clients.registration import Registration, RegistrationError, choose_purposes
from auth.clients.registry import disable_client
from models.client import Client
from models.readable import is_line
from models.security_event import SecurityAct
from models.terms import to_court_day

OWN = frozenset({Audience.COURT, Audience.PUBLIC_PORTAL, Audience.LITIGANT_PORTAL, Audience.AUDITOR})
"""Audiences whose clients are the court's own: no contract admits them."""

NEEDS_ADMISSION = (
    "{client} is not admitted. First: suxin client admit {client} --contract NUMBER --responsible NAME "
    "--assessment NUMBER --until DAY"
)
LONGEST = 200
"""Characters of a text of an admission."""


@dataclass(frozen=True)
class AdmissionTerms:
    """The terms of a client. responsible: the person who answers for the data at the client. ends_on: the last day."""

    contract_number: str
    responsible: str
    impact_assessment: str
    ends_on: date


def admit_client(
    connection: sa.Connection,
    client_id: str,
    admission: AdmissionTerms,
    *,
    now: datetime,
    purposes: Collection[str] = (),
) -> None:
    """Record the admission of a client, in place of one of before. purposes: by default those that it has. Raises
    RegistrationError for a blank text, a day that is over, or a purpose that its audience may not have, or that nobody
    has granted where powers are separated."""
    values: dict[str, Any] = {**asdict(admission), **{name: _check(name, text) for name, text in _texts(admission)}}
    if admission.ends_on < to_court_day(now):
        raise RegistrationError(f"{admission.ends_on} is over. Name a last day to come, or disable the client.")
    found = connection.execute(sa.select(Client.__table__).where(Client.client_id == client_id)).one_or_none()
    if found is None:
        raise RegistrationError(f"There is no client {client_id}. See: suxin client list.")
    if purposes:
        values["purposes"] = choose_purposes(Registration(found.name, found.audience, purposes=purposes))
        if is_separated(connection) and not set(values["purposes"]) <= set(found.purposes):
            raise RegistrationError(NEEDS_GRANT)
    before = read_state(connection, client_id, values)
    connection.execute(sa.update(Client).where(Client.client_id == client_id).values(values))
    record_change(connection, client_id, before, SecurityAct.CLIENT_CHANGED)


def check_admission(connection: sa.Connection, key: int, now: datetime) -> None:
    """Raise RegistrationError for a client of somebody else's than the court's that is not admitted, or whose last day
    is over, where powers are separated."""
    found = connection.execute(
        sa.select(Client.client_id, Client.audience, Client.ends_on).where(Client.id == key)
    ).one()
    if found.audience in OWN or not is_separated(connection):
        return
    if found.ends_on is None:
        raise RegistrationError(NEEDS_ADMISSION.format(client=found.client_id))
    if found.ends_on < to_court_day(now):
        raise RegistrationError(f"The admission of {found.client_id} ended on {found.ends_on}. Admit it again first.")


def end_admissions(connection: sa.Connection, now: datetime) -> list[str]:
    """Disable the clients whose last day is over, as an operator would. Returns their identifiers."""
    over = sa.select(Client.client_id).where(Client.disabled_at.is_(None), Client.ends_on < to_court_day(now))
    ended = list(connection.scalars(over.order_by(Client.client_id).with_for_update(skip_locked=True)))
    for client_id in ended:
        disable_client(connection, client_id, now=now)
    return ended


def _texts(admission: AdmissionTerms) -> list[tuple[str, str]]:
    return [(name, value) for name, value in asdict(admission).items() if isinstance(value, str)]


def _check(name: str, text: str) -> str:
    stripped = text.strip()
    if len(stripped) > LONGEST or not is_line(stripped):
        raise RegistrationError(f"The {name.replace('_', ' ')} is a text of 1 to {LONGEST} characters.")
    return stripped
