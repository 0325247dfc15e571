"""Monthly batches."""

from datetime import date, datetime

import models
from auth.policy import any_of
from auth.scopes import Scope
from models.batch import BatchStatus
from resolvers import deductions
from schema.connection import Connection
from schema.court import Court
from schema.declaring import row_type
from schema.deduction import Deduction
from schema.fields import column, connection, relation
from schema.node import Node
from schema.requirements import PUBLISHED


@row_type(
    models.Batch, requires=any_of(Scope.PROCEDURE), description="One month of one court, published at once (批次)."
)
class Batch(Node):
    """A batch."""

    month: date = column("month", "Its month, as the first day (月份).")
    status: BatchStatus = column("status", "Where it stands (状态).")
    published_at: datetime | None = column("published_at", "When it was published (发布时间).")
    court: Court = relation(models.Batch.court, "Its court (法院).", requires=any_of(Scope.CATALOGUE))
    deductions: Connection[Deduction] = connection(
        deductions.OF_BATCH, "What lies in it, newest first (批次扣分).", requires=PUBLISHED
    )
