"""The view of a caller: the values that row predicates compare with. A predicate depends on the audience only; every
value is a bind parameter, so that all callers of an audience share a statement."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from auth.audiences import Audience, Purpose
from auth.principal import Principal
from engine.declare.opaque import bind_key
from models.keyring import NumberForms
from models.number_hashes import find_stored
from models.terms import to_court_day

CLIENT = sa.bindparam("view_client", type_=sa.BigInteger)
PURPOSE = sa.bindparam("view_purpose", type_=sa.Text)
NOW = sa.bindparam("view_now", type_=sa.DateTime(timezone=True))
TODAY = sa.bindparam("view_today", type_=sa.Date)
COURT = sa.bindparam("view_court", type_=sa.Text)
VILLAGE = sa.bindparam("view_village", type_=sa.BigInteger)
SCOPES = sa.bindparam("view_scopes", type_=sa.ARRAY(sa.Text))
SUBJECT = find_stored(
    sa.bindparam("view_subject", type_=sa.LargeBinary), sa.bindparam("view_subject_earlier", type_=sa.LargeBinary)
)
LETTERS = sa.bindparam("view_letters", type_=sa.ARRAY(sa.Text))
SHARES = sa.bindparam("view_shares", type_=sa.ARRAY(sa.LargeBinary))
OFFICER = sa.bindparam("view_officer", type_=sa.BigInteger)
REQUEST = sa.bindparam("view_request", type_=sa.Uuid)


@dataclass(frozen=True)
class Access:
    """The purpose, operator and branch of a look-up (DOMAIN 3), for the access log."""

    purpose: Purpose
    operator: str | None = None
    branch: str | None = None


@dataclass(frozen=True)
class View:
    """A caller, a purpose and a time. shares: SHA-256 of the share codes sent. letters: numbers of the letters named.
    subject: the hashes of the litigant's number. opaque_key: marks ids and cursors."""

    principal: Principal
    access: Access
    now: datetime
    request_id: UUID
    shares: frozenset[bytes] = frozenset()
    letters: frozenset[str] = frozenset()
    subject: NumberForms | None = None
    opaque_key: bytes = field(default=b"", repr=False)

    @property
    def audience(self) -> Audience:
        """The caller's audience."""
        return self.principal.audience

    @property
    def today(self) -> date:
        """The day in the court's time zone."""
        return to_court_day(self.now)

    def parameters(self) -> Mapping[str, Any]:
        """Return the values of the bind parameters above."""
        return {
            "view_client": self.principal.client_key,
            "view_purpose": self.access.purpose.value,
            "view_now": self.now,
            "view_request": self.request_id,
            "view_today": self.today,
            "view_court": self.principal.jurisdiction,
            "view_officer": self.principal.officer.key if self.principal.officer else None,
            "view_village": self.principal.village_key,
            "view_scopes": self.principal.scope_names,
            "view_subject": self.subject and self.subject.newest,
            "view_subject_earlier": self.subject and self.subject.earlier,
            "view_shares": sorted(self.shares),
            "view_letters": sorted(self.letters),
            **bind_key(self.opaque_key),
        }
