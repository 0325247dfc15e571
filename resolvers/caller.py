"""Who is asking, when, and with which keys: what turns a field's arguments into values."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from auth.audiences import Purpose
from auth.budget import Charge
from auth.principal import Principal
from models.keyring import Keyring
from resolvers.view import Access, View

LARGEST_PAGE = 100
"""Rows of a page that a client asks for."""


@dataclass
class Caller:
    """The caller of one request.

    charge: what it was charged; None where nothing is. largest_page: rows that a page may have. issuer: the service's
    own address.
    """

    principal: Principal
    keyring: Keyring
    now: datetime
    request_id: UUID
    charge: Charge | None = None
    largest_page: int = LARGEST_PAGE
    issuer: str = ""

    @property
    def view(self) -> View:
        """The caller's ordinary view: with its one purpose if it has one, else one that no consent names."""
        purposes = self.principal.purposes
        purpose = next(iter(purposes)) if len(purposes) == 1 else Purpose.PUBLIC_LOOKUP
        return View(self.principal, Access(purpose), self.now, self.request_id, opaque_key=self.keyring.opaque_key)
