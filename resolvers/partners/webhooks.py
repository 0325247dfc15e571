"""Visibility of webhooks and their deliveries."""

import sqlalchemy as sa

import models
from auth.audiences import Audience
from engine.declare.relations import Frame, Order
from engine.declare.sql import SQL
from resolvers.joins import join
from resolvers.view import CLIENT
from resolvers.visibility.audiences import NOBODY, TOLD


def may_see_webhook(row: Frame, audience: Audience) -> SQL:
    return sa.cast(row.client_key == CLIENT, sa.Boolean) if audience in TOLD else NOBODY


def may_see_delivery(row: Frame, audience: Audience) -> SQL:
    webhook = sa.orm.aliased(models.Webhook)
    own = sa.select(webhook.id).where(webhook.id == row.webhook_id, may_see_webhook(Frame(webhook), audience))
    return own.exists() if audience in TOLD else NOBODY


def public_key(row: Frame, audience: Audience) -> SQL:
    """Return the key in the format of Standard Webhooks."""
    return sa.func.concat("whpk_", sa.func.encode(row.public_key, "base64"))


DELIVERIES = join(models.Delivery, "webhook_id", NEWEST=Order((), descending=True))
