"""Webhooks."""

from datetime import datetime

import models
from engine.declare.connections import Connection
from engine.declare.fields import column, connection, expression, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.event import EventKind
from models.webhook import DeliveryFailure, DisableReason
from resolvers.partners import webhooks
from resolvers.partners.webhooks import may_see_delivery, may_see_webhook
from schema.partners.event import Event
from schema.requirements import EVENT


@row_type(models.Delivery, seen_by=may_see_delivery, requires=EVENT)
class Delivery(Node):
    """An event on its way to a webhook (推送记录): tried until it is taken, or given up after four days."""

    event: Event | None = relation(models.Delivery.event, "The event (事件), as far as it is yours to see.")
    attempts: int = column("How often it was tried (尝试次数).")
    status: int | None = column("HTTP status of the last answer; none where none came (应答状态).")
    failure: DeliveryFailure | None = column("Why no answer came to the last attempt (失败原因).")
    next_at: datetime | None = column("When it is tried next; none once it has ended (下次推送时间).")
    delivered_at: datetime | None = column("When it was taken (送达时间).")
    given_up_at: datetime | None = column(
        "When it was refused for the last time (放弃时间); `replayEvents` sends it once more."
    )


@row_type(models.Webhook, seen_by=may_see_webhook, requires=EVENT)
class Webhook(Node):
    """Where you are told of events without asking (回调), Standard Webhooks 1.0."""

    url: str = column("The address (地址).")
    kinds: list[EventKind] = column("The kinds of events that are sent; all where there are none (事件类型).")
    public_key: str = expression(
        webhooks.public_key, "The Ed25519 key to check `v1a` signatures by (公钥), Standard Webhooks."
    )
    signed_by_sm2: bool = column(
        "Whether messages have a signature `SM2-SM3` as well (SM2签名), by one of `sm2_keys` of `/oauth/jwks.json`."
    )
    key_version: int = column("How many keys it has had (密钥版本).")
    created_at: datetime = column("Since when (创建时间).")
    rotated_at: datetime | None = column("When its keys were changed (换钥时间); for a day both sign.")
    taken_at: datetime | None = column("When anything was last taken (最近送达时间).")
    disabled_at: datetime | None = column("Since when it is sent nothing (停用时间).")
    disable_reason: DisableReason | None = column("Why (停用原因).")
    deleted_at: datetime | None = column(
        "When it was deleted (删除时间); `webhooks` lists it no more, and it counts no more."
    )
    deliveries: Connection[Delivery] = connection(webhooks.DELIVERIES, "What was sent, newest first (推送记录).")
