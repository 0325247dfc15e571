"""The access log of a planned answer: its entries are written by the statement that gives the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.audit import Audit
from engine.declare.relations import About, Audience, Frame
from engine.declare.sql import SQL

ABOUT = "about_"
MET = "met"


@dataclass(frozen=True)
class Told:
    """What the rows of one FROM element tell the log.

    answer: the rows shown, with the columns of `about_columns` and, where edges lead to other subjects, MET. about: of
    the root; None where its answer is about nobody. beyond: the page began after a cursor.
    """

    audit: Audit
    answer: sa.CTE
    about: About | None
    beyond: bool = False

    def entries(self) -> list[sa.Select[Any]]:
        """Selects of what each entry tells, in the order of `Audit.told`."""
        found = []
        if self.about:
            found = [self._given(), self._none()]
        return [*found, *([self._met()] if MET in self.answer.c else [])]

    def _given(self) -> sa.Select[Any]:
        """An entry for each subject of each row; for an answer about nobody, one if there are rows."""
        columns, answer = self.answer.c, self.answer
        told = {name: columns[ABOUT + name] for name in self.audit.told if ABOUT + name in columns}
        if ABOUT + "subject" in columns:
            return self._telling(told).select_from(answer)
        if ABOUT + "subjects" not in columns:
            return self._telling({}).where(sa.select(answer).exists())
        subject = sa.func.unnest(columns[ABOUT + "subjects"]).table_valued("subject", name="told_subject")
        found = subject.render_derived()
        return self._telling({**told, "subject": found.c.subject}).select_from(answer.outerjoin(found, sa.true()))

    def _none(self) -> sa.Select[Any]:
        result = self.audit.given if self.beyond else self.audit.empty
        return self._telling({"result": sa.literal(result, sa.Text)}).where(~sa.select(self.answer).exists())

    def _met(self) -> sa.Select[Any]:
        """An entry for each subject that edges led to, where the rows did not tell of it."""
        answer = self.answer.alias()
        subject = sa.func.string_to_table(answer.c[MET], ",").table_valued("subject", name="met_subject")
        found = subject.render_derived()
        key = sa.cast(found.c.subject, self.audit.told["subject"])
        met = sa.select(key.label("subject")).select_from(answer.join(found, sa.true())).where(found.c.subject != "")
        known = self._known()
        others = (met.distinct() if known is None else sa.except_(met, known)).subquery("met")
        return self._telling({"subject": others.c.subject}).select_from(others)

    def _known(self) -> sa.Select[Any] | None:
        """The subjects that rows tell of themselves."""
        columns = self.answer.c
        if ABOUT + "subjects" in columns:
            return sa.select(sa.func.unnest(columns[ABOUT + "subjects"]))
        return sa.select(columns[ABOUT + "subject"]) if ABOUT + "subject" in columns else None

    def _telling(self, told: Mapping[str, SQL]) -> sa.Select[Any]:
        blank: dict[str, SQL] = {name: sa.cast(sa.null(), type_) for name, type_ in self.audit.told.items()}
        blank["result"] = sa.literal(self.audit.given, sa.Text)
        return sa.select(*(part.label(name) for name, part in (blank | dict(told)).items()))


def list_about_columns(about: About | None, row: Frame) -> list[SQL]:
    """The columns that a root's rows tell the log by."""
    return [part.label(ABOUT + name) for name, part in (about.columns(row) if about else {}).items()]


def build_log_insertion(
    audit: Audit, answers: Sequence[Told], field: str, types: Sequence[str], audience: Audience
) -> sa.CTE | None:
    """The insertion of all entries of a root field, as a part of its statement; None where nobody is told of."""
    selects = [select for told in answers for select in told.entries()]
    if not selects:
        return None
    told = sa.union_all(*selects).subquery("told")
    kinds = sa.cast(sa.literal("{" + ",".join(types) + "}"), sa.ARRAY(sa.Text))
    parts = {name: told.c[name] for name in audit.told}
    columns = audit.columns(sa.literal(field), kinds, sa.literal(audit.audience_name(audience)), parts)
    entries = sa.select(*columns.values()).select_from(told)
    return sa.insert(audit.table).from_select(list(columns), entries).cte("entries")
