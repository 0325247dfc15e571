"""Two courts with their staff, and a case with those who take part in it: where the procedure is played."""

from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.officer import Officer
from casework import batches, deductions
from casework.deductions import FindingDocument, Proposal
from casework.procedure import Act
from casework.refusal import Refusal
from casework.repairs import Evidence
from ingest.reference.catalogue import load_catalogue
from models.catalogue import Stage
from models.court import Staff, StaffRole
from models.court_case import Confidentiality, CourtCase, Participation, Role
from models.deduction import Deduction, DeductionStep, FindingKind
from models.party import Party, PartyKind
from models.terms import add_months

COURT, NEIGHBOUR = "浙0281", "浙0282"
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""A Monday morning in Yuyao."""

STAFF = (StaffRole.JUDGE, StaffRole.JUDGE, StaffRole.CHIEF, StaffRole.CENTRE, StaffRole.PANEL, StaffRole.PANEL)
DIGEST = bytes(range(32))
RECEIPT = Evidence("收款收据2026001号", DIGEST)
OF_AGE = date(2020, 1, 1)
"""Since when the debtors are established to be of age."""

LATE_PAYMENT = "E01"
"""Lets the performance period lapse: T1, 1 to 5 points, and code type Y10 or so by the catalogue."""


@dataclass
class Courtroom:
    """Who is there, and what time it is."""

    officers: dict[tuple[str, StaffRole], list[Officer]]
    case: int
    parties: list[int]
    foreign_case: int
    now: datetime = NOW
    said: str = field(default="依据庭审记录。")

    def officer(self, role: StaffRole, place: int = 0, court: str = COURT) -> Officer:
        """A member of staff in a role."""
        return self.officers[court, role][place]

    def act(self, role: StaffRole, place: int = 0, court: str = COURT) -> Act:
        """A member of staff acts, a minute after the last one."""
        self.now += timedelta(minutes=1)
        return Act(self.officer(role, place, court), self.now, self.said)

    @property
    def month(self) -> date:
        """Last month, which is over and so may be published (R5)."""
        return add_months(self.now.date(), -1)

    def proposal(self, **changes: Any) -> Proposal:
        """What a judge may propose against the first debtor."""
        finding = FindingDocument(FindingKind.COURT_RECORD, "(2026)浙0281执1号笔录", date(2026, 2, 20), DIGEST)
        sound = Proposal(self.case, self.parties[0], Role.JUDGMENT_DEBTOR, LATE_PAYMENT, 3, date(2026, 2, 10), finding)
        return replace(sound, **changes)

    async def proposed(self, connection: AsyncConnection, **changes: Any) -> int:
        """A deduction that a judge has proposed."""
        return await deductions.propose(connection, self.proposal(**changes), self.act(StaffRole.JUDGE))

    async def approved(self, connection: AsyncConnection, **changes: Any) -> int:
        """One that the chief has approved."""
        key = await self.proposed(connection, **changes)
        await deductions.approve(connection, key, 1, self.act(StaffRole.CHIEF))
        return key

    async def collected(self, connection: AsyncConnection, batch: int, **changes: Any) -> int:
        """One that lies before the panel."""
        key = await self.approved(connection, **changes)
        await batches.collect(connection, batch, key, 1, self.act(StaffRole.CENTRE))
        return key

    async def notified(self, connection: AsyncConnection, batch: int, **changes: Any) -> int:
        """One that waits for publication."""
        key = await self.collected(connection, batch, **changes)
        await batches.decide(connection, key, 1, True, self.act(StaffRole.PANEL))
        await batches.notify(connection, key, self.act(StaffRole.CENTRE))
        return key

    async def published(self, connection: AsyncConnection, **changes: Any) -> int:
        """One in a batch of its own that is published."""
        batch = await batches.open_batch(connection, self.month, self.act(StaffRole.CENTRE))
        key = await self.notified(connection, batch, **changes)
        await batches.publish(connection, batch, self.act(StaffRole.CENTRE))
        return key


async def open_courtroom(connection: AsyncConnection) -> Courtroom:
    """The courts of the catalogue, six of each one's staff, a case of enforcement with two debtors."""
    await load_catalogue(connection)
    officers: dict[tuple[str, StaffRole], list[Officer]] = {}
    for court in (COURT, NEIGHBOUR):
        for role in STAFF:
            key = await _added(connection, Staff, name=f"{role} of {court}", role=role, court_code=court)
            officers.setdefault((court, role), []).append(Officer(key, role, court))
    case = await _case(connection, COURT, 1)
    parties = [await _debtor(connection, case, name) for name in ("陈一鸣", "林晓雨")]
    return Courtroom(officers, case, parties, await _case(connection, NEIGHBOUR, 2))


async def _case(connection: AsyncConnection, court: str, serial: int) -> int:
    return await _added(
        connection,
        CourtCase,
        number=f"(2026){court}执{serial}号",
        court_code=court,
        year=2026,
        type_characters="执",
        stage=Stage.ENFORCEMENT,
        cause="民间借贷纠纷",
        confidentiality=Confidentiality.OPEN,
        filed_on=date(2026, 1, 10),
    )


async def _debtor(connection: AsyncConnection, case: int, name: str) -> int:
    person = {"kind": PartyKind.PERSON, "disclosed": True, "of_age_from": OF_AGE}
    party = await _added(connection, Party, name=name, created_at=NOW, **person)
    await _added(connection, Participation, case_id=case, party_id=party, name=name, role=Role.JUDGMENT_DEBTOR)
    return party


async def _added(connection: AsyncConnection, table: Any, **values: Any) -> int:
    return int((await connection.execute(sa.insert(table).values(values).returning(table.id))).scalar_one())


async def stored(connection: AsyncConnection, key: int) -> sa.Row[Any]:
    """A deduction as it lies in the database."""
    return (await connection.execute(sa.select(Deduction.__table__).where(Deduction.id == key))).one()


async def steps(connection: AsyncConnection, key: int) -> list[tuple[int, str, StaffRole | None]]:
    """The steps of a deduction: their sequence, where each led, and who took it."""
    step = DeductionStep
    query = sa.select(step.sequence, step.status, step.staff_role).where(step.deduction_id == key)
    rows = (await connection.execute(query.order_by(step.sequence))).all()
    return [(row.sequence, row.status.value, row.staff_role) for row in rows]


async def refused(step: Awaitable[Any]) -> str:
    """The code of a step that is refused, with a hint."""
    with pytest.raises(Refusal) as caught:
        await step
    assert caught.value.hint
    return caught.value.code
