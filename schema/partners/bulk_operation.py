"""Bulk operations."""

from datetime import datetime

import strawberry

import models
from engine.declare.fields import column, expression
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.bulk_operation import BulkError, BulkKind, BulkState
from resolvers.partners import bulk_operations
from resolvers.partners.bulk_operations import may_see_operation
from schema.inputs import id_input, mutation_input, optional, required
from schema.requirements import BULK

REFERENCE = "Your own reference for it (机构业务编号)."
VARIABLES = "Its variables, as the text of a JSON object (变量)."


@row_type(models.BulkOperation, seen_by=may_see_operation, requires=BULK)
class BulkOperation(Node):
    """A document that runs page by page in the background, into a file of JSON lines (批量作业)."""

    kind: BulkKind = column("What it reads (作业类型).")
    state: BulkState = column("Where it stands (状态).")
    reference: str | None = column(REFERENCE)
    object_count: int = column("Lines written so far (已写行数).", of="objects")
    total: int | None = column("Lines to be read, of a file (总行数).")
    size: int = column("Bytes of the compressed file so far (文件大小).")
    sha256: str | None = expression(
        bulk_operations.sha256, "SHA-256 of the compressed file, in hexadecimal (文件摘要); once it is complete."
    )
    error: BulkError | None = column("Why it failed (失败原因).")
    created_at: datetime = column("When it was asked for (创建时间).")
    started_at: datetime | None = column("When it began (开始时间).")
    ended_at: datetime | None = column("When it ended (结束时间).")
    expires_at: datetime | None = column("Until when its file is kept (有效期至).")


@mutation_input
class StartExportInput:
    """A list to export whole (导出)."""

    document: str = required(
        "A query for one list: a connection with `nodes` or `edges`. Its `first` is not read (查询文档)."
    )
    variables: str | None = optional(VARIABLES)
    reference: str | None = optional(REFERENCE)


@mutation_input
class StartBatchCheckInput:
    """A file of subjects to check (批量核查)."""

    upload: strawberry.ID = required("What POST /uploads answered (上传编号).")
    document: str = required(
        "A query with `subjects` or `financeCheck` by `$by`; each line gets its own answer (查询文档)."
    )
    variables: str | None = optional(VARIABLES)
    reference: str | None = optional(REFERENCE)


@mutation_input
class StartBatchWatchInput:
    """A file of subjects to watch (批量监测)."""

    upload: strawberry.ID = required("What POST /uploads answered (上传编号).")
    reference: str | None = optional(REFERENCE)


CancelBulkOperationInput = id_input(
    "CancelBulkOperationInput", models.BulkOperation, "A bulk operation to end (取消作业)."
)
SignDownloadInput = id_input("SignDownloadInput", models.BulkOperation, "A file to fetch (下载).")
