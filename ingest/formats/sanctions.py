"""Format `sanctions`: a line is a decision with one or more fines, detentions, admonitions or orders to leave."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import BigInteger, Column, Date, SmallInteger, Text

from ingest.formats.revocations import SanctionFormat, make_revoked_column
from ingest.merge.staging import define_lines
from ingest.records import LineRecord, derive_days
from ingest.reference.vocabulary import make_word_error
from ingest.report import LineError
from models.amounts import parse_amount, parse_days
from models.case_numbers import parse_case_number
from models.dates import parse_date
from models.party import PartyKind
from models.sanction import LONGEST_DETENTION, RED_TYPES, SANCTION_CASES, Sanction, SanctionKind
from models.vocabulary import WordKind

BETWEEN = re.compile("[、；;/+和及并]")
MEASURED = (SanctionKind.FINE, SanctionKind.DETENTION)
"""Kinds with an amount or a number of days."""


class Sanctions(SanctionFormat):
    """Fines and detentions of 司惩 cases are red; others are yellow if the behaviour has a code type."""

    columns = (
        "决定书案号", "关联案号", "被处罚人", "证件号码", "处罚种类", "金额或期限", "行为代码", "决定日期", "生效日期",
    )  # fmt: skip
    blank = (
        "金额或期限",
        "行为代码",
    )
    staged = define_lines(
        "staged_sanction",
        Column("decision_number", Text),
        Column("related_number", Text),
        Column("court_code", Text),
        Column("behaviour_id", BigInteger),
        Column("kind", Text),
        Column("amount", Sanction.__table__.c.amount.type),  # same scale: 2000 is 2000.00
        Column("days", SmallInteger),
        Column("decided_on", Date),
        Column("effective_on", Date),
        make_revoked_column(),
    )

    def read(self, cells: Sequence[str]) -> LineRecord:
        decision, related, name, number, kind_text, measure, behaviour, decided, effective, revoked = cells
        decision_number, case = parse_case_number(decision), parse_case_number(related)
        court = self.context.check_court(decision_number.court_code)
        decided_on, effective_on = parse_date(decided), parse_date(effective)
        if effective_on < decided_on:
            raise LineError("DATE", "The sanction took effect before it was decided: correct the dates.")
        kinds = self._kinds(kind_text)
        behaviour_id, behaviour_type = self._behaviour(behaviour, decided_on)
        subject = self.context.subjects.read(None, name, number)
        if SanctionKind.DETENTION in kinds and subject.kind is PartyKind.ORGANIZATION:
            raise LineError("SANCTION", "An organization is not detained: correct the kind, or name the person.")
        numbers = (decision_number.number, case.number, court)
        days, records = (*derive_days(case), decided_on), []
        revoked_on = self.read_revocation(revoked, decided_on)
        for kind, (amount, length) in zip(kinds, _extents(kinds, measure), strict=True):
            own = (*numbers, behaviour_id, kind, amount, length, decided_on, effective_on, revoked_on)
            red = RED_TYPES.get(kind) if decision_number.type_characters == SANCTION_CASES else None
            self._check(red or behaviour_type, effective_on)
            warnings = (("DAYS", ""),) if kind is SanctionKind.DETENTION and length is None else ()
            records.append(
                LineRecord(subject, days, case.number, own, warnings=warnings, court_day=decided_on, court=court)
            )
        first, *further = records
        warned = tuple(warning for record in records for warning in record.warnings)
        return first._replace(warnings=warned, further=tuple(further))

    def _kinds(self, text: str) -> tuple[SanctionKind, ...]:
        """The kinds of a decision, such as 罚款、拘留."""
        kinds = self.context.vocabulary.sanctions(text)
        if not kinds:
            raise make_word_error(WordKind.SANCTION, text, "SANCTION", "The kind of sanction")
        return kinds

    def _behaviour(self, code: str, day: date) -> tuple[int | None, str | None]:
        if not code:
            return None, None
        found = self.context.catalogue.behaviour(code.upper(), day)
        return found.key, found.code_type

    def _check(self, code_type: str | None, effective_on: date) -> None:
        if code_type:
            self.context.catalogue.require(code_type, effective_on)


Extent = tuple[Decimal | None, int | None]


def _extents(kinds: Sequence[SanctionKind], text: str) -> list[Extent]:
    """Amount and days of each kind. Several are written in the order of the kinds: 20000元、15日."""
    if len(kinds) == 1:
        return [_extent(kinds[0], text)]
    parts = [part for part in BETWEEN.split(text) if part.strip()]
    measured = [kind for kind in kinds if kind in MEASURED]
    if len(parts) == len(measured):
        own = dict(zip(measured, parts, strict=True))
        return [_extent(kind, own.get(kind, "")) for kind in kinds]
    return [_extent(kind, text) if kind is SanctionKind.FINE else (None, None) for kind in kinds]


def _extent(kind: SanctionKind, text: str) -> Extent:
    """The amount of a fine in CNY, or the days of a detention."""
    if kind is SanctionKind.FINE:
        return parse_amount(text), None
    days = parse_days(text) if kind is SanctionKind.DETENTION else None
    if days and days > LONGEST_DETENTION:
        raise LineError("DAYS", f"No detention is longer than {LONGEST_DETENTION} days: correct the length.")
    return None, days
