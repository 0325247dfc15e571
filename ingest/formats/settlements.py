"""Format `settlements`: a line is a settlement or mediation that a party has performed (DOMAIN 5)."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, Date, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.assessments import assess_settlements
from casework.conversions import reverse
from ingest.formats.known_cases import find_case, read_cases
from ingest.formats.revocations import RevocableFormat, make_revoked_column
from ingest.merge.staging import define_lines
from ingest.records import LineRecord, Merged
from ingest.subjects import read_text
from ingest.versions import Source
from models.case_numbers import parse_case_number
from models.dates import parse_date
from models.identifiers import compact
from models.point_conversion import PointConversion
from models.settlement import LONGEST_DOCUMENT, Settlement


class Settlements(RevocableFormat):
    """Performed settlements, for which the moral bank grants the bonus MB2."""

    columns = ("案号", "姓名或名称", "证件类型", "证件号码", "文书号", "履行日期")
    blank = ("证件类型",)
    staged = define_lines(
        "staged_settlement",
        Column("case_id", BigInteger),
        Column("court_code", Text),
        Column("document", Text),
        Column("performed_on", Date),
        make_revoked_column(),
    )
    table = Settlement.__table__
    noted = "settlement_id"
    key = ("case_number", "party_id", "document")

    async def prepare(self, connection: AsyncConnection) -> None:
        """Load the keys of cases."""
        self._cases = await read_cases(connection)

    def read(self, cells: Sequence[str]) -> LineRecord:
        case, name, kind, number, document, performed, revoked = cells
        parsed = parse_case_number(case)
        court = self.context.check_court(parsed.court_code)
        subject, warnings = self.context.read_subject(kind, name, number)
        performed_on = parse_date(performed, latest=self.context.today)
        text = read_text(compact(document), "TEXT", required=True, limit=LONGEST_DOCUMENT)
        key = find_case(self._cases, parsed.number)
        own = (key, court, text, performed_on, self.read_revocation(revoked, performed_on))
        days = (performed_on,)
        return LineRecord(subject, days, parsed.number, own, warnings=warnings, court_day=performed_on, court=court)

    async def merge_turn(self, connection: AsyncConnection, source: Source, turn: int, silent: bool) -> Merged:
        written = await self.make_rule().write(connection, source, turn)
        if not silent:
            keys = [*written.new, *written.changed]
            revoked = await self.find_revoked(connection, keys)
            await reverse(connection, PointConversion.settlement_id, revoked, source.at)
            await assess_settlements(connection, keys, source.at)
        return await self.count_lines(connection, turn, written.new, written.changed, written.outdated)
