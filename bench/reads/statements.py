"""The SQL statements that Suxin sends for a document."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from auth.audiences import Purpose, scopes_of
from auth.principal import Principal
from bench.database.data import Data
from bench.measuring.pgbench import Statement
from bench.reads.operations import prepare
from bench.systems.workloads import Work
from engine.execution import NotPlanned, bind_plan, price_request
from engine.statement.bound import BoundStatement
from models.client import Client
from postgres import database
from resolvers.caller import Caller


def list_statements(data: Data, work: Work, document: str, variables: Mapping[str, Any]) -> Sequence[Statement]:
    """Return the statements of one request with their arguments. Raises RuntimeError if there is no plan."""
    caller = Caller(read_principal(data, work), data.keyring, datetime.now(UTC), uuid4())
    operation = prepare(document, None, caller.principal.scopes, data.keyring.log_key)
    parts = bind_plan(price_request(operation, dict(variables), work.audience), caller)
    if isinstance(parts, NotPlanned):
        raise RuntimeError(f"{work.name} has no plan: {parts.reason}")
    return [
        Statement(part.statement.text, part.arguments()) for part in parts.values() if isinstance(part, BoundStatement)
    ]


def read_principal(data: Data, work: Work) -> Principal:
    """Read the principal of the client of a workload."""
    engine = database.make_sync_engine(data.url)
    with engine.connect() as connection:
        row = connection.execute(sa.select(Client).where(Client.audience == work.audience)).one()
    engine.dispose()
    purposes = frozenset(Purpose(purpose) for purpose in row.purposes)
    scopes = scopes_of(work.audience)
    return Principal(row.client_id, row.id, row.name, row.audience, scopes, purposes, "bench", row.court_code)
