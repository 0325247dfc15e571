"""What a performance would change of a credit code."""

from datetime import date

import strawberry

from casework.outlooks import PerformanceEffect, RecordEffect
from engine.declare.directives import RequiresScopes
from engine.declare.fields import Info
from engine.declare.opaque import seal
from engine.policy import require
from models.catalogue import Colour
from schema.enums import declare_enum
from schema.requirements import FORESEEN

REQUIRES = [RequiresScopes.of(FORESEEN)]

declare_enum(
    PerformanceEffect,
    "What a performance does to a record: it ENDS, becomes REPAIRABLE on application, or STAYS (履行影响).",
)


def _id(root: strawberry.Parent[RecordEffect], info: Info) -> strawberry.ID:
    return strawberry.ID(seal(f"CodeRecord:{root.key}".encode(), info.context.caller.keyring.opaque_key))


@strawberry.type(description="What becomes of a record by a performance (履行对记录的影响).", directives=REQUIRES)
class RecordOutlook:
    """The effect on one record."""

    record_id: strawberry.ID = strawberry.field(resolver=_id, description="The record (信用码记录).")
    effect: PerformanceEffect = strawberry.field(description="What becomes of it (影响).")
    repair_from: date | None = strawberry.field(
        description="REPAIRABLE only: the first day on which its repair may be applied for (可申请修复日期)."
    )


@strawberry.type(
    description="What changes if it is performed (履行后展望): computed by the rule of the colour itself. It promises"
    " nothing: the court decides on removal and repair.",
    directives=REQUIRES,
)
class CreditOutlook:
    """A colour after a performance."""

    performed_on: date = strawberry.field(description="The day of the performance: that of the code (假定履行日).")
    colour: Colour = strawberry.field(description="The colour from that day on (颜色).")
    changes_on: date | None = strawberry.field(
        description="Day of the next change that is certain then (下次变更日期); none where none is."
    )
    changes_to: Colour | None = strawberry.field(description="The colour from that next change on (变更后颜色).")
    effects: list[RecordOutlook] = strawberry.field(
        description="What becomes of each record named, and of those that end with one (各记录的影响)."
    )


for _type in (RecordOutlook, CreditOutlook):
    require(_type, FORESEEN)
