"""The verified caller of a request, independent of the database and of HTTP."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from auth.audiences import Audience, Purpose
from auth.officer import Officer
from auth.scopes import Scope
from models.client import DocumentPolicy


@dataclass(frozen=True)
class Principal:
    """A verified caller.

    client_id: the client's public identifier (RFC 6749, section 2.2); client_key: its primary key; name: for display.
    scopes: of the token. purposes: that the client may name; registered: before a restriction to fewer, if any.
    jurisdiction: the court code of the officer, or of a client of a court or an arbitration body. officer: COURT
    only: who signed in.
    village_key: VILLAGE only: primary key of the village.
    subject_index: LITIGANT_PORTAL only: keyed hash of the subject's number (R18).
    token_id: `jti` of the token (RFC 9068). budget: cost points a minute; None for the default.
    documents: which documents the client may send. jkt: the thumbprint of the key that the token is bound to (RFC
    9449); x5t: of the certificate (RFC 8705); a bearer token has neither. braked_until: until then look-ups of persons
    are refused. officer_name: of the officer. expires_at: when the token expires. proven_at:
    when the officer gave a second factor last.
    """

    client_id: str
    client_key: int
    name: str
    audience: Audience
    scopes: frozenset[Scope]
    purposes: frozenset[Purpose]
    token_id: str
    jurisdiction: str | None = None
    village_key: int | None = None
    subject_index: bytes | None = None
    officer: Officer | None = None
    budget: int | None = None
    documents: DocumentPolicy = DocumentPolicy.OPEN
    registered: frozenset[Purpose] = frozenset()
    jkt: str | None = None
    x5t: str | None = None
    braked_until: datetime | None = None
    officer_name: str = field(default="", compare=False, repr=False)
    expires_at: datetime | None = field(default=None, compare=False)
    proven_at: datetime | None = field(default=None, compare=False)

    @cached_property
    def scope_names(self) -> list[str]:
        """The scopes in alphabetical order."""
        return sorted(self.scopes)
