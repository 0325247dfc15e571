"""Viewing a report: whether it holds, what it tells, and the entry in the access log that is there before it (R19)."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth.audiences import Audience, Purpose
from auth.principal import Principal
from auth.report_signature import ReportSigner, attach
from casework.integrity_reports import Issued, ReportStatus, claims, count_view, find_report
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
class Viewed:
    """What whoever has a code is told. claims, jws: of a report that holds; empty of every other one."""

    status: ReportStatus
    code: str
    claims: dict[str, Any] = field(default_factory=dict)
    jws: str = ""


@dataclass(frozen=True)
class ReportDesk:
    """Shows reports. graphql: the schema. engine: the connections of the loaders. clock: the moment of each view."""

    graphql: Engine
    engine: AsyncEngine
    keyring: Keyring
    signer: ReportSigner
    clock: Callable[[], datetime]

    async def view(self, code: str) -> Viewed | None:
        """The report of a code; None for a code that never was one. It is counted and logged before it is told."""
        return await transact(self.engine, lambda connection: self._view(connection, code))

    async def _view(self, connection: AsyncConnection, code: str) -> Viewed | None:
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

    async def _read(self, connection: AsyncConnection, issued: Issued, reading: ReportReading) -> tuple[Viewed, Trail]:
        """What is told of a report: its content, if that is still what was signed; else its status alone (R10)."""
        if issued.status is not ReportStatus.VALID:
            return Viewed(issued.status, reading.code), _nothing(issued, reading)
        try:
            content, trail = await reading.content(connection)
        except ReportEndedError:
            return Viewed(ReportStatus.REVOKED, reading.code), _nothing(issued, reading)
        told = claims(issued.sheet, content, self.signer.issuer)
        if not self.signer.fits(issued.signature, told):
            return Viewed(ReportStatus.SUPERSEDED, reading.code), _nothing(issued, reading)
        return Viewed(ReportStatus.VALID, reading.code, told, attach(issued.signature, told)), trail

    def _caller(self, issued: Issued, now: datetime) -> Caller:
        """The portal in whose name the subject shows itself: whoever views says nothing of himself."""
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


def _nothing(issued: Issued, reading: ReportReading) -> Trail:
    """The entry of a view that told nothing of the subject."""
    trail, view = Trail(reading.engine.audit), replace(reading.caller.view, access=Access(issued.sheet.purpose))
    told = {"index": issued.subject_index, "share_code": issued.share_code_id, "result": AccessResult.EMPTY}
    trail.enter(RootAnswer(FIELD, view), **told)
    return trail
