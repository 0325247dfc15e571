"""Inputs of webhooks."""

from datetime import datetime

import strawberry

import models
from models.event import EventKind
from schema.inputs import ID, id_input, key, mutation_input, optional, required


@mutation_input
class CreateWebhookInput:
    """Where to send events (回调地址)."""

    url: str = required("An https address of yours; no address of a private network (地址).")
    kinds: list[EventKind] = strawberry.field(
        default_factory=list, description="Kinds of events; all by default (事件类型)."
    )
    signed_by_sm2: bool = strawberry.field(
        default=False, description="Whether SM2 signs messages as well (SM2签名); see `Webhook.signedBySm2`."
    )


@mutation_input
class ChangeWebhookInput:
    """What to change of a webhook (变更回调). What is not given stays as it is."""

    id: strawberry.ID = key(models.Webhook, ID)
    url: str | None = optional("Another https address of yours (地址).")
    kinds: list[EventKind] | None = optional("Other kinds of events; all for an empty list (事件类型).")
    signed_by_sm2: bool | None = optional("Whether SM2 signs messages as well from now on (SM2签名).")


DeleteWebhookInput = id_input("DeleteWebhookInput", models.Webhook, "A webhook that is used no longer (删除).")
RotateWebhookKeysInput = id_input(
    "RotateWebhookKeysInput", models.Webhook, "A webhook whose keys are changed (更换密钥)."
)
DisableWebhookInput = id_input("DisableWebhookInput", models.Webhook, "A webhook that is sent nothing more (停用).")
EnableWebhookInput = id_input(
    "EnableWebhookInput",
    models.Webhook,
    "A webhook that is sent events again, what it missed while it failed first (启用).",
)


@mutation_input
class ReplayEventsInput:
    """Events to send once more (重新推送), under the ids that they had."""

    id: strawberry.ID = key(models.Webhook, ID)
    since: datetime = required("Events from this moment on (起始时间).")
