"""The risk grade of a subject, from the records that the reader may see, each given as a reason (PIPL 24)."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from auth.scopes import Scope
from engine.declare.relations import Frame, Order, Predicate, Relation
from engine.declare.sql import SQL
from models.grading import ORDINARY, RiskGrade, RuleSource
from resolvers.joins import is_in_force, join
from resolvers.view import TODAY
from resolvers.visibility.audiences import EVERYBODY
from resolvers.visibility.items import may_see_certificate, may_see_code_record, may_see_deduction, may_see_listing
from resolvers.visibility.publicity import has_published
from resolvers.visibility.reach import reach

NOTICE = (
    "本等级依公开规则由所列记录得出，不是自动化决策，不得作为唯一依据；"
    "对记录有异议的，可向作出记录的法院诉讼信用管理中心提出。"
    " This grade follows from the records listed, by public rules. It is no automated decision, and must not be the "
    "sole ground of one (PIPL 24); objections go to the Litigation Credit Management Centre of the court of the record."
)
GRADES = sa.cast([grade.value for grade in RiskGrade], sa.ARRAY(sa.Text))
"""All grades as a PostgreSQL array, best first."""

SOURCES: Mapping[RuleSource, tuple[type[Any], Predicate, str | None]] = {
    RuleSource.CODE_RECORD: (models.CodeRecord, may_see_code_record, "colour"),
    RuleSource.DEDUCTION: (models.Deduction, may_see_deduction, "tier"),
    RuleSource.LISTING: (models.Listing, may_see_listing, "kind"),
    RuleSource.CERTIFICATE: (models.Certificate, may_see_certificate, None),
}
"""The table, predicate and compared column of each source of rules."""

PARTY = {"party_id": sa.BigInteger()}


class Grade:
    """The row type's key: the grade of a party."""


class Reason:
    """The row type's key: a record of a party, and the rule that applies to it."""


def reasons_of(parent: Frame, audience: Audience, arguments: Mapping[str, SQL]) -> sa.Select[Any]:
    """Return the party's records that the audience sees and a rule in force names, worst first."""
    found = sa.union_all(*(_of_source(source, parent.party_id, audience) for source in SOURCES)).subquery("found")
    place = sa.func.row_number().over(order_by=(found.c.rank.desc(), found.c.rule_id, found.c.record))
    return sa.select(*found.c, place.label("ordinal"))


def _of_source(source: RuleSource, party_id: SQL, audience: Audience) -> sa.Select[Any]:
    model, sees, column = SOURCES[source]
    record, rule, version = aliased(model), aliased(models.GradingRule), aliased(models.CatalogueVersion)
    value = sa.literal("", sa.Text) if column is None else sa.cast(getattr(record, column), sa.Text)
    named = sa.and_(rule.source == source, rule.value == value)
    keys = {other: sa.cast(sa.null(), sa.BigInteger) for other in SOURCES} | {source: record.id}
    rank = sa.func.array_position(GRADES, sa.cast(rule.grade, sa.Text))
    return (
        sa.select(
            sa.type_coerce(record.party_id, sa.BigInteger).label("party_id"),
            rule.id.label("rule_id"),
            rank.label("rank"),
            record.id.label("record"),
            *(key.label(f"{other.value.lower()}_id") for other, key in keys.items()),
        )
        .join_from(record, rule, named)
        .join(version, sa.and_(version.id == rule.version_id, is_in_force(version, TODAY)))
        .where(record.party_id == party_id, sees(Frame(record), audience))
        .correlate_except(record, rule, version)
    )


def grade_of(parent: Frame, audience: Audience, arguments: Mapping[str, SQL]) -> sa.Select[Any]:
    """Return the party and its grade."""
    party = sa.type_coerce(parent.party_id, sa.BigInteger)
    return worst_of(parent, audience).add_columns(party.label("party_id"))


def worst_of(parent: Frame, audience: Audience) -> sa.Select[Any]:
    """Return the worst grade of the reasons; the ordinary grade without any."""
    reasons = reasons_of(parent, audience, {}).subquery("reasons")
    ordinary = list(RiskGrade).index(ORDINARY) + 1
    worst = sa.func.coalesce(sa.func.max(reasons.c.rank), ordinary)
    grade = sa.case(*((worst == place, grade.value) for place, grade in enumerate(RiskGrade, 1)))
    return sa.select(grade.label("grade")).select_from(reasons)


def notice(row: Frame, audience: Audience) -> SQL:
    """Return the notice that must accompany a grade."""
    return sa.literal(NOTICE, sa.Text)


def is_graded(party_id: SQL) -> SQL:
    """Return whether a party has a grade: no court that gives none has published about it, and there is a court that
    gives grades."""
    silent, giving = aliased(models.Court), aliased(models.Court)
    withholds = sa.select(silent.code).where(~silent.gives_grades, has_published(silent.code, party_id))
    withheld = withholds.correlate_except(silent).exists()
    return sa.and_(~withheld, sa.select(giving.code).where(giving.gives_grades).exists())


def may_see_grade(row: Frame, audience: Audience) -> SQL:
    """Audiences that may know of the subject's credit: without that scope the worst records would be missing (R15).
    Nobody, where its courts give no grades."""
    return sa.and_(reach(row.party_id, audience, Scope.PERSON_CREDIT), is_graded(row.party_id))


def may_see_reason(row: Frame, audience: Audience) -> SQL:
    """The reader of the record."""
    return EVERYBODY


GRADE = Relation(
    target=Grade,
    on=lambda report, grade: sa.cast(grade.party_id == report.party_id, sa.Boolean),
    keys=PARTY,
    source=grade_of,
)
REASONS = Relation(
    target=Reason,
    on=lambda grade, reason: sa.cast(reason.party_id == grade.party_id, sa.Boolean),
    keys=PARTY,
    many=True,
    orders={"GRAVEST": Order(("ordinal",))},
    source=reasons_of,
)


def record_of(source: RuleSource) -> Relation:
    """Return the relation from a reason to its record, if it is of this source."""
    model, _, _ = SOURCES[source]
    return join(model, "id", f"{source.value.lower()}_id")


RULE = join(models.GradingRule, "id", "rule_id")
