"""The access log of a planned answer (R19): its entries are written by the statement that gives the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from auth.audiences import Audience
from engine.declare.relations import About, Frame
from engine.declare.sql import SQL
from engine.load.trail import TOLD, entry_columns
from models.access_record import AccessRecord, AccessResult

ABOUT = "about_"
MET = "met"


@dataclass(frozen=True)
class Told:
    """What the rows of one FROM element tell the log.

    answer: the rows shown, with the columns of `about_columns` and, where edges lead to other parties, MET. about: of
    the root; None where its answer is about nobody. beyond: the page began after a cursor.
    """

    answer: sa.CTE
    about: About | None
    beyond: bool = False

    def entries(self) -> list[sa.Select[Any]]:
        """Selects of what each entry tells, in the order of TOLD."""
        found = []
        if self.about:
            found = [self._given(), self._none()]
        return [*found, *([self._met()] if MET in self.answer.c else [])]

    def _given(self) -> sa.Select[Any]:
        """An entry for each party of each row; for an answer about nobody, one if there are rows."""
        columns, answer = self.answer.c, self.answer
        told = {name: columns[ABOUT + name] for name in TOLD if ABOUT + name in columns}
        if ABOUT + "party_id" in columns:
            return _telling(told).select_from(answer)
        if ABOUT + "parties" not in columns:
            return _telling({}).where(sa.select(answer).exists())
        party = sa.func.unnest(columns[ABOUT + "parties"]).table_valued("party", name="told_party").render_derived()
        return _telling({**told, "party_id": party.c.party}).select_from(answer.outerjoin(party, sa.true()))

    def _none(self) -> sa.Select[Any]:
        result = AccessResult.GIVEN if self.beyond else AccessResult.EMPTY
        return _telling({"result": sa.literal(result.value, sa.Text)}).where(~sa.select(self.answer).exists())

    def _met(self) -> sa.Select[Any]:
        """An entry for each party that edges led to, where the rows did not tell of it."""
        answer = self.answer.alias()
        party = sa.func.string_to_table(answer.c[MET], ",").table_valued("party", name="met_party").render_derived()
        key = sa.cast(party.c.party, sa.BigInteger)
        met = sa.select(key.label("party")).select_from(answer.join(party, sa.true())).where(party.c.party != "")
        known = self._known()
        others = (met.distinct() if known is None else sa.except_(met, known)).subquery("met")
        return _telling({"party_id": others.c.party}).select_from(others)

    def _known(self) -> sa.Select[Any] | None:
        """The parties that rows tell of themselves."""
        columns = self.answer.c
        if ABOUT + "parties" in columns:
            return sa.select(sa.func.unnest(columns[ABOUT + "parties"]))
        return sa.select(columns[ABOUT + "party_id"]) if ABOUT + "party_id" in columns else None


def about_columns(about: About | None, row: Frame) -> list[SQL]:
    """The columns that a root's rows tell the log by."""
    return [part.label(ABOUT + name) for name, part in (about.columns(row) if about else {}).items()]


def _telling(told: Mapping[str, SQL]) -> sa.Select[Any]:
    blank: dict[str, SQL] = {name: sa.cast(sa.null(), type_) for name, type_ in TOLD.items()}
    blank["result"] = sa.literal(AccessResult.GIVEN.value, sa.Text)
    return sa.select(*(part.label(name) for name, part in (blank | dict(told)).items()))


def logged(answers: Sequence[Told], field: str, types: Sequence[str], audience: Audience) -> sa.CTE | None:
    """The insertion of all entries of a root field, as a part of its statement; None where nobody is told of."""
    selects = [select for told in answers for select in told.entries()]
    if not selects:
        return None
    told = sa.union_all(*selects).subquery("told")
    kinds = sa.cast(sa.literal("{" + ",".join(types) + "}"), sa.ARRAY(sa.Text))
    columns = entry_columns(sa.literal(field), kinds, sa.literal(audience.value), {name: told.c[name] for name in TOLD})
    table = AccessRecord.__table__
    return sa.insert(table).from_select(list(columns), sa.select(*columns.values()).select_from(told)).cte("entries")  # type: ignore[arg-type]  # a table
