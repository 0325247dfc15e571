"""Alarms over clients."""

from datetime import datetime

import models
from auth.scopes import Scope
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from engine.policy import any_of
from resolvers.visibility.about import ABOUT_NOBODY
from resolvers.visibility.predicates import may_see_client_alarm
from schema.partners.client import Client

ALARMED = any_of(Scope.AUDIT, Scope.REGISTER)


@row_type(models.ClientAlarm, seen_by=may_see_client_alarm, about=ABOUT_NOBODY, requires=ALARMED)
class ClientAlarm(Node):
    """An alarm: too many of a client's look-ups of persons were misses (核查异常预警). It brakes the client, unless it
    is a public portal, whose misses are those of all its visitors."""

    raised_at: datetime = column("When it was raised (预警时间).")
    since: datetime = column("From when the look-ups were counted (统计起点).")
    look_ups: int = column("Look-ups of persons (自然人核查次数).")
    misses: int = column(
        "Those without consent, under another name than the courts know, or by a share code that shows nothing "
        "(未授权、姓名不符或分享码无效次数)."
    )
    unknown: int = column("Those of persons whom no court knows (未查得次数); they raise no alarm.")
    braked_until: datetime | None = column(
        "Until when the client's look-ups of persons are refused (暂停至); null if the alarm brakes nothing."
    )
    lifted_at: datetime | None = column("When an operator lifted that earlier (解除时间).")
    client: Client = relation(models.ClientAlarm.client, "The client (接入方).")
