"""Format `sanctions`: one fine, detention, admonition or order to leave a line."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import BigInteger, Column, Date, Numeric, SmallInteger, Text

from ingest.catalogue import Colouring
from ingest.recording import RecordingFormat, coloured, staged_records
from ingest.records import Record, filing_days
from ingest.report import LineError
from models.identifiers import compact, parse_case_number, parse_date
from models.sanction import LONGEST_DETENTION, RED_TYPES, SANCTION_CASES, Sanction, SanctionKind

KINDS = {
    "罚款": SanctionKind.FINE,
    "拘留": SanctionKind.DETENTION,
    "司法拘留": SanctionKind.DETENTION,
    "训诫": SanctionKind.ADMONITION,
    "责令退出法庭": SanctionKind.ORDERED_OUT,
}
AMOUNT = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,2})?)元?")
DAYS = re.compile(r"([0-9]{1,2})[日天]")


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
        extent = (_amount(kind, measure), _days(kind, measure))
        numbers = (decision_number.number, case.number, court)
        own = (*numbers, behaviour_id, kind, *extent, decided_on, effective_on)
        colouring = self._colouring(code_type, effective_on)
        return Record(subject, (*filing_days(case), decided_on), case.number, coloured(own, court, colouring))

    def _behaviour(self, code: str, day: date) -> tuple[int | None, str | None]:
        return self.context.catalogue.behaviour(code.upper(), day) if code else (None, None)

    def _colouring(self, code_type: str | None, effective_on: date) -> Colouring | None:
        return self.context.catalogue.colouring(code_type, effective_on) if code_type else None


def _amount(kind: SanctionKind, text: str) -> Decimal | None:
    """CNY of a fine."""
    if kind is not SanctionKind.FINE:
        return None
    found = AMOUNT.fullmatch(compact(text).replace(",", ""))
    if not found or not Decimal(found[1]):
        raise LineError("AMOUNT", "The amount of the fine cannot be read: write CNY in digits, such as 20000.")
    return Decimal(found[1])


def _days(kind: SanctionKind, text: str) -> int | None:
    """Days of a detention."""
    if kind is not SanctionKind.DETENTION:
        return None
    found = DAYS.fullmatch(compact(text))
    if not found or not 1 <= int(found[1]) <= LONGEST_DETENTION:
        raise LineError("DAYS", f"The length of the detention cannot be read: write 1日 to {LONGEST_DETENTION}日.")
    return int(found[1])
