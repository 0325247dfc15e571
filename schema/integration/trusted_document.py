"""Documents that are registered for the client that asks."""

from datetime import datetime

import models
from auth.audiences import Purpose
from engine.declare.fields import column
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from engine.policy import OPEN
from resolvers.integration.registrations import may_see_trusted_document


@row_type(models.TrustedDocument, seen_by=may_see_trusted_document, requires=OPEN)
class TrustedDocument(Node):
    """A document that you may send by its identifier (已登记文档)."""

    identifier: str = column("By which it is sent as `documentId` (文档标识).")
    text: str = column("The document (文本).")
    purposes: list[Purpose] = column("The only purposes that it may be sent for; all of yours if empty (用途).")
    created_at: datetime = column("Since when (登记时间).")
