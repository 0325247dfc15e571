"""Visibility of imports and of the changes they made: courts only."""

from typing import Any

import sqlalchemy as sa

import models
from auth.audiences import Audience
from engine.declare.relations import Frame
from engine.declare.sql import SQL, Operand
from resolvers.joins import exists
from resolvers.visibility.audiences import NOBODY
from resolvers.visibility.items import is_own_deduction
from resolvers.visibility.reach import is_in_jurisdiction


def may_see_import_run(row: Frame, audience: Audience) -> SQL:
    """A court sees imports with lines of its jurisdiction, or with lines that name no court."""
    if audience is not Audience.COURT:
        return NOBODY
    code = sa.func.unnest(row.court_codes).column_valued("code")
    own = sa.select(code).where(is_in_jurisdiction(code)).exists()
    return sa.or_(sa.func.cardinality(row.court_codes) == 0, own)


def may_see_import_finding(row: Frame, audience: Audience) -> SQL:
    if audience is not Audience.COURT:
        return NOBODY
    run = sa.orm.aliased(models.ImportRun)
    return exists(run, run.id == row.import_run_id, may_see_import_run(Frame(run), audience))


def may_see_record_change(row: Frame, audience: Audience) -> SQL:
    """A court: changes of its own rows, even of published ones. A certificate's court is that of its code record."""
    if audience is not Audience.COURT:
        return NOBODY
    by_court = (
        _own(models.CourtCase, models.CourtCase.id, row.case_id),
        _own(models.Sanction, models.Sanction.id, row.sanction_id),
        _own(models.Listing, models.Listing.id, row.listing_id),
        is_own_deduction(row.deduction_id),
        _own(models.CodeRecord, models.CodeRecord.certificate_id, row.certificate_id),
        _own(models.Settlement, models.Settlement.id, row.settlement_id),
    )
    return sa.or_(*by_court)


def _own(model: Any, column: Any, key: Operand) -> SQL:
    """Return whether the row of `model` whose `column` is this key is in the caller's jurisdiction."""
    one = sa.orm.aliased(model)
    return exists(one, getattr(one, column.key) == key, is_in_jurisdiction(one.court_code))
