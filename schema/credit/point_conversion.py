"""Moral-bank conversions and village notices."""

from datetime import date, datetime

import models
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.catalogue import ItemKind
from models.point_conversion import ConversionStatus
from resolvers.visibility.about import ABOUT_NOTICE, ABOUT_PARTY
from resolvers.visibility.predicates import may_see_conversion, may_see_notice
from schema.credit.catalogue import MoralBankItem
from schema.register.household import Household
from schema.requirements import CATALOGUE, CONVERSION, NOTICE


@row_type(models.PointConversion, seen_by=may_see_conversion, about=ABOUT_PARTY, requires=CONVERSION)
class PointConversion(Node):
    """Litigation credit as moral points of a household (积分转换)."""

    points: int = column("Points, negative for deductions (积分).")
    month: date = column("Its month, as the first day (月份).")
    status: ConversionStatus = column("Where it stands (状态).")
    return_reason: str | None = column("Why the head office returned it (退回理由).")
    assessed_at: datetime = column("When the court assessed it (法院评定时间).")
    confirmed_at: datetime | None = column("When the head office confirmed it (总行确认时间).")
    item: MoralBankItem = relation(models.PointConversion.item, "The item (项目).", requires=CATALOGUE)
    household: Household | None = relation(models.PointConversion.household, "The household (家庭).")


@row_type(models.VillageNotice, seen_by=may_see_notice, about=ABOUT_NOTICE, requires=NOTICE)
class VillageNotice(Node):
    """What a village is told (村社告知): category, points and month."""

    category: ItemKind = column("Its category (类别).")
    points: int = column("Points (积分).")
    month: date = column("Its month, as the first day (月份).")
    sent_at: datetime = column("When it was sent (告知时间).")
    acknowledged_at: datetime | None = column("When the village acknowledged it (确认时间).")
