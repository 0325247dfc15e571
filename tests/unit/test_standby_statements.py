"""Which statements a standby may run: those by which the primary notices every change that matters."""

from typing import Any

import sqlalchemy as sa

import models
from engine.statement.compilation import Statement
from engine.statement.standby import compile_standby
from resolvers.oversight.facts import AnswerFacts

COURT = models.Court.__table__
ENTRY = sa.select(*(sa.func.abs(1).label(name) for name in ("client_key", "shape_id")))


def compile_for_standby(*columns: Any) -> Statement | None:
    """Compile the statement of a standby for an answer of these columns."""
    value = sa.func.to_json(sa.select(*columns).scalar_subquery())
    return compile_standby(value, ENTRY, AnswerFacts())


def test_the_name_of_a_court_may_be_late() -> None:
    found = compile_for_standby(COURT.c.name)
    assert found is not None
    assert "fingerprint_facts(" in found.text


def test_whether_a_court_masks_names_is_never_late() -> None:
    assert compile_for_standby(sa.exists().where(COURT.c.masks_organizations)) is None


def test_a_table_without_fingerprint_is_for_the_primary() -> None:
    assert compile_for_standby(models.Listing.__table__.c.case_number) is None
