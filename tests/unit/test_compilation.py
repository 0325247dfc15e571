"""Statements with a part whose text was written before: the same text and the same parameters as without."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from auth.audiences import Audience
from engine.statement.compilation import compile_statement, precompile
from resolvers.statistics.groups import select_groups

ROWS = sa.table("rows", sa.column("name", sa.Text), sa.column("day", sa.Date), sa.column("size", sa.Integer))
NAME = sa.bindparam("name", type_=sa.Text, required=True)
DAYS = sa.bindparam("days", type_=ARRAY(sa.Date), required=True)


def test_signs_that_mean_something_in_texts_are_kept() -> None:
    constants = [sa.literal(text, sa.Text) for text in ("a:name", "50%", "%(name)s", "\\d", "it's", "::text", "\\:x")]
    made: Any = sa.select(
        *(constant.label(f"c{number}") for number, constant in enumerate(constants)),
        (ROWS.c.size % 7).label("left"),
        ROWS.c.name.like("a%").label("begins"),
        sa.cast(ROWS.c.day, sa.Text).label("day"),
    ).where(ROWS.c.name == NAME, ROWS.c.day == sa.any_(DAYS), ROWS.c.name != NAME)
    before, after = (compile_statement(sa.select(one.subquery("made"))) for one in (made, precompile(made)))
    assert after.parameters == before.parameters == ("name", "days")
    assert after.text.partition("FROM (")[2] == before.text.partition("FROM (")[2]


@pytest.mark.parametrize("audience", [Audience.COURT, Audience.AUDITOR])
def test_what_groups_of_statistics_are_made_of_is_written_once(audience: Audience) -> None:
    groups = select_groups(audience, {})
    assert isinstance(groups.element, sa.TextualSelect)
    assert select_groups(audience, {}) is groups
