"""Consents and share codes, as their subject sees them."""

from datetime import date, datetime

import models
from auth.policy import any_of
from auth.scopes import Scope
from schema.client import Client
from schema.declaring import row_type
from schema.fields import column, relation
from schema.node import Node

SELF = any_of(Scope.SELF)


@row_type(
    models.Consent, requires=SELF, description="A consent (授权): to one recipient, for purposes, scopes and a period."
)
class Consent(Node):
    """A consent."""

    reference: str = column("reference", "Number of the authorisation letter (授权书编号).")
    purposes: list[str] = column("purposes", "The purposes it names (用途).")
    scopes: list[str] = column("scopes", "The scopes it names (范围).")
    signed_on: date = column("signed_on", "Day it was signed (签署日期).")
    valid_from: datetime = column("valid_from", "From when (生效时间).")
    valid_to: datetime = column("valid_to", "Until when (失效时间).")
    revoked_at: datetime | None = column("revoked_at", "When it was revoked (撤回时间).")
    client: Client = relation(models.Consent.client, "The recipient (被授权方).")


@row_type(models.ShareCode, requires=SELF, description="A code by which a subject shows its own report (分享码).")
class ShareCode(Node):
    """A share code; the code itself is told once, when it is made."""

    hint: str = column("hint", "What its owner recognises it by (标识).")
    purposes: list[str] = column("purposes", "The purposes it is good for (用途).")
    created_at: datetime = column("created_at", "When it was made (创建时间).")
    valid_to: datetime = column("valid_to", "Until when (失效时间).")
    revoked_at: datetime | None = column("revoked_at", "When it was revoked (撤回时间).")
