"""Relations of the authenticated subject, known to the court or not (DOMAIN 3)."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from engine.declare.relations import About, Frame, Order, Relation
from engine.declare.sql import SQL
from models.access_answer import is_named_by
from resolvers.joins import join
from resolvers.view import SUBJECT


class Litigant:
    """The row type's key: the authenticated subject."""


def select_litigant(audience: Audience, arguments: Mapping[str, SQL]) -> Any:
    """Select one row: the keyed hash of the token, and the subject's party if known."""
    identity = aliased(models.Identity)
    known = sa.select(identity.party_id).where(identity.index == SUBJECT).scalar_subquery()
    return sa.select(SUBJECT.label("subject_index"), known.label("party_id")).subquery("litigant")


def may_see_litigant(row: Frame, audience: Audience) -> SQL:
    return row.subject_index.is_not(None) if audience is Audience.LITIGANT_PORTAL else sa.false()


SELF = Relation(target=Litigant, on=lambda arguments, litigant: sa.true(), keys={})
ABOUT = About(lambda row: row.party_id, details={"index": lambda row: row.subject_index})
PARTY = join(models.Party, "id", "party_id")
ACCESS_RECORDS = Relation(
    target=models.AccessRecord,
    on=lambda me, entry: sa.or_(
        sa.and_(entry.party_id.is_(None), is_named_by(entry.subject_index, me.subject_index)),
        entry.party_id == me.party_id,
    ),
    keys={"subject_index": sa.LargeBinary(), "party_id": sa.BigInteger()},
    orders={"AT": Order(("at",), descending=True)},
)
NOTICES = Relation(
    target=models.SubjectNotice,
    on=lambda me, notice: notice.subject_index == me.subject_index,
    keys={"subject_index": sa.LargeBinary()},
    orders={"AT": Order(("at",), descending=True)},
)
CONSENTS = join(
    models.Consent,
    "subject_index",
    "subject_index",
    sa.LargeBinary(),
    many=True,
    VALID_FROM=Order(("valid_from",), descending=True),
)
SHARE_CODES = join(
    models.ShareCode,
    "subject_index",
    "subject_index",
    sa.LargeBinary(),
    many=True,
    CREATED=Order(("created_at",), descending=True),
)

IDENTITY_CLAIMS = join(
    models.IdentityClaim, "party_id", "party_id", many=True, FILED=Order(("filed_at",), descending=True)
)


def _own(me: Frame, report: Frame) -> SQL:
    code = aliased(models.ShareCode)
    mine = sa.select(code.id).where(code.id == report.share_code_id, code.subject_index == me.subject_index)
    return mine.exists()


INTEGRITY_REPORTS = Relation(
    target=models.IntegrityReport,
    on=_own,
    keys={"subject_index": sa.LargeBinary()},
    many=True,
    orders={"ISSUED": Order(("id",), descending=True)},
)
