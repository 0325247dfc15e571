"""Inputs of webhooks."""

from datetime import datetime

import strawberry

import models
from models.event import EventKind
from schema.mutation_fields import key, mutation_input
from schema.procedure.procedure_input import ID


@mutation_input
class CreateWebhookInput:
    """Where to send events (回调地址)."""

    url: str = strawberry.field(description="An https address of yours; no address of a private network (地址).")
    kinds: list[EventKind] = strawberry.field(
        default_factory=list, description="Kinds of events; all by default (事件类型)."
    )


@mutation_input
class ChangeWebhookInput:
    """What to change of a webhook (变更回调). What is not given stays as it is."""

    id: strawberry.ID = key(models.Webhook, ID)
    url: str | None = strawberry.field(default=None, description="Another https address of yours (地址).")
    kinds: list[EventKind] | None = strawberry.field(
        default=None, description="Other kinds of events; all for an empty list (事件类型)."
    )


@mutation_input
class DeleteWebhookInput:
    """A webhook that is used no longer (删除)."""

    id: strawberry.ID = key(models.Webhook, ID)


@mutation_input
class RotateWebhookKeysInput:
    """A webhook whose keys are changed (更换密钥)."""

    id: strawberry.ID = key(models.Webhook, ID)


@mutation_input
class DisableWebhookInput:
    """A webhook that is sent nothing more (停用)."""

    id: strawberry.ID = key(models.Webhook, ID)


@mutation_input
class EnableWebhookInput:
    """A webhook that is sent events again, what it missed while it failed first (启用)."""

    id: strawberry.ID = key(models.Webhook, ID)


@mutation_input
class ReplayEventsInput:
    """Events to send once more (重新推送), under the ids that they had."""

    id: strawberry.ID = key(models.Webhook, ID)
    since: datetime = strawberry.field(description="Events from this moment on (起始时间).")
