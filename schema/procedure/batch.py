"""Monthly batches."""

from datetime import date, datetime

import models
from engine.declare.connections import Connection
from engine.declare.fields import column, connection, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.batch import BatchStatus
from resolvers.procedure import deductions
from resolvers.visibility.items import may_see_batch
from schema.procedure.deduction import Deduction
from schema.register.court import Court
from schema.requirements import CATALOGUE, PROCEDURE, PUBLISHED


@row_type(models.Batch, seen_by=may_see_batch, requires=PROCEDURE)
class Batch(Node):
    """One month of one court, published at once (批次)."""

    month: date = column("Its month, as the first day (月份).")
    status: BatchStatus = column("Where it stands (状态).")
    published_at: datetime | None = column("When it was published (发布时间).")
    court: Court = relation(models.Batch.court, "Its court (法院).", requires=CATALOGUE)
    deductions: Connection[Deduction] = connection(
        deductions.OF_BATCH, "What lies in it, newest first (批次扣分).", requires=PUBLISHED
    )
