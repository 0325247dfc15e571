"""Records of provision: what went to which client in a month, from the access log (网络数据安全管理条例 12)."""

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa

from models.access_answer import AccessAnswer, AccessShape
from models.access_record import AccessResult
from models.client import Client
from models.terms import add_months, to_midnight

GIVEN = (AccessResult.MATCHED, AccessResult.GIVEN)
"""The results with which data of a subject was given."""

COLUMNS = (
    "client", "name", "audience", "contract", "purpose", "field", "types", "answers", "subjects", "given",
)  # fmt: skip


def list_provisions(connection: sa.Connection, month: date, client_id: str | None = None) -> Sequence[sa.RowMapping]:
    """Return a row with COLUMNS for each client, purpose, root field and kinds of data of a month.

    month: its first day, in court time. answers: how many there were; subjects: about how many, counted in each answer;
    given: for how many of these data was given.
    """
    answer, shape = AccessAnswer, AccessShape
    one = sa.func.unnest(answer.results).table_valued("result").render_derived()
    several = sa.select(sa.func.count()).select_from(one).where(one.c.result.in_(GIVEN)).scalar_subquery()
    for_all = sa.case((answer.results[1].in_(GIVEN), answer.subjects), else_=0)
    told = sa.case((sa.func.cardinality(answer.results) == 1, for_all), else_=several)
    same = (
        Client.client_id,
        Client.name,
        answer.audience,
        Client.contract_number,
        answer.purpose,
        shape.field,
        shape.types,
    )
    labels = dict(zip(COLUMNS, same, strict=False))
    query = (
        sa.select(
            *(column.label(name) for name, column in labels.items()),
            sa.func.count().label("answers"),
            sa.func.sum(answer.subjects).label("subjects"),
            sa.func.sum(told).label("given"),
        )
        .join(Client, Client.id == answer.client_key)
        .join(shape, shape.id == answer.shape_id)
        .where(answer.at >= to_midnight(month), answer.at < to_midnight(add_months(month, 1)))
        .group_by(*same)
        .order_by(*same)
    )
    if client_id:
        query = query.where(Client.client_id == client_id)
    return connection.execute(query).mappings().all()
