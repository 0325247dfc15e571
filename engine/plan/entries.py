"""Log entries of a plan. The statement of the answer inserts them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.audit import AnswerKind, Audit, build_insertion
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

    @property
    def names(self) -> set[str]:
        """The names in `Audit.told` whose values may be other than NULL."""
        columns = self.answer.c
        subject = {"subject"} if MET in columns or ABOUT + "subjects" in columns else set()
        return {"result", *subject, *(name for name in self.audit.told if ABOUT + name in columns)}

    def build_entries(self, names: Sequence[str]) -> list[sa.Select[Any]]:
        """Return selects of the values of each entry under these names."""
        about = [self._given(), self._none()] if self.about else []
        met = [self._met()] if MET in self.answer.c else []
        return [one.select(self.audit, names) for one in (*about, *met)]

    def _given(self) -> "Entries":
        """Return an entry for each subject of each row, or a single entry if the answer has no subjects."""
        columns, answer = self.answer.c, self.answer
        told = {name: columns[ABOUT + name] for name in self.audit.told if ABOUT + name in columns}
        if ABOUT + "subject" in columns:
            return Entries(told, answer)
        if ABOUT + "subjects" not in columns:
            return Entries({}, where=sa.select(answer).exists())
        subject = sa.func.unnest(columns[ABOUT + "subjects"]).table_valued("subject", name="told_subject")
        found = subject.render_derived()
        return Entries({**told, "subject": found.c.subject}, answer.outerjoin(found, sa.true()))

    def _none(self) -> "Entries":
        result = self.audit.given if self.beyond else self.audit.empty
        return Entries({"result": sa.literal(result, sa.Text)}, where=~sa.select(self.answer).exists())

    def _met(self) -> "Entries":
        """Return an entry for each subject of the rows of edges that has no other entry."""
        answer = self.answer.alias()
        subject = sa.func.string_to_table(answer.c[MET], ",").table_valued("subject", name="met_subject")
        found = subject.render_derived()
        key = sa.cast(found.c.subject, self.audit.told["subject"])
        met = sa.select(key.label("subject")).select_from(answer.join(found, sa.true())).where(found.c.subject != "")
        known = self._known()
        others = (met.distinct() if known is None else sa.except_(met, known)).subquery("met")
        return Entries({"subject": others.c.subject}, others)

    def _known(self) -> sa.Select[Any] | None:
        """Select the subjects that have entries of their own."""
        columns = self.answer.c
        if ABOUT + "subjects" in columns:
            return sa.select(sa.func.unnest(columns[ABOUT + "subjects"]))
        return sa.select(columns[ABOUT + "subject"]) if ABOUT + "subject" in columns else None


@dataclass(frozen=True)
class Entries:
    """Entries of the log: the values that differ from the defaults, their FROM element, and their condition."""

    told: Mapping[str, SQL]
    source: sa.FromClause | None = None
    where: SQL | None = None

    def select(self, audit: Audit, names: Sequence[str]) -> sa.Select[Any]:
        """Select the values under these names."""
        usual = {"result": sa.literal(audit.given, sa.Text)}
        blank = {name: sa.cast(sa.null(), audit.told[name]) for name in names}
        columns = {**blank, **usual, **self.told}
        found = sa.select(*(columns[name].label(name) for name in names))
        found = found if self.source is None else found.select_from(self.source)
        return found if self.where is None else found.where(self.where)


def list_about_columns(about: About | None, row: Frame) -> list[SQL]:
    """Return the columns that the rows of a root supply to log entries."""
    return [part.label(ABOUT + name) for name, part in (about.columns(row) if about else {}).items()]


def build_log_insertion(
    audit: Audit, answers: Sequence[EntrySource], kind: AnswerKind, audience: Audience, *, declares: bool = False
) -> sa.CTE | None:
    """Return the CTE that inserts all entries of a root field, or None if there are none. declares: whether the
    statement declares their kind."""
    rows = select_log_rows(audit, answers, kind, audience, declares=declares)
    return None if rows is None else build_insertion(audit, rows).cte("entries")


def select_log_rows(
    audit: Audit, answers: Sequence[EntrySource], kind: AnswerKind, audience: Audience, *, declares: bool = False
) -> sa.Select[Any] | None:
    """Select the rows to insert for all entries of a root field; None if there are none."""
    names = sorted(set().union(*(one.names for one in answers)))
    selects = [select for told in answers for select in told.build_entries(names)]
    if not selects:
        return None
    told = sa.union_all(*selects).subquery("told")
    return audit.select_rows(told, kind, sa.literal(audit.audience_name(audience), sa.Text), declares=declares)
