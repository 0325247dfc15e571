"""The content of a report: the answer of `sharedReport` to the document in `content.graphql`.

All rules of disclosure apply to reports as they apply to partners.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import anyio
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.audiences import SCOPES, Audience, Purpose
from auth.principal import Principal
from auth.report_signature import ReportSigner
from auth.scopes import Scope
from casework.adverse_notices import NoticeFacts
from casework.integrity_reports import Sheet, make_claims
from engine.document.document import Operation, prepare_operation
from engine.engine import Engine
from engine.execution import InternalError, execute_operation
from engine.load.context import Context
from engine.load.rows import RootAnswer
from engine.load.trail import Trail
from reports.adverse_notices import lay_out_notice, typeset_notice, write_text
from resolvers.caller import Caller, WrittenNotice
from resolvers.view import View

DOCUMENT = Path(__file__).with_suffix(".graphql").read_text()
OPERATIONS = {Audience.BANK: "Full", Audience.EMPLOYER: "Narrow"}
FIELD = "integrityReport"
"""The name of the field in the access log when a report is viewed."""


class ReportEndedError(Exception):
    """The report has no content, since its code is no longer valid."""


@dataclass(frozen=True)
class ReportReading:
    """A reading of a report. caller: the portal that issued it."""

    engine: Engine
    caller: Caller
    sheet: Sheet
    code: str

    @cached_property
    def operation(self) -> Operation:
        """The document, prepared for the report's audience."""
        audience = self.sheet.audience
        return prepare_operation(self.engine, DOCUMENT, OPERATIONS[audience], SCOPES[audience])

    async def read(self, connection: AsyncConnection) -> tuple[dict[str, Any], Trail]:
        """Return the content and the entries for the access log. Raises ReportEndedError."""
        context = self._context(connection)
        result = await execute_operation(self.operation, self._variables(), context)
        if result.errors or result.data is None:
            raise next((error.original_error for error in result.errors or () if error.original_error), InternalError())
        if result.data["sharedReport"] is None:
            raise ReportEndedError
        return result.data["sharedReport"], context.trail

    async def enter(self, trail: Trail, connection: AsyncConnection) -> None:
        """Write the entries to the access log (R19), as the portal's."""
        own, types = Trail(self.engine.audit), {FIELD: self.operation.list_types()["sharedReport"]}
        for answer, told in trail.entries:
            seen: View = answer.view  # type: ignore[assignment]  # set by the reader
            own.enter(RootAnswer(FIELD, replace(seen, principal=self.caller.principal)), **told)
        await own.write(connection, self.operation.digest, types)

    def _variables(self) -> dict[str, Any]:
        """The variables, which select fields by scopes and purpose."""
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
        """Return a principal with all scopes of the report's audience; the code limits them."""
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
    """Signs the content of reports when they are issued, and writes adverse-action notices."""

    signer: ReportSigner
    engine: Engine

    @property
    def issuer(self) -> str:
        """The issuer of the signatures."""
        return self.signer.issuer

    async def sign(self, connection: AsyncConnection, caller: Caller, sheet: Sheet, code: str) -> str:
        """Return the detached signature of the present content of a code."""
        content, _ = await ReportReading(self.engine, caller, sheet, code).read(connection)
        return self.signer.sign(make_claims(sheet, content, self.issuer))

    async def write_notice(self, notice: NoticeFacts) -> WrittenNotice:
        """Return an adverse-action notice as text and as PDF."""
        laid = lay_out_notice(notice, self.issuer)
        return WrittenNotice(write_text(laid), await anyio.to_thread.run_sync(typeset_notice, laid))
