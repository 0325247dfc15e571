"""Format `deductions`: a line is a deduction of former years, with its publication and end (R4-R6)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Date, DateTime, SmallInteger, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.consequences import Visible
from casework.keys import bind_keys
from casework.matters import DEDUCTIONS
from casework.procedure import insert_steps
from casework.records import close_records, record_publication, refresh_records
from casework.revocations import REVOKED, withdraw_founded
from casework.terms import bound_end, compute_publicity_end
from casework.versions import COLUMNS
from ingest.formats.known_cases import find_case, read_cases
from ingest.formats.repairs import add_repairs, read_ground
from ingest.keyed_formats import RecordingFormat
from ingest.merge.staging import define_lines
from ingest.records import LineRecord
from ingest.reference.catalogue import Scored
from ingest.report import LineError
from ingest.subjects import read_text
from ingest.versions import Present, Source, Written
from models.case_numbers import parse_case_number
from models.code_record import CloseReason, CodeRecord
from models.dates import parse_date
from models.deduction import FINDINGS, RED_PUBLICITY_MONTHS, Deduction, DeductionStatus, DeductionVersion, FindingKind
from models.objection import Objection, ObjectionOutcome
from models.policy_profile import grade_item
from models.repair import Repair
from models.sanction import Sanction
from models.terms import add_months, to_court_day, to_midnight
from models.vocabulary import WordKind

REASON = "历史数据导入"
"""The reason of the steps and versions that an import creates."""

DOCUMENT_LENGTH = 200
PUBLISHED = DeductionStatus.PUBLISHED
ENDS = {DeductionStatus.WITHDRAWN: CloseReason.WITHDRAWN, DeductionStatus.SHIELDED: CloseReason.SHIELDED}


def _was_amended(row: Any) -> Any:
    """Whether the panel has lowered the points after an objection (R8)."""
    amended = Objection.outcome == ObjectionOutcome.AMENDED
    return sa.select(Objection.id).where(Objection.deduction_id == row.id, amended).exists()


def _expires_on(staged: Any, row: Any) -> Any:
    """The last day of the line, but not later than the end set by a repair (R9). What ends, and what the panel has
    amended, is not public for longer than it was."""
    shortened = sa.select(sa.func.min(Repair.new_end)).where(Repair.deduction_id == row.id).scalar_subquery()
    decided = sa.or_(staged.status != PUBLISHED, _was_amended(row))
    return sa.func.least(staged.expires_on, shortened, sa.case((decided, row.expires_on)))


def _points_of(staged: Any, row: Any) -> Any:
    """The points of the line, but not more than the panel has left."""
    return sa.case((_was_amended(row), sa.func.least(staged.points, row.points)), else_=staged.points)


def _version(staged: Any, row: Any) -> Any:
    """A change of points or last day creates a new version (R5)."""
    same = sa.and_(_points_of(staged, row) == row.points, _expires_on(staged, row) == row.expires_on)
    return sa.case((same, row.version), else_=row.version + 1)


class Deductions(RecordingFormat):
    """Deductions that were decided before this service was introduced, without the people who decided them."""

    columns = (
        "案号", "经办法院", "姓名或名称", "证件类型", "证件号码", "诉讼地位", "行为代码", "扣分", "行为日期",
        "认定日期", "认定文书种类", "认定文书号", "发布日期", "公示期满日", "状态", "结束日期", "结束原因",
    )  # fmt: skip
    blank = (
        "证件类型",
        "公示期满日",
        "结束日期",
        "结束原因",
    )
    staged = define_lines(
        "staged_deduction",
        Column("case_id", BigInteger),
        Column("role", Text),
        Column("behaviour_id", BigInteger),
        Column("stage", Text),
        Column("tier", Text),
        Column("points", SmallInteger),
        Column("version", SmallInteger),
        Column("status", Text),
        Column("conduct_on", Date),
        Column("finding_kind", Text),
        Column("finding_document", Text),
        Column("proposed_at", DateTime(timezone=True)),
        Column("notified_at", DateTime(timezone=True)),
        Column("published_at", DateTime(timezone=True)),
        Column("determined_on", Date),
        Column("expires_on", Date),
        Column("ended_at", DateTime(timezone=True)),
        Column("end_reason", Text),
        Column("ground", Text),
    )
    matter = DEDUCTIONS
    key = ("party_id", "case_id", "behaviour_id", "conduct_on", "finding_document")
    derived: ClassVar[Mapping[str, Present]] = {
        "version": _version,
        "expires_on": _expires_on,
        "points": _points_of,
    }
    only_imported = True

    async def prepare(self, connection: AsyncConnection) -> None:
        """Load the keys of cases."""
        self._cases = await read_cases(connection)

    def read(self, cells: Sequence[str]) -> LineRecord:
        case, court, name, document, number, role, code, points, conduct, determined, *published = cells
        kind, finding, issued, last, state, ended, reason = published
        case_number = parse_case_number(case).number
        court_code = self.context.find_court(court)
        conduct_on, determined_on, published_on = parse_date(conduct), parse_date(determined), parse_date(issued)
        self._check_days(conduct_on, determined_on, published_on)
        behaviour = self.context.catalogue.behaviour(code.upper(), determined_on)
        found = self._finding(kind, behaviour)
        status, ended_at = self._end(state, ended, published_on)
        ground, unclear = read_ground(self.context.vocabulary, reason, status)
        subject, warnings = self.context.read_subject(document, name, number)
        position = self.context.read_role(role)
        stated = self._last(last, behaviour, found, determined_on)
        own = (
            find_case(self._cases, case_number),
            position[0],
            behaviour.key,
            behaviour.stage,
            behaviour.tier,
            _points(points, behaviour),
            1,
            status,
            conduct_on,
            found,
            read_text(finding, "FINDING", required=True, limit=DOCUMENT_LENGTH),
            to_midnight(determined_on),
            to_midnight(published_on) - timedelta(seconds=1),
            to_midnight(published_on),
            determined_on,
            self._bound(court_code, status, behaviour, _points(points, behaviour), determined_on, stated),
            ended_at,
            read_text(reason, "TEXT") or None,
            ground,
        )
        warned = (*warnings, *unclear)
        return LineRecord(
            subject, (conduct_on,), case_number, own, warnings=warned, court_day=published_on, court=court_code
        )

    def stands(self) -> sa.ColumnElement[bool]:
        """A withdrawn deduction stays withdrawn, and a shielded one is not published again (R10)."""
        line, row = self.staged.c.status, self.table.c.status
        withdrawn = sa.and_(row == DeductionStatus.WITHDRAWN, line != DeductionStatus.WITHDRAWN)
        return sa.or_(withdrawn, sa.and_(row == DeductionStatus.SHIELDED, line == PUBLISHED))

    def _check_days(self, conduct_on: date, determined_on: date, published_on: date) -> None:
        if not conduct_on <= determined_on <= published_on <= self.context.today:
            raise LineError(
                "DATE", "Conduct, determination, publication and today do not follow each other: correct the days."
            )

    def _finding(self, word: str, behaviour: Scored) -> FindingKind:
        """The kind of finding. Raises LineError FINDING unless the tier permits it (R7)."""
        found = self.context.read_word(WordKind.FINDING, word, "FINDING", "The document")
        if found not in FINDINGS[behaviour.tier]:
            wanted = ", ".join(FINDINGS[behaviour.tier])
            raise LineError("FINDING", f"A {behaviour.tier} behaviour rests on one of {wanted} (R7): correct it.")
        return FindingKind(found)

    def _last(self, text: str, behaviour: Scored, finding: FindingKind, determined_on: date) -> date:
        """The last day of publicity: as stated, within five years, or by rule (R6)."""
        if self.context.vocabulary.blank(text):
            return compute_publicity_end(behaviour.tier, finding, determined_on)
        longest = add_months(determined_on, RED_PUBLICITY_MONTHS)
        last = parse_date(text, latest=date.max)
        if not determined_on <= last <= longest:
            raise LineError("DATE", f"Publicity ends within {RED_PUBLICITY_MONTHS} months (R6): correct 公示期满日.")
        return last

    def _bound(
        self, court: str, status: DeductionStatus, behaviour: Scored, points: int, determined_on: date, end: date
    ) -> date:
        """The last day of publicity within what the profiles of the court allow, of what is published."""
        starts = self.context.profiles.get(court, ()) if status is PUBLISHED else ()
        return bound_end(starts, grade_item(behaviour.tier, points), determined_on, end) or end

    def _end(self, word: str, ended: str, published_on: date) -> tuple[DeductionStatus, datetime | None]:
        """The status, and when the deduction was withdrawn or shielded."""
        status = DeductionStatus(self.context.read_word(WordKind.DEDUCTION_STATE, word, "STATE", "The state"))
        if status is DeductionStatus.PUBLISHED:
            return status, None
        if self.context.vocabulary.blank(ended):
            raise LineError("DATE", "What was withdrawn or shielded has ended on a day: write 结束日期.")
        ended_on = parse_date(ended)
        if not published_on <= ended_on <= self.context.today:
            raise LineError("DATE", "It ends after its publication, and not in time to come: correct the days.")
        return status, to_midnight(ended_on)

    async def end(
        self, connection: AsyncConnection, source: Source, turn: int, written: Written
    ) -> tuple[Sequence[int], Visible]:
        """Write steps, versions and repairs; create records of published deductions and close those of ended ones."""
        keys = [*written.new, *written.changed]
        if not keys:
            return (), {}
        public, *ended = [await self._of(connection, keys, status, turn) for status in (PUBLISHED, *ENDS)]
        await self._keep_steps(connection, PUBLISHED, {REASON: public.keys()}, source)
        for (status, reason), found in zip(ENDS.items(), ended, strict=True):
            await self._keep_steps(connection, status, _by_reason(found), source)
            await close_records(connection, CodeRecord.deduction_id.in_(found), to_court_day(source.at), reason)
        await self._keep_versions(connection, keys, source)
        await record_publication(connection, public.keys() & set(written.new))
        await refresh_records(connection, public.keys() & set(written.changed))
        await self._withdraw_unfounded(connection, written.new, source)
        lines = sa.and_(self.met(), self.staged.c.turn == turn, Deduction.id == sa.any_(bind_keys(keys)))
        await connection.execute(add_repairs(self.staged, lines, source))
        return (), {}

    async def _withdraw_unfounded(self, connection: AsyncConnection, keys: Sequence[int], source: Source) -> None:
        """Withdraw new deductions that cite a decision that has been revoked (R25)."""
        parties = sa.select(Deduction.party_id).where(Deduction.id == sa.any_(bind_keys(keys)))
        query = sa.select(Sanction.id).where(Sanction.party_id.in_(parties), Sanction.revoked_on.is_not(None))
        if keys and (revoked := (await connection.execute(query)).scalars().all()):
            await withdraw_founded(connection, revoked, source.at, REVOKED)

    async def _of(
        self, connection: AsyncConnection, keys: Sequence[int], status: DeductionStatus, turn: int
    ) -> dict[int, str]:
        """The keys of the deductions with this status, with the reason of their line."""
        reason = sa.func.coalesce(self.staged.c.end_reason, REASON)
        query = sa.select(Deduction.id, reason).where(self.met(), self.staged.c.turn == turn)
        chosen = query.where(Deduction.id == sa.any_(bind_keys(keys)), Deduction.status == status)
        found: Any = await connection.execute(chosen)
        return dict(found.all())

    async def _keep_steps(
        self, connection: AsyncConnection, status: DeductionStatus, keys: Mapping[str, Collection[int]], source: Source
    ) -> None:
        """Write the step to a status. keys: of deductions, by reason."""
        for reason, found in keys.items():
            if found:
                await insert_steps(connection, found, status, None, source.at, reason)

    async def _keep_versions(self, connection: AsyncConnection, keys: Sequence[int], source: Source) -> None:
        """Write new versions. The first is effective from publication (R5)."""
        edition = DeductionVersion
        known = sa.exists().where(edition.deduction_id == Deduction.id, edition.version == Deduction.version)
        at = sa.literal(source.at, sa.DateTime(timezone=True))
        recorded = sa.case((Deduction.version == 1, Deduction.published_at), else_=at)
        content = sa.select(
            Deduction.id,
            Deduction.version,
            Deduction.behaviour_id,
            Deduction.points,
            Deduction.expires_on,
            recorded,
            sa.literal(REASON),
        ).where(Deduction.id.in_(keys), ~known)
        if keys:
            await connection.execute(sa.insert(edition).from_select(COLUMNS, content))


def _by_reason(found: Mapping[int, str]) -> dict[str, list[int]]:
    keys: dict[str, list[int]] = {}
    for key, reason in found.items():
        keys.setdefault(reason, []).append(key)
    return keys


def _points(text: str, behaviour: Scored) -> int:
    """Points within the range of the behaviour (R1). A minus sign is accepted."""
    digits = text.strip().lstrip("-−－").removesuffix("分")
    if not (digits.isascii() and digits.isdigit()) or not behaviour.low <= int(digits) <= behaviour.high:
        raise LineError("POINTS", f"The behaviour takes {behaviour.low} to {behaviour.high} points: correct them.")
    return int(digits)
