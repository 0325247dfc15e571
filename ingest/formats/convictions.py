"""Format `convictions`: a line is a criminal conviction."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Column, Date, Text

from ingest.formats.revocations import SanctionFormat, make_revoked_column
from ingest.merge.staging import define_lines
from ingest.records import LineRecord, derive_days
from ingest.report import LineError
from ingest.subjects import read_text
from models.case_numbers import parse_case_number
from models.dates import parse_date
from models.sanction import CONVICTED, CONVICTED_IN_ENFORCEMENT, LONGEST_SENTENCE_MONTHS, SanctionKind
from models.terms import add_months

CRIME_LENGTH = 200


class Convictions(SanctionFormat):
    """A conviction creates a red record from its effective day, or from the end of the sentence (R12)."""

    columns = (
        "判决书号", "判决法院", "姓名或名称", "证件类型", "证件号码", "罪名", "行为日期", "判决日期", "生效日期",
        "刑期起", "刑期止", "相关案号",
    )  # fmt: skip
    blank = (
        "证件类型",
        "行为日期",
        "刑期起",
        "刑期止",
        "相关案号",
    )
    staged = define_lines(
        "staged_conviction",
        Column("decision_number", Text),
        Column("related_number", Text),
        Column("court_code", Text),
        Column("kind", Text),
        Column("crime", Text),
        Column("conduct_on", Date),
        Column("decided_on", Date),
        Column("effective_on", Date),
        Column("sentence_ends_on", Date),
        make_revoked_column(),
    )

    def read(self, cells: Sequence[str]) -> LineRecord:
        judgment, court, name, document, number, crime, conduct, *later = cells
        decided, effective, begins, ends, related, revoked = later
        decision = parse_case_number(judgment)
        code = self.context.find_court(court)
        decided_on, effective_on = parse_date(decided), parse_date(effective)
        conduct_on = self._day(conduct)
        self._check_days(conduct_on, decided_on, effective_on)
        sentence_ends_on = self._sentence(begins, ends, decided_on)
        case_number = "" if self.context.vocabulary.blank(related) else parse_case_number(related).number
        subject, warnings = self.context.read_subject(document, name, number)
        for code_type in (CONVICTED, CONVICTED_IN_ENFORCEMENT):
            self.context.catalogue.require(code_type, effective_on)
        kept = read_text(crime, "TEXT", required=True, limit=CRIME_LENGTH)
        own = (decision.number, case_number, code, SanctionKind.CONVICTION, kept, conduct_on, decided_on, effective_on)
        days = (conduct_on,) if conduct_on else (*derive_days(decision), decided_on)
        return LineRecord(
            subject,
            days,
            case_number,
            (*own, sentence_ends_on, self.read_revocation(revoked, decided_on)),
            warnings=warnings,
            court_day=decided_on,
            court=code,
        )

    def _day(self, text: str, latest: date | None = None) -> date | None:
        return None if self.context.vocabulary.blank(text) else parse_date(text, latest=latest)

    def _check_days(self, conduct_on: date | None, decided_on: date, effective_on: date) -> None:
        if effective_on < decided_on or (conduct_on and decided_on < conduct_on):
            raise LineError(
                "DATE", "The conduct, the judgment and its effect do not follow each other: correct the days."
            )

    def _sentence(self, begins: str, ends: str, decided_on: date) -> date | None:
        """The last day of the sentence. Raises LineError DATE if it precedes the first day or is too late."""
        last = add_months(decided_on, LONGEST_SENTENCE_MONTHS)
        begins_on, ends_on = self._day(begins, last), self._day(ends, last)
        if begins_on and ends_on and ends_on < begins_on:
            raise LineError("DATE", "The sentence ends before it begins: correct the dates.")
        return ends_on
