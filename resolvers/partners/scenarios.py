"""The "credit +" scenarios (DOMAIN 4): look-ups with the answers for banks, employers and businesses."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience, Purpose
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
from resolvers.credit.grading import is_graded
from resolvers.register.subject_keys import KEYS, bind_subjects, build_view, check_text, find_document, is_person
from resolvers.register.subjects import ABOUT, build_subject_root, prepare
from resolvers.view import NOW, REQUEST, TODAY, Access
from resolvers.visibility.audiences import EVERYBODY, NOBODY
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


class ShownReport:
    """The row type's key: a report that a subject shows to whoever is shown its share code."""


class EmployerReport:
    """The row type's key: a report on an organization to a worker."""


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


def is_risk_withheld(row: Frame, audience: Audience) -> SQL:
    """Return whether the courts give no grade of the subject; null if the caller may not know its credit."""
    return sa.case((reach(row.party_id, audience, Scope.PERSON_CREDIT), ~is_graded(row.party_id)))


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
MARK_BYTES = 8


def prepare_employer(arguments: Mapping[str, Any], context: Any) -> Prepared:
    """Return the look-up of an organization by a worker, for EMPLOYER_CHECK alone. The log names the worker by a mark
    that only the service can make, so that looks of one worker can be told from those of others.

    Raises BadInputError for a person.
    """
    if is_person(arguments["by"]):
        raise BadInputError("`by` must hold an `organizationCode`: a worker looks organizations up, not persons.")
    subject = context.subject.newest if context.subject else b""
    mark = hmac.digest(context.keyring.log_key, subject, "sha256")
    access = Access(Purpose.EMPLOYER_CHECK, operator=mark[:MARK_BYTES].hex())
    return Prepared(bind_subjects(arguments["by"], context.keyring), replace(context.view, access=access))


EMPLOYER = _root(EmployerReport, prepare_employer)

CODE = sa.bindparam(ARGUMENT + "code", type_=sa.LargeBinary)


def select_shared(audience: Audience, arguments: Mapping[str, SQL]) -> Any:
    """Select the row of a live share code, with its subject's party if known."""
    return _select_code(holds(*PERSONS))


def select_shown(audience: Audience, arguments: Mapping[str, SQL]) -> Any:
    """Select the row of a live share code that is for whoever is shown it."""
    return _select_code(holds(Scope.PUBLICATION))


def _select_code(held: SQL) -> Any:
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
        .where(code.code_hash == CODE, shares(code), held)
        .subquery("shared")
    )


REDEEM = use_up(models.ShareCode.code_hash == CODE)
REDEEM_SHOWN = use_up(models.ShareCode.code_hash == CODE, by=(Scope.PUBLICATION,))


def prepare_shared(arguments: Mapping[str, Any], context: Any) -> Prepared:
    """Return the hash of the code, and the view. Raises PurposeError, BadInputError."""
    code = check_text(arguments["code"], "code") or ""
    digest = hash_code(code)
    view = build_view(arguments["access"], context, frozenset({digest}))
    return Prepared({"code": digest}, view, REDEEM if is_single_use(code) else None)


def prepare_shown(arguments: Mapping[str, Any], context: Any) -> Prepared:
    """Return the hash of the code, and the view. Raises BadInputError."""
    code = check_text(arguments["code"], "code") or ""
    digest = hash_code(code)
    view = replace(context.view, shares=frozenset({digest}))
    return Prepared({"code": digest}, view, REDEEM_SHOWN if is_single_use(code) else None)


ABOUT_SHOWN = About(
    lambda row: row.party_id,
    details={
        "index": lambda row: row.subject_index,
        "result": lambda row: sa.literal(MatchOutcome.MATCHED.value, sa.Text),
        "share_code": lambda row: row.share_code_id,
    },
)


def _by_code(target: type, prepare: Prepare) -> Root:
    on = Relation(target=target, on=lambda arguments, report: sa.true(), keys={"code": sa.LargeBinary()})
    return Root(on, ABOUT_SHOWN, prepare)


SHARED = _by_code(SharedReport, prepare_shared)
SHOWN = _by_code(ShownReport, prepare_shown)


def is_matched(row: Frame) -> SQL:
    """Return whether the look-up found its subject."""
    return sa.cast(row.party_id.is_not(None), sa.Boolean)


def shows_credit(row: Frame) -> SQL:
    """Return whether a share code opens the colour and the records of credit."""
    return sa.literal(Scope.PERSON_CREDIT.value, sa.Text) == sa.any_(row.scopes)


def may_see_employer(row: Frame, audience: Audience) -> SQL:
    """A litigant: whatever organization it asks for."""
    return EVERYBODY if audience is Audience.LITIGANT_PORTAL else NOBODY


def may_see_shown(row: Frame, audience: Audience) -> SQL:
    """The public portal: the report of the code that was sent."""
    return EVERYBODY if audience is Audience.PUBLIC_PORTAL else NOBODY
