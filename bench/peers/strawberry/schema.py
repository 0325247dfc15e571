"""The GraphQL types of the strawberry peer: those of Suxin that the page, subject and check documents use."""

import base64
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any

import strawberry
from strawberry.types import Info as StrawberryInfo

from bench.peers.strawberry.loading import Loading

Info = StrawberryInfo[Loading, None]


@strawberry.enum
class Purpose(Enum):
    LOAN_APPROVAL = "LOAN_APPROVAL"


@strawberry.type
class Court:
    name: str


@strawberry.type
class Case:
    number: str | None
    cause: str
    court_code: strawberry.Private[str]

    @strawberry.field
    async def court(self, info: Info) -> Court:
        row = await info.context.courts.load(self.court_code)
        return Court(name=row.name)


@strawberry.type
class Behaviour:
    code: str
    name: str


@strawberry.type
class Repair:
    ground: str
    outcome: str | None


@strawberry.type
class Deduction:
    points: int
    status: str
    published_at: datetime | None
    row: strawberry.Private[Any]

    @strawberry.field
    async def behaviour(self, info: Info) -> Behaviour:
        row = await info.context.behaviours.load(self.row.behaviour_id)
        return Behaviour(code=row.code, name=row.name)

    @strawberry.field
    async def case(self, info: Info) -> Case | None:
        row = await info.context.cases.load(self.row.case_id)
        return Case(number=row.number, cause=row.cause, court_code=row.court_code)

    @strawberry.field
    async def repairs(self, info: Info) -> list[Repair]:
        rows = await info.context.repairs.load(self.row.id)
        return [Repair(ground=row.ground, outcome=row.outcome) for row in rows]


@strawberry.type
class DeductionConnection:
    nodes: list[Deduction]


@strawberry.type
class CreditCode:
    colour: str
    since: date | None


GREEN = CreditCode(colour="GREEN", since=None)


@strawberry.type
class Party:
    """A party. `outside`: as a bank sees it."""

    id: strawberry.ID
    name: str
    key: strawberry.Private[int]
    outside: strawberry.Private[bool] = False

    @strawberry.field
    async def credit_code(self, info: Info) -> CreditCode | None:
        row = await info.context.codes.load((self.key, self.outside))
        return CreditCode(colour=row.colour, since=row.since) if row else GREEN

    @strawberry.field
    async def deductions(self, info: Info, first: int) -> DeductionConnection:
        rows = await info.context.deductions.load((self.key, self.outside, first))
        return DeductionConnection(nodes=[_deduction(row) for row in rows])


def _deduction(row: Any) -> Deduction:
    return Deduction(points=row.points, status=row.status, published_at=row.published_at, row=row)


@strawberry.type
class PartyConnection:
    nodes: list[Party]


@strawberry.type
class SubjectReport:
    outcome: str
    party: Party | None


@strawberry.input
class SubjectKey:
    name: str
    id_number: str | None = None
    organization_code: str | None = None


@strawberry.input
class AccessInput:
    purpose: Purpose


def _party(row: Any, outside: bool = False) -> Party:
    identifier = strawberry.ID(base64.b64encode(f"Party:{row.id}".encode()).decode())
    return Party(id=identifier, name=row.name, key=row.id, outside=outside)


def _key(identifier: str) -> int:
    return int(base64.b64decode(identifier).decode().removeprefix("Party:"))


@strawberry.type
class Query:
    @strawberry.field
    async def parties(self, info: Info, first: int, after: str | None = None) -> PartyConnection:
        rows = await info.context.parties_after(_key(after) if after else 0, first)
        return PartyConnection(nodes=[_party(row) for row in rows])

    @strawberry.field
    async def party(self, info: Info, id: strawberry.ID) -> Party | None:
        row = await info.context.party(_key(id))
        return _party(row) if row else None

    @strawberry.field
    async def subjects(
        self,
        info: Info,
        by: list[SubjectKey],
        access: Annotated[AccessInput, strawberry.argument(description="Why.")],
    ) -> list[SubjectReport]:
        numbers = [one.id_number or one.organization_code or "" for one in by]
        found = await info.context.subjects(numbers)
        return [_report(one, row) for one, row in zip(by, found, strict=True)]


def _report(asked: SubjectKey, row: Any) -> SubjectReport:
    kind = "PERSON" if asked.id_number else "ORGANIZATION"
    if row is None or row.kind != kind:
        return SubjectReport(outcome="NOT_FOUND", party=None)
    if row.name != asked.name:
        return SubjectReport(outcome="NAME_MISMATCH", party=None)
    return SubjectReport(outcome="MATCHED", party=_party(row, outside=True))
