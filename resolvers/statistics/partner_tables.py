"""What statistics count of partners: look-ups (R28), incentive loans and credit lines."""

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from models.access_answer import get_present_name
from models.incentive_loan import LoanOutcome, sum_lent, sum_repaid
from resolvers.oversight.access_log import ENTRIES
from resolvers.statistics.dimensions import Dimension, Quantity
from resolvers.statistics.tables import ASKED, CountedTable, name_open, name_state, to_day, to_moment
from resolvers.view import REQUEST, TODAY
from resolvers.visibility.audiences import OUTSIDE

LOOK_UP_FIELDS = (
    "subject", "subjects", "financeCheck", "employmentCheck", "commerceCheck", "sharedReport", "shownReport",
    "publicRecords",
)  # fmt: skip
"""The root fields that ask for subjects by key, share code or name. Lists, polls of events and figures do not (R28)."""


def count_look_ups(audience: Audience) -> CountedTable:
    """Look-ups of subjects by partners and the public (R28), by their day, of no court: one for each subject that a
    partner asked for, and one for each name or share code that the public asked for; none of the present request."""
    entry, client = aliased(models.AccessRecord), aliased(models.Client)
    asked = (entry.audience.in_(sorted(OUTSIDE)), entry.field.in_(LOOK_UP_FIELDS), entry.request_id != REQUEST)
    once = sa.or_(entry.audience != Audience.PUBLIC_PORTAL, entry.id == entry.answer_id * ENTRIES + 1)
    return CountedTable(
        sa.select()
        .select_from(entry)
        .join(client, client.id == entry.client_key)
        .where(*asked, once, *_in_period(entry)),
        day=to_day(entry.at),
        subject=sa.func.coalesce(
            sa.cast(entry.party_id, sa.Text), sa.func.encode(get_present_name(entry.subject_index), "hex")
        ),
        by={
            Dimension.AUDIENCE: entry.audience,
            Dimension.BEHAVIOUR: entry.audience,
            Dimension.RESULT: entry.result,
            Dimension.OUTCOME: entry.result,
            Dimension.CLIENT: client.name,
        },
        public=sa.true(),
    )


def _in_period(entry: type[models.AccessRecord]) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the outer bounds of what is asked for, so that PostgreSQL reads no other partitions."""
    begins = to_moment(sa.func.least(ASKED["from_day"], ASKED["before_from"]))
    ends = to_moment(ASKED["to_day"] + 1)
    return sa.or_(begins.is_(None), entry.at >= begins), sa.or_(ends.is_(None), entry.at < ends)


def count_loans(audience: Audience) -> CountedTable:
    """Incentive loans, by the day of the grant and the court of the certificate; days until their end. One succeeds if
    it is repaid."""
    loan, certificate, case = aliased(models.IncentiveLoan), aliased(models.Certificate), aliased(models.CourtCase)
    client = aliased(models.Client)
    rows = sa.select().select_from(loan).join(certificate, certificate.id == loan.certificate_id)
    rows = rows.outerjoin(case, case.id == certificate.case_id).join(client, client.id == loan.client_key)
    ended = {LoanOutcome.REPAID: True, LoanOutcome.DEFAULTED: False}
    return CountedTable(
        rows,
        day=loan.granted_on,
        court=case.court_code,
        party=loan.party_id,
        by={
            Dimension.STAGE: case.stage,
            Dimension.OUTCOME: name_open(loan.outcome),
            Dimension.CLIENT: client.name,
        },
        quantities={
            Quantity.AMOUNT: loan.amount,
            Quantity.DAYS: loan.closed_on - loan.granted_on,
            Quantity.SUCCESS: sa.case(*((loan.outcome == outcome, well) for outcome, well in ended.items())),
        },
        public=~sa.func.isempty(certificate.publicity),
    )


def count_credit_lines(audience: Audience) -> CountedTable:
    """Credit lines, by the day of the grant and the court of the certificate: granted, lent and repaid. One succeeds if
    it was drawn on; one that never was fails when it has ended."""
    line, certificate, case = aliased(models.CreditLine), aliased(models.Certificate), aliased(models.CourtCase)
    client = aliased(models.Client)
    rows = sa.select().select_from(line).join(certificate, certificate.id == line.certificate_id)
    rows = rows.outerjoin(case, case.id == certificate.case_id).join(client, client.id == line.client_key)
    ended = (line.closed_on.is_not(None), "CLOSED"), (line.expires_on < TODAY, "EXPIRED")
    lent = sum_lent(line)
    return CountedTable(
        rows,
        day=line.granted_on,
        court=case.court_code,
        party=line.party_id,
        by={
            Dimension.STAGE: case.stage,
            Dimension.STATUS: name_state(*ended, otherwise="OPEN"),
            Dimension.CLIENT: client.name,
        },
        quantities={
            Quantity.AMOUNT: line.amount,
            Quantity.LENT: lent,
            Quantity.REPAID: sum_repaid(line),
            Quantity.SUCCESS: sa.case((lent > 0, True), (sa.or_(*(state for state, _ in ended)), False)),
        },
    )
