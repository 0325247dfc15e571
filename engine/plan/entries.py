"""The access log of a planned answer: its entries are written by the statement that gives the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.audit import AnswerKind, Audit
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

    @property
    def names(self) -> set[str]:
        """The names in `Audit.told` under which entries may say anything."""
        columns = self.answer.c
        subject = {"subject"} if MET in columns or ABOUT + "subjects" in columns else set()
        return {"result", *subject, *(name for name in self.audit.told if ABOUT + name in columns)}

    def entries(self, names: Sequence[str]) -> list[sa.Select[Any]]:
        """Selects of what each entry tells under these names."""
        about = [self._given(), self._none()] if self.about else []
        met = [self._met()] if MET in self.answer.c else []
        return [one.select(self.audit, names) for one in (*about, *met)]

    def _given(self) -> "Entries":
        """An entry for each subject of each row; for an answer about nobody, one if there are rows."""
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
        """An entry for each subject that edges led to, where the rows did not tell of it."""
        answer = self.answer.alias()
        subject = sa.func.string_to_table(answer.c[MET], ",").table_valued("subject", name="met_subject")
        found = subject.render_derived()
        key = sa.cast(found.c.subject, self.audit.told["subject"])
        met = sa.select(key.label("subject")).select_from(answer.join(found, sa.true())).where(found.c.subject != "")
        known = self._known()
        others = (met.distinct() if known is None else sa.except_(met, known)).subquery("met")
        return Entries({"subject": others.c.subject}, others)

    def _known(self) -> sa.Select[Any] | None:
        """The subjects that rows tell of themselves."""
        columns = self.answer.c
        if ABOUT + "subjects" in columns:
            return sa.select(sa.func.unnest(columns[ABOUT + "subjects"]))
        return sa.select(columns[ABOUT + "subject"]) if ABOUT + "subject" in columns else None


@dataclass(frozen=True)
class Entries:
    """Entries of the log: what each is told beside the usual, from where, and on what condition."""

    told: Mapping[str, SQL]
    source: sa.FromClause | None = None
    where: SQL | None = None

    def select(self, audit: Audit, names: Sequence[str]) -> sa.Select[Any]:
        """What they are told under these names."""
        usual = {"result": sa.literal(audit.given, sa.Text)}
        blank = {name: sa.cast(sa.null(), audit.told[name]) for name in names}
        columns = {**blank, **usual, **self.told}
        found = sa.select(*(columns[name].label(name) for name in names))
        found = found if self.source is None else found.select_from(self.source)
        return found if self.where is None else found.where(self.where)


def about_columns(about: About | None, row: Frame) -> list[SQL]:
    """The columns that a root's rows tell the log by."""
    return [part.label(ABOUT + name) for name, part in (about.columns(row) if about else {}).items()]


def log_insertion(audit: Audit, answers: Sequence[Told], kind: AnswerKind, audience: Audience) -> sa.CTE | None:
    """The insertion of all entries of a root field, as a part of its statement; None where nobody is told of."""
    names = sorted(set().union(*(one.names for one in answers)))
    selects = [select for told in answers for select in told.entries(names)]
    if not selects:
        return None
    told = sa.union_all(*selects).subquery("told")
    return audit.insertion(told, kind, sa.literal(audit.audience_name(audience), sa.Text)).cte("entries")
