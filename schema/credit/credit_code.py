"""Credit codes: the colour of a party on a day, with its records."""

from datetime import date

import strawberry

import models
from engine.declare.fields import argument, column, derived, expression, relation
from engine.declare.row_types import RowObject, row_type
from models.catalogue import Colour
from models.code_record import Reading
from resolvers.credit import credit_codes, outlooks
from resolvers.credit.credit_codes import may_see_history
from resolvers.visibility.about import ABOUT_PARTY
from resolvers.visibility.items import may_see_code_period
from schema.credit.code_record import CodeRecord
from schema.credit.outlook import CreditOutlook
from schema.requirements import COURT_OR_SUBJECT, CREDIT, FORESEEN

IF_PERFORMED = argument(
    "if_performed",
    list[strawberry.ID] | None,
    "Up to 20 ids of `records`: what these ask for is performed. All of them by default.",
    None,
)


@row_type(credit_codes.History, seen_by=may_see_history, requires=COURT_OR_SUBJECT, key=None, name="CodePeriod")
class CodePeriod(RowObject):
    """A colour and the days it lasts (颜色时段)."""

    # R14.
    colour: Colour = column("The colour (颜色).")
    from_day: date | None = column("Its first day (起始日期); none where it was so from the beginning.")
    until_day: date | None = column("The day it ends (终止日期); none where no end is certain.")


@row_type(
    models.CodePeriod, seen_by=may_see_code_period, about=ABOUT_PARTY, requires=CREDIT, key=None, name="CreditCode"
)
class CreditCode(RowObject):
    """A party's five-colour code (五色信用码) on a day, with its records. No automated decision."""

    # R11, R13, R14.
    colour: Colour = column("The colour (颜色).")
    as_of: date = expression(
        lambda row, audience: credit_codes.day_asked(row), "The day it is the colour of (查询基准日)."
    )
    reading: Reading = expression(
        lambda row, audience: credit_codes.reading_asked(row),
        "Whether it is right by today's knowledge, or what was answered on that day (查询口径).",
    )
    since: date | None = expression(
        credit_codes.begins_on, "First day of this colour (起始日期); none where it was never another."
    )
    changes_on: date | None = expression(
        credit_codes.changes_on,
        "Day of the next change after the day asked that is certain, by the knowledge of the reading (下次变更日期); "
        "none where none is.",
    )
    changes_to: Colour | None = expression(
        credit_codes.next_colour, "The colour from that day on (变更后颜色); none where no change is certain."
    )
    records: list[CodeRecord] = relation(
        credit_codes.ACTIVE_RECORDS,
        "The records active on that day (有效记录), with the ends that they had by the knowledge of the reading. "
        "What is reached through a record is as it is today.",
    )
    history: list[CodePeriod] = relation(
        credit_codes.HISTORY,
        "Every colour so far and every one already certain, oldest first (颜色历史).",
        requires=COURT_OR_SUBJECT,
    )
    outlook: CreditOutlook | None = derived(
        outlooks.look_out,
        "What changes if what some of its records ask for is performed on the day asked (履行后展望), by the same "
        "rules, and nothing is written. None for a past day, and for what was known on a day.",
        IF_PERFORMED,
        requires=FORESEEN,
    )
