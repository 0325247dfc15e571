"""Log entries of a plan. The statement of the answer inserts them."""

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
class EntrySource:
    """The values that the rows of one FROM element supply to log entries.

    answer: the rows, with the columns of `list_about_columns`, and MET if edges lead to other subjects. about: the
    subjects of the root, if any. beyond: whether the page begins after a cursor.
    """

    audit: Audit
    answer: sa.CTE
    about: About | None
    beyond: bool = False

    def build_entries(self) -> list[sa.Select[Any]]:
        """Return selects of the values of each entry, in the order of `Audit.told`."""
        found = []
        if self.about:
            found = [self._given(), self._none()]
        return [*found, *([self._met()] if MET in self.answer.c else [])]

    def _given(self) -> sa.Select[Any]:
        """Select an entry for each subject of each row, or a single entry if the answer has no subjects."""
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
        """Select an entry for each subject of the rows of edges that has no other entry."""
        answer = self.answer.alias()
        subject = sa.func.string_to_table(answer.c[MET], ",").table_valued("subject", name="met_subject")
        found = subject.render_derived()
        key = sa.cast(found.c.subject, self.audit.told["subject"])
        met = sa.select(key.label("subject")).select_from(answer.join(found, sa.true())).where(found.c.subject != "")
        known = self._known()
        others = (met.distinct() if known is None else sa.except_(met, known)).subquery("met")
        return self._telling({"subject": others.c.subject}).select_from(others)

    def _known(self) -> sa.Select[Any] | None:
        """Select the subjects that have entries of their own."""
        columns = self.answer.c
        if ABOUT + "subjects" in columns:
            return sa.select(sa.func.unnest(columns[ABOUT + "subjects"]))
        return sa.select(columns[ABOUT + "subject"]) if ABOUT + "subject" in columns else None

    def _telling(self, told: Mapping[str, SQL]) -> sa.Select[Any]:
        blank: dict[str, SQL] = {name: sa.cast(sa.null(), type_) for name, type_ in self.audit.told.items()}
        blank["result"] = sa.literal(self.audit.given, sa.Text)
        return sa.select(*(part.label(name) for name, part in (blank | dict(told)).items()))


def list_about_columns(about: About | None, row: Frame) -> list[SQL]:
    """Return the columns that the rows of a root supply to log entries."""
    return [part.label(ABOUT + name) for name, part in (about.columns(row) if about else {}).items()]


def build_log_insertion(
    audit: Audit, answers: Sequence[EntrySource], field: str, types: Sequence[str], audience: Audience
) -> sa.CTE | None:
    """Return the CTE that inserts all entries of a root field, or None if there are none."""
    selects = [select for told in answers for select in told.build_entries()]
    if not selects:
        return None
    told = sa.union_all(*selects).subquery("told")
    kinds = sa.cast(sa.literal("{" + ",".join(types) + "}"), sa.ARRAY(sa.Text))
    parts = {name: told.c[name] for name in audit.told}
    columns = audit.columns(sa.literal(field), kinds, sa.literal(audit.audience_name(audience)), parts)
    entries = sa.select(*columns.values()).select_from(told)
    return sa.insert(audit.table).from_select(list(columns), entries).cte("entries")
