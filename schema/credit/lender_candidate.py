"""Candidates for the list of professional lenders."""

from engine.declare.fields import column, relation
from engine.declare.row_types import RowObject, row_type
from models.lender import CourtLevel
from resolvers.credit import lenders
from resolvers.credit.lenders import may_see_candidate
from schema.enums import declare_enum
from schema.register.court import Court
from schema.register.party import Party
from schema.requirements import CATALOGUE, COURT_PROCEDURE

declare_enum(CourtLevel, "A basic court, or all courts below an intermediate one (法院层级).")


@row_type(
    lenders.LenderCandidate,
    seen_by=may_see_candidate,
    requires=COURT_PROCEDURE,
    key=None,
    source=lenders.select_candidates,
    name="LenderCandidate",
)
class LenderCandidate(RowObject):
    """Who may be a professional lender by the number of cases (职业放贷人线索): a proposal, no listing."""

    # The thresholds are those of the Zhejiang minutes of 2018.
    level: CourtLevel = column("Where the cases were counted (统计层级).")
    in_one_year: int = column("Private-lending cases as plaintiff within one year (一年内案件数).")
    in_three_years: int = column("The same within three years (三年内案件数).")
    court: Court | None = relation(lenders.COURT, "That court (法院).", requires=CATALOGUE)
    party: Party | None = relation(lenders.PARTY, "The party (当事人).")
