"""Format `sanctions`: one fine, detention, admonition or order to leave a line."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import BigInteger, Column, Date, Numeric, SmallInteger, Text

from ingest.catalogue import Colouring
from ingest.recording import RecordingFormat, coloured, staged_records
from ingest.records import Record
from ingest.report import LineError
from models.amounts import parse_amount, parse_days
from models.case_numbers import parse_case_number
from models.dates import parse_date
from models.identifiers import born_minor_on
from models.sanction import LONGEST_DETENTION, RED_TYPES, SANCTION_CASES, Sanction, SanctionKind

KINDS = {
    "罚款": SanctionKind.FINE,
    "拘留": SanctionKind.DETENTION,
    "司法拘留": SanctionKind.DETENTION,
    "训诫": SanctionKind.ADMONITION,
    "责令退出法庭": SanctionKind.ORDERED_OUT,
}


class Sanctions(RecordingFormat):
    """Sanctions: red for 司惩 fines and detentions, otherwise yellow by the behaviour's code type, if it has one."""

    columns = (
        "决定书案号", "关联案号", "被处罚人", "证件号码", "处罚种类", "金额或期限", "行为代码", "决定日期", "生效日期",
    )  # fmt: skip
    staged = staged_records(
        "staged_sanction",
        Column("decision_number", Text),
        Column("related_number", Text),
        Column("court_code", Text),
        Column("behaviour_id", BigInteger),
        Column("kind", Text),
        Column("amount", Numeric),
        Column("days", SmallInteger),
        Column("decided_on", Date),
        Column("effective_on", Date),
    )
    model = Sanction
    key = ("decision_number", "kind")
    source = "sanction_id"

    def read(self, cells: Sequence[str]) -> Record:
        decision, related, name, number, kind_text, measure, behaviour, decided, effective = cells
        decision_number, case = parse_case_number(decision), parse_case_number(related)
        court = self.context.court_coded(decision_number.court_code)
        decided_on, effective_on = parse_date(decided), parse_date(effective)
        if effective_on < decided_on:
            raise LineError("DATE", "The sanction took effect before it was decided: correct the dates.")
        kind = KINDS.get(kind_text)
        if kind is None:
            raise LineError("SANCTION", f"The kind of sanction is unknown: write one of {'、'.join(KINDS)}.")
        behaviour_id, code_type = self._behaviour(behaviour, decided_on)
        if decision_number.type_characters == SANCTION_CASES:
            code_type = RED_TYPES.get(kind, code_type)
        subject = self.context.subjects.read(None, name, number)
        protected = subject.born_on is not None and born_minor_on(subject.born_on, decided_on)
        extent = (_amount(kind, measure), _days(kind, measure))
        numbers = (decision_number.number, case.number, court)
        own = (*numbers, behaviour_id, kind, *extent, decided_on, effective_on)
        colouring = self._colouring(code_type, effective_on)
        return Record(subject, protected, case.number, coloured(own, court, colouring))

    def _behaviour(self, code: str, day: date) -> tuple[int | None, str | None]:
        return self.context.catalogue.behaviour(code.upper(), day) if code else (None, None)

    def _colouring(self, code_type: str | None, effective_on: date) -> Colouring | None:
        return self.context.catalogue.colouring(code_type, effective_on) if code_type else None


def _amount(kind: SanctionKind, text: str) -> Decimal | None:
    """CNY of a fine."""
    if kind is not SanctionKind.FINE:
        return None
    return parse_amount(text)


def _days(kind: SanctionKind, text: str) -> int | None:
    """Days of a detention."""
    if kind is not SanctionKind.DETENTION:
        return None
    days = parse_days(text)
    if days > LONGEST_DETENTION:
        raise LineError("DAYS", f"No detention is longer than {LONGEST_DETENTION} days: correct the length.")
    return days
