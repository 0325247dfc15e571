"""Who is asking: the verified content of an access token, detached from the database and from HTTP."""

from dataclasses import dataclass
from functools import cached_property

from auth.audiences import Audience, Purpose
from auth.officer import Officer
from auth.scopes import Scope
from models.client import DocumentPolicy


@dataclass(frozen=True)
class Principal:
    """A verified caller.

    client_id: the registered client's public identifier (RFC 6749, section 2.2).
    client_key: its primary key, for row predicates and the access log.
    name: the registered display name of the client's owner.
    scopes: what the token grants; purposes: what the client may name. registered: what it was registered for, where it
    is held to less: who may do less is shown no more by that.
    jurisdiction: COURT only: the court code, of the member of staff if one signed in; the court and all below it.
    officer: COURT only: the member of staff who signed in; None for the client itself.
    village_key: VILLAGE only: primary key of the village.
    subject_index: LITIGANT_PORTAL only: keyed hash of the authenticated subject's number (R18).
    token_id: the token's jti (RFC 9068).
    budget: cost points a minute; None for what is ordinary.
    documents: which documents it may send.
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

    @cached_property
    def scope_names(self) -> list[str]:
        """The scopes in order."""
        return sorted(self.scopes)
