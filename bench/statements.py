"""What Suxin sends to PostgreSQL for a document: the measure of what it adds to the database's own work."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from auth.audiences import Purpose, scopes_of
from auth.principal import Principal
from bench.data import Data
from bench.postgres_alone import Statement
from bench.the_engine import prepared
from bench.works import Work
from engine.execution import NotPlanned, bind_plan, price_request
from engine.plan.plan import BoundStatement
from models.client import Client
from postgres import database
from resolvers.caller import Caller


def statements(data: Data, work: Work, document: str, variables: Mapping[str, Any]) -> Sequence[Statement]:
    """The statements of one request, in order, with their arguments. Raises RuntimeError if there is no plan."""
    caller = Caller(principal(data, work), data.keyring, datetime.now(UTC), uuid4())
    operation = prepared(document, None, caller.principal.scopes)
    parts = bind_plan(price_request(operation, dict(variables), work.audience), caller)
    if isinstance(parts, NotPlanned):
        raise RuntimeError(f"{work.name} has no plan: {parts.reason}")
    return [
        Statement(part.statement.text, part.arguments()) for part in parts.values() if isinstance(part, BoundStatement)
    ]


def principal(data: Data, work: Work) -> Principal:
    """The caller that does this work, as its token would say."""
    engine = database.make_sync_engine(data.url)
    with engine.connect() as connection:
        row = connection.execute(sa.select(Client).where(Client.audience == work.audience)).one()
    engine.dispose()
    purposes = frozenset(Purpose(purpose) for purpose in row.purposes)
    scopes = scopes_of(work.audience)
    return Principal(row.client_id, row.id, row.name, row.audience, scopes, purposes, "bench", row.court_code)
