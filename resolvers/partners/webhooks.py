"""Webhooks as their clients see them."""

import sqlalchemy as sa

import models
from auth.audiences import Audience
from engine.declare.relations import Frame, Order, Relation
from engine.declare.sql import SQL
from engine.load.view import CLIENT
from resolvers.visibility.predicates import NOBODY, PARTNERS, sees


@sees(models.Webhook)
def _webhook(row: Frame, audience: Audience) -> SQL:
    return sa.cast(row.client_key == CLIENT, sa.Boolean) if audience in PARTNERS else NOBODY


@sees(models.Delivery)
def _delivery(row: Frame, audience: Audience) -> SQL:
    webhook = sa.orm.aliased(models.Webhook)
    own = sa.select(webhook.id).where(webhook.id == row.webhook_id, _webhook(Frame(webhook), audience))
    return own.exists() if audience in PARTNERS else NOBODY


def public_key(row: Frame, audience: Audience) -> SQL:
    """The key as Standard Webhooks writes it."""
    return sa.func.concat("whpk_", sa.func.encode(row.public_key, "base64"))


DELIVERIES = Relation(
    target=models.Delivery,
    on=lambda webhook, delivery: delivery.webhook_id == webhook.id,
    keys={"id": sa.BigInteger()},
    orders={"NEWEST": Order((), descending=True)},
)
