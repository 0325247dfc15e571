"""The credit code: a party's colour on a day, with its reasons."""

from datetime import date

import models
from models.catalogue import Colour
from resolvers import credit_codes
from schema.code_record import CodeRecord
from schema.declaring import RowObject, row_type
from schema.fields import column, expression, relation
from schema.requirements import CREDIT


@row_type(
    models.CodePeriod,
    requires=CREDIT,
    key=None,
    name="CreditCode",
    description="A party's five-colour code (五色信用码) on a day, with its records. No automated decision.",
)
class CreditCode(RowObject):
    """A colour and its reasons (R11, R13, R14)."""

    colour: Colour = column("colour", "The colour (颜色).")
    as_of: date = expression(
        lambda row, audience: credit_codes.day_asked(row), "The day it is the colour of (查询基准日)."
    )
    since: date | None = expression(
        credit_codes.begun, "First day of this colour (起始日期); none where it was never another."
    )
    changes_on: date | None = expression(
        credit_codes.changes, "Day of the next change that is already certain (下次变更日期); none where none is."
    )
    records: list[CodeRecord] = relation(credit_codes.ACTIVE_RECORDS, "The records active on that day (有效记录).")
