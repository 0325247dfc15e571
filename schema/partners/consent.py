"""Consents and share codes."""

from datetime import date, datetime

import models
from auth.scopes import Scope
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from engine.policy import any_of
from models.consent import ConsentOrigin
from resolvers.visibility.about import ABOUT_CONSENT, ABOUT_SHARE_CODE
from resolvers.visibility.predicates import may_see_consent, may_see_share_code
from schema.partners.client import Client
from schema.requirements import COURT_OR_SUBJECT, SELF

KNOWN_CONSENT = any_of(Scope.SELF, Scope.CONSENT, Scope.REGISTER)


@row_type(models.Consent, seen_by=may_see_consent, about=ABOUT_CONSENT, requires=KNOWN_CONSENT)
class Consent(Node):
    """A consent (授权): to one recipient, for purposes, scopes and a period."""

    reference: str = column("Number of the authorisation letter (授权书编号).")
    origin: ConsentOrigin = column("Who says that there is one (来源).")
    purposes: list[str] = column("The purposes it names (用途).")
    scopes: list[str] = column("The scopes it names (范围).")
    signed_on: date = column("Day it was signed (签署日期).")
    valid_from: datetime = column("From when (生效时间).")
    valid_to: datetime = column("Until when (失效时间).")
    revoked_at: datetime | None = column("When it was revoked (撤回时间).")
    suspended_at: datetime | None = column(
        "Since when it answers nothing, because it is disputed or its letter is overdue (暂停时间)."
    )
    client: Client = relation(models.Consent.client, "The recipient (被授权方).", requires=COURT_OR_SUBJECT)


@row_type(models.ShareCode, seen_by=may_see_share_code, about=ABOUT_SHARE_CODE, requires=SELF)
class ShareCode(Node):
    """A code by which a subject shows its own record (分享码)."""

    hint: str = column("What its owner recognises it by (标识).")
    purposes: list[str] = column("The purposes it is good for (用途).")
    scopes: list[str] = column("The scopes it opens (范围).")
    single_use: bool = column("Whether it opens one answer only (一次有效).")
    created_at: datetime = column("When it was made (创建时间).")
    valid_to: datetime = column("Until when (失效时间).")
    used_at: datetime | None = column("When it was used up (使用时间).")
    revoked_at: datetime | None = column("When it was revoked (撤回时间).")
