"""Bulk watches: each line of a file is checked and logged like a subject of the mutation `watch` (R19)."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from auth.scopes import Scope
from casework import watches
from casework.refusal import Refusal
from casework.texts import check_texts
from casework.watches import Customer
from engine.engine import Engine
from engine.load.context import Context
from engine.load.loaders import load_root
from engine.load.rows import RootAnswer
from resolvers.caller import Caller
from resolvers.mutations.acting import Acting
from resolvers.mutations.consents import read_customer
from resolvers.partners.watches import LINES

NEEDED = frozenset({Scope.WATCH, Scope.WATCH_WRITE})
"""The scopes of the mutation; without them the operation stops."""

NAMES = {"name": "name", "idNumber": "id_number", "organizationCode": "organization_code", "reference": "reference"}
WANTED = "A line has the texts `name` and `reference`, and `idNumber` or `organizationCode`."
FIELD, TYPES, OPERATION = "startBatchWatch", ["Watch", "WatchLine"], sha256(b"startBatchWatch").digest()
"""The field, types and operation in the access log: there is no document."""


async def customer_of(
    engine: Engine, caller: Caller, connection: AsyncConnection, subject: Mapping[str, Any]
) -> Customer:
    """Return the customer on a line. Raises Refusal for an invalid line."""
    texts = all(isinstance(value, str) for value in subject.values())
    if not texts or subject.keys() - NAMES or not {"name", "reference"} <= subject.keys():
        raise Refusal("BAD_TEXT", WANTED, "Mend the line.")
    given = dict.fromkeys([*NAMES.values(), "document"]) | {NAMES[name]: value for name, value in subject.items()}
    check_texts(given)
    acting = Acting(connection, caller, engine)
    return await read_customer(acting, "", **given)  # type: ignore[arg-type]  # texts, as was checked


async def watch_customers(
    engine: Engine, connection: AsyncConnection, caller: Caller, customers: Sequence[Customer]
) -> list[Mapping[str, Any]]:
    """Watch customers, and write the access log. Returns the outcome of each, in order."""
    context = Context(engine=engine, caller=caller, connection=connection)
    key = await watches.watch(connection, caller.principal.client_key, customers, caller.now)
    rows = await load_root(context, LINES, {"keys": [key]}, RootAnswer(FIELD, caller.view))
    await context.close()
    await context.trail.write(connection, OPERATION, {FIELD: TYPES})
    return [{"reference": row.reference, "outcome": row.outcome, "replaced": row.replaced} for row in rows]
