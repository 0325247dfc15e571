"""Debtors, creditors and defendants without a scripted history."""

from demo.city.cast import DEMO_COURT
from demo.city.draft import Draft, Row
from demo.city.places import NINGBO_COURTS
from demo.city.register import add_newcomer
from demo.records.cases import open_case, take_part
from demo.records.codes import compute_colour, enforce
from models.catalogue import Colour
from models.code_record import CodeRecord
from models.court_case import CourtCase, Role

CREDITOR_SHARE = 8
"""One of this many applicants for enforcement is new."""


class Population:
    """Creates subjects and selects courts."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.creditors: list[Row] = []

    def coloured(self, colour: Colour) -> int:
        """The number of parties whose colour is `colour` today for the court."""
        return sum(compute_colour(self.draft, party) is colour for party in list(self.draft.records))

    def court(self) -> str:
        """Every eighth subject belongs to Yuyao, the others to all courts in turn."""
        turn = len(self.draft.rows[CodeRecord])
        return DEMO_COURT if turn % 8 == 0 else NINGBO_COURTS[turn // 8 % len(NINGBO_COURTS)]

    def creditor(self, court: str) -> Row:
        """An applicant for enforcement, usually a known one."""
        if self.creditors and len(self.draft.rows[CourtCase]) % CREDITOR_SHARE:
            return self.draft.random.choice(self.creditors[-200:])
        self.creditors.append(add_newcomer(self.draft, court, self.draft.ago(1000, 1100)))
        return self.creditors[-1]

    def debtor(self, least: int, most: int) -> tuple[Row, Row]:
        """A new subject with an open enforcement case, filed between `least` and `most` days ago."""
        court, filed = self.court(), self.draft.ago(least, most)
        party = add_newcomer(self.draft, court, filed)
        return party, enforce(self.draft, party, self.creditor(court), court, filed, None)

    def heard(self, least: int = 150, most: int = 350) -> tuple[Row, Row]:
        """A new subject that was sued some months ago, and the closed case."""
        court, filed = self.court(), self.draft.ago(least, most)
        party = add_newcomer(self.draft, court, filed)
        case = open_case(self.draft, court, "民初", filed, self.draft.after(filed, 60, 140))
        take_part(self.draft, case, self.creditor(court), Role.PLAINTIFF)
        take_part(self.draft, case, party, Role.DEFENDANT)
        return party, case
