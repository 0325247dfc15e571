"""Format `cases`: a line is a participation in a case."""

from collections.abc import Sequence
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.events import update_colours
from ingest.merge.staging import define_lines
from ingest.plausibility import Warnings, check_age, check_case
from ingest.records import FiledCase, Format, FormatContext, LineRecord, Merged
from ingest.reference.vocabulary import make_word_error, quote_word
from ingest.report import LineError
from ingest.subjects import LineSubject, read_name, read_text, refuse_number
from ingest.versions import Source
from models.case_numbers import parse_case_number
from models.code_record import CodeRecord
from models.court_case import Confidentiality, CourtCase, Participation, Role
from models.dates import parse_date
from models.documents import ORGANIZATIONS
from models.party import Party, PartyKind
from models.vocabulary import EITHER, NO, YES, WordKind

FAMILY_CAUSES = (
    "离婚", "婚姻", "婚约", "同居", "抚养", "扶养", "赡养", "监护", "探望", "收养", "继承", "遗嘱", "遗赠",
    "分家析产", "夫妻", "亲子", "家庭", "家暴", "人身安全保护令",
)  # fmt: skip
"""Parts of the causes of action under marriage, family and succession (民事案件案由规定, part 2)."""

SECRET_WORDS = ("商业秘密", "技术秘密")
"""Parts of the causes of action about trade secrets, which are served without case number (R16)."""

REMEMBERED = 50_000
CAUSE_LENGTH = 200
VILLAGE_LENGTH = DIVISION_LENGTH = 100

staged_participation = define_lines(
    "staged_participation",
    sa.Column("name", sa.Text),
    sa.Column("role", sa.Text),
    sa.Column("written_role", sa.Text),
)
row = staged_participation.c


MET = sa.and_(
    Participation.case_id == CourtCase.id,
    Participation.role == row.role,
    sa.or_(
        Participation.party_id == row.party_id,
        sa.and_(Participation.party_id.is_(None), row.party_id.is_(None), Participation.name == row.name),
    ),
)
"""Joins a line to its participation."""

LINES = sa.join(staged_participation, CourtCase, CourtCase.number == row.case_number)
CHANGE = (
    sa.update(Participation)
    .values(written_role=row.written_role)
    .where(CourtCase.number == row.case_number, MET, Participation.written_role.is_distinct_from(row.written_role))
    .returning(Participation.id)
    .execution_options(synchronize_session=False)
)
"""Updates the written role of known participations."""

ADD = (
    insert(Participation)
    .from_select(
        ["case_id", "party_id", "name", "role", "written_role"],
        sa.select(CourtCase.id, row.party_id, row.name, row.role, row.written_role)
        .select_from(LINES)
        .order_by(CourtCase.id),
    )
    .on_conflict_do_nothing()
    .returning(Participation.id, Participation.party_id, Participation.role)
)
NEW = ADD.cte("new")
ADDED = sa.select(
    sa.func.count().filter(~sa.func.coalesce(Party.held, sa.false())),
    sa.func.array_agg(NEW.c.party_id.distinct()).filter(
        NEW.c.role == Role.JUDGMENT_DEBTOR, sa.exists().where(CodeRecord.party_id == NEW.c.party_id)
    ),
).select_from(sa.outerjoin(NEW, Party, Party.id == NEW.c.party_id))
"""Inserts new participations. Returns their number, and debtors with records, which lose gold by enforcement (R11)."""

STAGED = sa.select(sa.func.count(), sa.func.count().filter(sa.func.coalesce(Party.held, sa.false()))).select_from(
    sa.outerjoin(staged_participation, Party, Party.id == row.party_id)
)


