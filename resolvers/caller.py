"""The caller of a request, with the time and the keys that arguments are converted with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from auth.audiences import Purpose
from auth.budget import Charge
from auth.principal import Principal
from auth.scopes import Scope
from casework.adverse_notices import NoticeFacts
from casework.integrity_reports import Sheet
from languages.negotiation import Language
from models.keyring import Keyring, NumberForms
from models.transparency.notes import NoteKey
from models.web_address import Network
from resolvers.view import Access, View


@dataclass(frozen=True)
class WrittenNotice:
    """An adverse-action notice in both forms."""

    text: str
    pdf: bytes


class Reports(Protocol):
    """Signs reports, and writes notices. A report is the answer to a document, which this layer does not know."""

    @property
    def issuer(self) -> str:
        """The address of the service."""

    async def sign(self, connection: AsyncConnection, caller: "Caller", sheet: Sheet, code: str) -> str:
        """Return the detached signature over the current content of a report. code: its share code."""

    async def write_notice(self, notice: NoticeFacts) -> WrittenNotice:
        """Return an adverse-action notice as text and as PDF."""


@dataclass
class Caller:
    """The caller of one request. charge: None without budgets. reports: signs integrity reports. issuer: the address of
    the service. log_keys: with which receipts are or were signed. choose_language: returns the language of messages.
    webhook_networks: private networks that webhooks may be sent to."""

    principal: Principal
    keyring: Keyring
    now: datetime
    request_id: UUID
    charge: Charge | None = None
    reports: Reports | None = None
    issuer: str = ""
    log_keys: Sequence[NoteKey] = ()
    choose_language: Callable[[], Language] = lambda: Language.EN
    webhook_networks: Sequence[Network] = ()

    @property
    def scopes(self) -> frozenset[Scope]:
        """The scopes of the token."""
        return self.principal.scopes

    @property
    def opaque_key(self) -> bytes:
        """The key that marks ids and cursors."""
        return self.keyring.opaque_key

    @property
    def subject(self) -> NumberForms | None:
        """The hashes of the number of the litigant who is authenticated."""
        index = self.principal.subject_index
        return None if index is None else self.keyring.find_forms(index)

    @property
    def view(self) -> View:
        """The default view: of the only purpose that the client is registered for, else PUBLIC_LOOKUP, which no consent
        names."""
        registered = self.principal.registered or self.principal.purposes
        only = next(iter(registered)) if len(registered) == 1 else None
        purpose = only if only in self.principal.purposes else Purpose.PUBLIC_LOOKUP
        key = self.keyring.opaque_key
        return View(self.principal, Access(purpose), self.now, self.request_id, subject=self.subject, opaque_key=key)
