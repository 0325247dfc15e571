"""What a report tells of its subject: the answer of `sharedReport` to a document that ships, and nothing beside it.

So each rule of what may be shown, to whom and for which purpose, holds for reports as it does for partners.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from auth.audiences import SCOPES, Audience, Purpose
from auth.principal import Principal
from auth.report_signature import ReportSigner
from auth.scopes import Scope
from casework.integrity_reports import Sheet, claims
from engine.document.document import Operation, prepare_operation
from engine.engine import Engine
from engine.execution import InternalError, execute_operation
from engine.load.context import Context
from engine.load.rows import RootAnswer
from engine.load.trail import Trail
from resolvers.caller import Caller
from resolvers.view import View

DOCUMENT = Path(__file__).with_suffix(".graphql").read_text()
OPERATIONS = {Audience.BANK: "Full", Audience.EMPLOYER: "Narrow"}
FIELD = "integrityReport"
"""What the access log calls the entry by which a report was viewed."""


class ReportEndedError(Exception):
    """There is no content: the code of the report opens nothing."""


@dataclass(frozen=True)
class ReportReading:
    """One reading of a report. caller: the portal that issued it, in whose name its subject shows itself."""

    engine: Engine
    caller: Caller
    sheet: Sheet
    code: str

    @cached_property
    def operation(self) -> Operation:
        """The document as the report's audience may send it."""
        audience = self.sheet.audience
        return prepare_operation(self.engine, DOCUMENT, OPERATIONS[audience], SCOPES[audience])

    async def content(self, connection: AsyncConnection) -> tuple[dict[str, Any], Trail]:
        """What is told, and what the access log is to say of it. Raises ReportEndedError."""
        context = self._context(connection)
        result = await execute_operation(self.operation, self._variables(), context)
        if result.errors or result.data is None:
            raise next((error.original_error for error in result.errors or () if error.original_error), InternalError())
        if result.data["sharedReport"] is None:
            raise ReportEndedError
        return result.data["sharedReport"], context.trail

    async def enter(self, trail: Trail, connection: AsyncConnection) -> None:
        """Enter what is told into the access log (R19): as the portal's, under a name of its own."""
        own, types = Trail(self.engine.audit), {FIELD: self.operation.list_types()["sharedReport"]}
        for answer, told in trail.entries:
            seen: View = answer.view  # type: ignore[assignment]  # the reader's own
            own.enter(RootAnswer(FIELD, replace(seen, principal=self.caller.principal)), **told)
        await own.write(connection, self.operation.digest, types)

    def _variables(self) -> dict[str, Any]:
        """Which fields there are: those of the scopes that its subject chose, and that the purpose is shown at all."""
        integrity = Scope.PERSON_INTEGRITY in self.sheet.scopes
        return {
            "code": self.code,
            "purpose": self.sheet.purpose.value,
            "credit": Scope.PERSON_CREDIT in self.sheet.scopes,
            "integrity": integrity,
            "senior": integrity and self.sheet.purpose is Purpose.SENIOR_POST_QUALIFICATION,
        }

    def _context(self, connection: AsyncConnection) -> Context:
        mine = self.caller
        reader = Caller(self._reader(), mine.keyring, mine.now, mine.request_id)
        return Context(engine=self.engine, caller=reader, connection=connection)

    def _reader(self) -> Principal:
        """Who reads: as the audience of the report with all its scopes; the code narrows them to what it opens."""
        mine, audience = self.caller.principal, self.sheet.audience
        return Principal(
            client_id=mine.client_id,
            client_key=mine.client_key,
            name=mine.name,
            audience=audience,
            scopes=SCOPES[audience],
            purposes=frozenset({self.sheet.purpose}),
            token_id=mine.token_id,
        )


@dataclass(frozen=True)
class ReportWriter:
    """Signs what reports tell when they are issued."""

    signer: ReportSigner
    engine: Engine

    @property
    def issuer(self) -> str:
        """Whose reports they are."""
        return self.signer.issuer

    async def signature(self, connection: AsyncConnection, caller: Caller, sheet: Sheet, code: str) -> str:
        """The detached signature over what `code` shows now."""
        content, _ = await ReportReading(self.engine, caller, sheet, code).content(connection)
        return self.signer.sign(claims(sheet, content, self.issuer))
