"""The "credit +" scenarios (DOMAIN 4): look-ups with the answers for banks, employers and businesses."""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from auth.scopes import PERSONS, Scope
from casework.share_codes import hash_code, is_single_use
from engine.declare.relations import About, Frame, Prepared, Relation, Root
from engine.declare.sql import SQL
from engine.load.errors import BadInputError
from engine.load.statements import ARGUMENT
from models.access_record import MatchOutcome
from models.catalogue import Colour
from models.party_name import is_known_as
from models.terms import COURT_TIME
from resolvers.credit.credit_codes import is_current
from resolvers.register.subject_keys import KEYS, build_view, check_text, find_document, is_person
from resolvers.register.subjects import ABOUT, build_subject_root, prepare
from resolvers.view import NOW, REQUEST, TODAY
from resolvers.visibility.audiences import EVERYBODY
from resolvers.visibility.items import may_see_code_period
from resolvers.visibility.reach import holds, reach, shares, use_up

NARROW = (
    "本结果仅限法律规定的任职资格与严重失信事项，不含颜色、案件数量及劳动争议；"
    "不得据此对求职者实施与岗位无关的歧视。异议向作出记录的法院提出。"
    " Only what the law makes a matter of the post: no colour, no number of cases, no labour disputes. Not to be used "
    "against anybody for what the post does not need; objections go to the court that made the record."
)


class FinanceReport:
    """The row type's key: a report on a subject to a bank."""


class EmploymentReport:
    """The row type's key: a report on a candidate to an employer."""


class CommerceReport:
    """The row type's key: a report on an organization to a business."""


class SharedReport:
    """The row type's key: a report that a subject shows by a share code."""


def may_see_report(row: Frame, audience: Audience) -> SQL:
    """Every caller; the rows that the report leads to are narrowed."""
    return EVERYBODY


def receipt(row: Frame, audience: Audience) -> SQL:
    """Return the id of the answer in the access log (R19)."""
    return sa.cast(REQUEST, sa.Text)


def latest_month(row: Frame, audience: Audience) -> SQL:
    """Return the newest month that a court has published."""
    batch = aliased(models.Batch)
    return sa.select(sa.func.max(batch.month)).where(batch.published_at <= NOW).scalar_subquery()


def next_publication(row: Frame, audience: Audience) -> SQL:
    """Return the day from which this month may be published (R5)."""
    month = sa.func.date_trunc("month", sa.cast(TODAY, sa.DateTime))
    return sa.cast(month + sa.text("interval '1 month'"), sa.Date)


def valid_until(row: Frame, audience: Audience) -> SQL:
    """Return the next publication or the end of the consent, whichever is first."""
    consent = aliased(models.Consent)
    published = sa.func.timezone(COURT_TIME.key, sa.cast(next_publication(row, audience), sa.DateTime))
    ends = sa.select(consent.valid_to).where(consent.id == row.consent_id).scalar_subquery()
    return sa.func.least(published, ends, type_=sa.DateTime(timezone=True))


def letter(row: Frame, audience: Audience) -> SQL:
    """Return the number of the consent that the answer rests on."""
    consent = aliased(models.Consent)
    return sa.select(consent.reference).where(consent.id == row.consent_id).scalar_subquery()


def is_eligible(row: Frame, audience: Audience) -> SQL:
    """Return whether the subject's code is gold today; null if the caller may not know."""
    period = aliased(models.CodePeriod)
    gold = sa.select(period.party_id).where(
        is_current(period, row.party_id, audience),
        period.colour == Colour.GOLD,
        may_see_code_period(Frame(period), audience),
    )
    return sa.case((reach(row.party_id, audience, Scope.PERSON_CREDIT), gold.exists()))


def narrow(row: Frame, audience: Audience) -> SQL:
    """Return the notice for employers."""
    return sa.literal(NARROW, sa.Text)


Prepare = Callable[[Mapping[str, Any], Any], Prepared]


def _only(of_persons: bool, hint: str) -> Prepare:
    """Return a look-up of persons only, or of organizations only. Raises BadInputError for others."""

    def prepared(arguments: Mapping[str, Any], context: Any) -> Prepared:
        if find_document(arguments["by"]) and is_person(arguments["by"]) is not of_persons:
            raise BadInputError(hint)
        return prepare(arguments, context)

    return prepared


def _root(target: type, prepare: Prepare, *, many: bool = False) -> Root:
    relation = Relation(
        target, build_subject_root(many).relation.on, KEYS, many=many, orders=build_subject_root(many).relation.orders
    )
    return Root(relation, ABOUT, prepare)


FINANCE = _root(FinanceReport, prepare, many=True)
EMPLOYMENT = _root(
    EmploymentReport, _only(True, "`by` must hold the candidate's `idNumber`; ask `commerceCheck` for organizations.")
)
COMMERCE = _root(
    CommerceReport, _only(False, "`by` must hold an `organizationCode`: persons are nobody's business partners here.")
)

CODE = sa.bindparam(ARGUMENT + "code", type_=sa.LargeBinary)


def select_shared(audience: Audience, arguments: Mapping[str, SQL]) -> Any:
    """Select the row of a live share code, with its subject's party if known."""
    code, identity, party = aliased(models.ShareCode), aliased(models.Identity), aliased(models.Party)
    return (
        sa.select(
            code.id.label("share_code_id"),
            code.subject_index,
            code.shown_name,
            code.shown_number,
            code.scopes,
            code.valid_to,
            code.single_use,
            party.id.label("party_id"),
            sa.cast(sa.null(), sa.BigInteger).label("consent_id"),
        )
        .select_from(code)
        .outerjoin(identity, identity.index == code.subject_index)
        .outerjoin(
            party, sa.and_(party.id == identity.party_id, party.disclosed, is_known_as(party, code.shown_folded))
        )
        .where(code.code_hash == CODE, shares(code), holds(*PERSONS))
        .subquery("shared")
    )


REDEEM = use_up(models.ShareCode.code_hash == CODE)


def prepare_shared(arguments: Mapping[str, Any], context: Any) -> Prepared:
    """Return the hash of the code, and the view. Raises PurposeError, BadInputError."""
    code = check_text(arguments["code"], "code") or ""
    digest = hash_code(code)
    view = build_view(arguments["access"], context, frozenset({digest}))
    return Prepared({"code": digest}, view, REDEEM if is_single_use(code) else None)


SHARED = Root(
    Relation(target=SharedReport, on=lambda arguments, report: sa.true(), keys={"code": sa.LargeBinary()}),
    About(
        lambda row: row.party_id,
        details={
            "index": lambda row: row.subject_index,
            "result": lambda row: sa.literal(MatchOutcome.MATCHED.value, sa.Text),
            "share_code": lambda row: row.share_code_id,
        },
    ),
    prepare_shared,
)
