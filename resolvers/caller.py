"""Who is asking, when, and with which keys: what turns a field's arguments into values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from auth.audiences import Purpose
from auth.budget import Charge
from auth.principal import Principal
from auth.scopes import Scope
from casework.integrity_reports import Sheet
from models.keyring import Keyring
from resolvers.view import Access, View


class Reports(Protocol):
    """Signs reports. What they tell is the answer to a document, which this layer knows nothing of."""

    @property
    def issuer(self) -> str:
        """Whose reports they are: the service's address."""

    async def sign(self, connection: AsyncConnection, caller: "Caller", sheet: Sheet, code: str) -> str:
        """The detached signature of a report over what its code shows now."""


@dataclass
class Caller:
    """The caller of one request.

    charge: what it was charged; None where nothing is. reports: signs those that it has issued. issuer: the service's
    own address.
    """

    principal: Principal
    keyring: Keyring
    now: datetime
    request_id: UUID
    charge: Charge | None = None
    reports: Reports | None = None
    issuer: str = ""

    @property
    def scopes(self) -> frozenset[Scope]:
        """What its token grants."""
        return self.principal.scopes

    @property
    def opaque_key(self) -> bytes:
        """Marks ids and cursors."""
        return self.keyring.opaque_key

    @property
    def view(self) -> View:
        """Its ordinary view: with its one purpose if it is registered for one, else one that no consent names."""
        registered = self.principal.registered or self.principal.purposes
        only = next(iter(registered)) if len(registered) == 1 else None
        purpose = only if only in self.principal.purposes else Purpose.PUBLIC_LOOKUP
        return View(self.principal, Access(purpose), self.now, self.request_id, opaque_key=self.keyring.opaque_key)
