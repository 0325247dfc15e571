"""Views of a report: status, content, and the entry in the access log that precedes them (R19)."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth.audiences import Audience, Purpose
from auth.principal import Principal
from auth.report_signature import ReportSigner, attach
from casework.integrity_reports import IssuedReport, ReportStatus, count_view, find_report, make_claims
from casework.transaction import transact
from engine.engine import Engine
from engine.load.rows import RootAnswer
from engine.load.trail import Trail
from models.access_record import AccessResult
from models.keyring import Keyring
from reports.content import FIELD, ReportEndedError, ReportReading
from resolvers.caller import Caller
from resolvers.view import Access


@dataclass(frozen=True)
class ReportView:
    """A view of a report. claims, jws: empty unless the report is valid."""

    status: ReportStatus
    code: str
    claims: dict[str, Any] = field(default_factory=dict)
    jws: str = ""


@dataclass(frozen=True)
class ReportViewer:
    """Shows reports. graphql: the schema. engine: database connections. clock: the current time."""

    graphql: Engine
    engine: AsyncEngine
    keyring: Keyring
    signer: ReportSigner
    clock: Callable[[], datetime]

    async def view(self, code: str) -> ReportView | None:
        """Return the report of a code, after counting and logging the view; None for an unknown code."""
        return await transact(self.engine, lambda connection: self._view(connection, code))

    async def _view(self, connection: AsyncConnection, code: str) -> ReportView | None:
        now = self.clock()
        issued = await find_report(connection, self.keyring.share_key, code, now)
        if issued is None:
            return None
        reading = ReportReading(self.graphql, self._caller(issued, now), issued.sheet, code)
        viewed, trail = await self._read(connection, issued, reading)
        await reading.enter(trail, connection)
        if viewed.status is ReportStatus.VALID:
            await count_view(connection, issued.key, now)
        return viewed

    async def _read(
        self, connection: AsyncConnection, issued: IssuedReport, reading: ReportReading
    ) -> tuple[ReportView, Trail]:
        """Return the content if it still matches the signature, otherwise the status only (R10)."""
        if issued.status is not ReportStatus.VALID:
            return ReportView(issued.status, reading.code), _enter_nothing(issued, reading)
        try:
            content, trail = await reading.read(connection)
        except ReportEndedError:
            return ReportView(ReportStatus.REVOKED, reading.code), _enter_nothing(issued, reading)
        told = make_claims(issued.sheet, content, self.signer.issuer)
        if not self.signer.fits(issued.signature, told):
            return ReportView(ReportStatus.SUPERSEDED, reading.code), _enter_nothing(issued, reading)
        return ReportView(ReportStatus.VALID, reading.code, told, attach(issued.signature, told)), trail

    def _caller(self, issued: IssuedReport, now: datetime) -> Caller:
        """Return the portal that issued the report as caller, since the viewer is anonymous."""
        portal = Principal(
            client_id="",
            client_key=issued.client_key,
            name="",
            audience=Audience.LITIGANT_PORTAL,
            scopes=frozenset(),
            purposes=frozenset({Purpose.SELF}),
            token_id="",
        )
        return Caller(portal, self.keyring, now, uuid4())


def _enter_nothing(issued: IssuedReport, reading: ReportReading) -> Trail:
    """Return the log entry of a view without content."""
    trail, view = Trail(reading.engine.audit), replace(reading.caller.view, access=Access(issued.sheet.purpose))
    told = {"index": issued.subject_index, "share_code": issued.share_code_id, "result": AccessResult.EMPTY}
    trail.enter(RootAnswer(FIELD, view), **told)
    return trail
