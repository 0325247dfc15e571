"""Bulletins."""

from datetime import date, datetime

import models
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.bulletin import BulletinKind
from resolvers.visibility.predicates import may_see_bulletin
from schema.register.court import Court
from schema.requirements import CATALOGUE


@row_type(models.Bulletin, seen_by=may_see_bulletin, requires=CATALOGUE)
class Bulletin(Node):
    """What a court publishes about a month (通报)."""

    kind: BulletinKind = column("Its kind (种类).")
    month: date = column("Its month, as the first day (月份).")
    title: str = column("Title (标题).")
    body: str = column("Text (正文).")
    published_at: datetime = column("When it was published (发布时间).")
    court: Court = relation(models.Bulletin.court, "The court (法院).")
