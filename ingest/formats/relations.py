"""Format `relations`: a line is a legal representative or affiliate of an organization, with days."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Date, LargeBinary, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingest.keyed_formats import KeyedFormat
from ingest.merge.staging import define_lines
from ingest.records import LineRecord, Merged
from ingest.report import LineError
from ingest.versions import Source
from models.dates import parse_date
from models.identifiers import compact
from models.number_hashes import find_stored
from models.party import Identity, PartyKind
from models.relation import PartyRelation, RelationKind

KINDS = {
    "法定代表人": RelationKind.LEGAL_REPRESENTATIVE,
    "负责人": RelationKind.LEGAL_REPRESENTATIVE,
    "关联方": RelationKind.AFFILIATE,
    "关联企业": RelationKind.AFFILIATE,
}
PARTY_KINDS = {
    "居民身份证": PartyKind.PERSON,
    "身份证": PartyKind.PERSON,
    "统一社会信用代码": PartyKind.ORGANIZATION,
    "": None,
}
staged_relation = define_lines(
    "staged_relation",
    Column("organization_id", BigInteger),
    Column("organization", LargeBinary),
    Column("organization_earlier", LargeBinary),
    Column("kind", Text),
    Column("begins_on", Date),
    Column("ends_on", Date),
)
staged = staged_relation.c


class Relations(KeyedFormat):
    """Relations of organizations, which only courts can read."""

    columns = ("组织名称", "统一社会信用代码", "关系", "姓名或名称", "证件类型", "证件号码", "起始日期", "终止日期")
    blank = (
        "证件类型",
        "终止日期",
    )
    staged = staged_relation
    table = PartyRelation.__table__
    noted = None
    key = ("organization_id", "kind", "party_id", "begins_on")

    def read(self, cells: Sequence[str]) -> LineRecord:
        organization_name, code, tie, name, number_type, number, begins, ends = cells
        kind = KINDS.get(compact(tie))
        if kind is None:
            raise LineError("RELATION", f"The relation is unknown: write one of {'、'.join(KINDS)}.")
        if compact(number_type) not in PARTY_KINDS:
            raise LineError("ID_TYPE", "The kind of document is unknown: write 居民身份证 or 统一社会信用代码.")
        organization = self.context.subjects.read(PartyKind.ORGANIZATION, organization_name, code)
        subject = self.context.subjects.read(PARTY_KINDS[compact(number_type)], name, number)
        if subject.keyed_hash == organization.keyed_hash:
            raise LineError("RELATION", "An organization is related to itself: correct one of the two numbers.")
        if kind is RelationKind.LEGAL_REPRESENTATIVE and subject.kind is not PartyKind.PERSON:
            raise LineError("RELATION", "A legal representative is a person: correct the relation or the number.")
        begins_on, ends_on = parse_date(begins), parse_date(ends) if ends else None
        if ends_on and ends_on < begins_on:
            raise LineError("DATE", "The relation ends before it begins: correct the dates.")
        own = (None, organization.keyed_hash, organization.number.earlier, kind, begins_on, ends_on)
        return LineRecord(subject, (), "", own, other=organization)

    def key_of(self, place: int | None, record: LineRecord) -> tuple[Any, ...]:
        """The party, the organization, the kind and the first day."""
        _, organization, _, kind, begins_on, _ = record.row
        return (place, organization, kind, begins_on)

    async def merge(self, connection: AsyncConnection, source: Source, silent: bool) -> Merged:
        await connection.execute(FIND_ORGANIZATIONS)
        return await super().merge(connection, source, silent)

    async def merge_turn(self, connection: AsyncConnection, source: Source, turn: int, silent: bool) -> Merged:
        """Write the lines of one turn. Relations do not change colours."""
        written = await self.make_rule().write(connection, source, turn)
        return await self.count_lines(connection, turn, written.new, written.changed, written.outdated)


FIND_ORGANIZATIONS = (
    sa.update(staged_relation)
    .where(Identity.index == find_stored(staged.organization, staged.organization_earlier))
    .values(organization_id=Identity.party_id)
)
