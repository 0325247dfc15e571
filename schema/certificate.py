"""Performance certificates."""

from datetime import date

import models
from resolvers import masking
from schema.declaring import row_type
from schema.fields import column, expression
from schema.node import Node
from schema.requirements import INTEGRITY


@row_type(
    models.Certificate, requires=INTEGRITY, description="A certificate of automatic performance (自动履行证明书)."
)
class Certificate(Node):
    """A certificate."""

    number: str = column("number", "Its number (证明书编号).")
    case_number: str | None = expression(masking.listed_case_number, "The case whose obligation was performed (案号).")
    performed_on: date = column("performed_on", "Day the obligation was performed (履行完毕日期).")
    issued_on: date = column("issued_on", "Day of issue (出具日期).")
    revoked_on: date | None = column("revoked_on", "Day it was revoked (撤销日期).")
