"""Format `relations`: one legal representative, or affiliate, of one organization a line, with days."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import ARRAY, Column, Date, LargeBinary, Text
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ingest.records import Format, Merged, Record
from ingest.report import LineError
from ingest.staging import staged_rows
from ingest.versions import Source
from models.dates import parse_date
from models.identifiers import compact
from models.party import Identity, PartyKind
from models.relation import Relation, RelationKind

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
staged_relation = staged_rows(
    "staged_relation",
    Column("organization", ARRAY(LargeBinary)),
    Column("kind", Text),
    Column("begins_on", Date),
    Column("ends_on", Date),
)
staged = staged_relation.c
STAGED = sa.select(sa.func.count()).select_from(staged_relation)


class Relations(Format):
    """Relations of organizations. Who represents one is known to courts only: a line discloses nobody."""

    columns = ("组织名称", "统一社会信用代码", "关系", "姓名或名称", "证件类型", "证件号码", "起始日期", "终止日期")
    staged = staged_relation

    def read(self, cells: Sequence[str]) -> Record:
        organization_name, code, tie, name, number_type, number, begins, ends = cells
        kind = KINDS.get(compact(tie))
        if kind is None:
            raise LineError("RELATION", f"The relation is unknown: write one of {'、'.join(KINDS)}.")
        if compact(number_type) not in PARTY_KINDS:
            raise LineError("ID_TYPE", "The kind of document is unknown: write 居民身份证 or 统一社会信用代码.")
        organization = self.context.subjects.read(PartyKind.ORGANIZATION, organization_name, code)
        subject = self.context.subjects.read(PARTY_KINDS[compact(number_type)], name, number)
        if subject.probes[0] == organization.probes[0]:
            raise LineError("RELATION", "An organization is related to itself: correct one of the two numbers.")
        if kind is RelationKind.LEGAL_REPRESENTATIVE and subject.kind is not PartyKind.PERSON:
            raise LineError("RELATION", "A legal representative is a person: correct the relation or the number.")
        begins_on, ends_on = parse_date(begins), parse_date(ends) if ends else None
        if ends_on and ends_on < begins_on:
            raise LineError("DATE", "The relation ends before it begins: correct the dates.")
        own = (organization.probes, kind, begins_on, ends_on)
        return Record(subject, (), "", own, other=organization)

    async def merge(self, connection: AsyncConnection, source: Source, silent: bool) -> Merged:
        written = (await connection.execute(WRITE)).scalars().all()
        lines = (await connection.execute(STAGED)).scalar_one()
        return Merged(new=sum(written), changed=len(written) - sum(written), unchanged=lines - len(written))


def _write() -> sa.Insert:
    """Add relations; a line with another end than the row's gives the row its own."""
    lines = (
        sa.select(Identity.party_id, staged.party_id, staged.kind, staged.begins_on, staged.ends_on)
        .ext(distinct_on(Identity.party_id, staged.kind, staged.party_id, staged.begins_on))
        .select_from(staged_relation.join(Identity, Identity.index == sa.any_(staged.organization)))
        .order_by(Identity.party_id, staged.kind, staged.party_id, staged.begins_on, staged.ends_on)
    )
    columns = ["organization_id", "party_id", "kind", "begins_on", "ends_on"]
    arriving = insert(Relation).from_select(columns, lines)
    key = [Relation.organization_id, Relation.kind, Relation.party_id, Relation.begins_on]
    written = arriving.on_conflict_do_update(
        index_elements=key,
        set_={"ends_on": arriving.excluded.ends_on},
        where=Relation.ends_on.is_distinct_from(arriving.excluded.ends_on),
    )
    return written.returning(sa.literal_column("xmax = 0", sa.Boolean).label("fresh"))


WRITE = _write()
