"""A plaintiff with as many loan cases as a professional lender."""

from demo.city.cast import DEMO_COURT
from demo.city.draft import Draft
from demo.city.register import add_newcomer
from demo.records.cases import open_case, take_part
from models.court_case import Role
from models.lender import CAUSE, THRESHOLDS


def add_lender(draft: Draft) -> None:
    """Create a plaintiff with just as many private-lending cases within a year as the lowest threshold."""
    lender = add_newcomer(draft, DEMO_COURT, draft.ago(700, 800))
    for _ in range(min(threshold.cases for threshold in THRESHOLDS)):
        filed = draft.ago(20, 300)
        case = open_case(draft, DEMO_COURT, "民初", filed, cause=f"{CAUSE}纠纷")
        take_part(draft, case, lender, Role.PLAINTIFF)
        take_part(draft, case, add_newcomer(draft, DEMO_COURT, filed), Role.DEFENDANT)