class Cases(Format):
    """Reads `cases` files. Cases are cached, since consecutive lines belong to the same case."""

    columns = (
        "案号", "经办法院", "案由", "立案日期", "结案日期", "诉讼地位", "当事人类型", "姓名或名称", "证件类型",
        "证件号码", "村社区", "不公开",
    )  # fmt: skip
    blank = (
        "结案日期",
        "当事人类型",
        "证件类型",
        "证件号码",
        "村社区",
        "不公开",
    )
    optional = ("承办部门",)
    staged = staged_participation

    def __init__(self, context: FormatContext) -> None:
        super().__init__(context)
        self._case = lru_cache(maxsize=REMEMBERED)(self._read_case)
        self._village = lru_cache(maxsize=REMEMBERED)(self._read_village)

    def read(self, cells: Sequence[str]) -> LineRecord:
        number, court, cause, filed, closed, role, kind, name, number_type, party_number, village, private, division = (
            cells
        )
        case, doubts = self._case(number, court, cause, filed, closed, private, division)
        position = self.context.read_role(role)
        subject, warnings = self._subject(kind, name, number_type, party_number)
        born_on = subject.born_on if subject else None
        own = (subject.name if subject else read_name(name), *position)
        place = self._village(village) if born_on else ""
        warnings = (*warnings, *doubts, *check_age(born_on, case.filed_on))
        day = case.closed_on or case.filed_on
        return LineRecord(subject, (case.filed_on,), case.number, own, case, place, warnings, day, case.court_code)

    def _subject(self, kind: str, name: str, document: str, number: str) -> tuple[LineSubject | None, Warnings]:
        """The identified party of a line, or None, and warnings about unknown words."""
        wanted = self.context.vocabulary.meaning(WordKind.PARTY_KIND, kind)
        if self.context.vocabulary.blank(number):
            if wanted is None:
                raise make_word_error(WordKind.PARTY_KIND, kind, "PARTY_TYPE", "The kind of party")
            return None, ()
        found, warnings = self.context.read_document(document, number)
        holder = PartyKind.ORGANIZATION if found in ORGANIZATIONS else PartyKind.PERSON
        if wanted is None:
            warnings += (("PARTY_TYPE", quote_word(kind)),)
        elif wanted not in (EITHER, holder):
            raise LineError("ID_TYPE", "The kind of document does not fit the kind of party: correct one of the two.")
        return self.context.subjects.read(holder, name, number, found), warnings

    def _read_village(self, text: str) -> str:
        kept = "" if self.context.vocabulary.blank(text) else text
        refuse_number(kept, "VILLAGE")
        return read_text(kept, "VILLAGE", limit=VILLAGE_LENGTH)

    def _read_case(
        self, text: str, court: str, cause: str, filed: str, closed: str, private: str, division: str
    ) -> tuple[FiledCase, Warnings]:
        parsed = parse_case_number(text)
        filed_on, closed_on = parse_date(filed), None if self.context.vocabulary.blank(closed) else parse_date(closed)
        if closed_on and closed_on < filed_on:
            raise LineError("DATE", "The case was closed before it was filed: correct the dates.")
        court_code = self.context.find_court(court)
        doubts = check_case(parsed, court_code, filed_on, closed_on)
        case = FiledCase(
            parsed.number,
            court_code,
            parsed.year,
            parsed.type_characters,
            parsed.stage,
            read_text(cause, "CAUSE", required=True, limit=CAUSE_LENGTH),
            self._confidentiality(cause, private),
            filed_on,
            closed_on,
            self._read_division(division),
        )
        return case, doubts

    def _read_division(self, text: str) -> str | None:
        """The division (庭) that has the case, or None."""
        kept = "" if self.context.vocabulary.blank(text) else text
        refuse_number(kept, "DIVISION")
        return read_text(kept, "DIVISION", limit=DIVISION_LENGTH) or None

    def _confidentiality(self, cause: str, private: str) -> Confidentiality:
        """PRIVACY if the court says so, FAMILY or TRADE_SECRET by the cause, else OPEN (R16)."""
        closed = self.context.vocabulary.meaning(WordKind.YES_NO, private) if private else NO
        if closed is None:
            raise LineError(
                "CONFIDENTIALITY", "The column 不公开 holds neither 是 nor 否: write one, or leave it empty."
            )
        if closed == YES:
            return Confidentiality.PRIVACY
        return _by_cause(cause)

    async def merge(self, connection: AsyncConnection, source: Source, silent: bool) -> Merged:
        lines, held = (await connection.execute(STAGED)).one()
        changed = len((await connection.execute(CHANGE)).all())
        new, debtors = (await connection.execute(ADDED)).one()
        await update_colours(connection, debtors or (), source.at, silent=silent)
        return Merged(new=new, changed=changed, unchanged=lines - held - new - changed, held=held)


@lru_cache(maxsize=4096)
def _by_cause(cause: str) -> Confidentiality:
    if any(word in cause for word in SECRET_WORDS):
        return Confidentiality.TRADE_SECRET
    return Confidentiality.FAMILY if any(word in cause for word in FAMILY_CAUSES) else Confidentiality.OPEN
