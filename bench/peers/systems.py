"""How the peers are started and asked. Their ids and cursors are their own, and made here as they make them."""

import base64
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.peers.postgraphile_answers import content
from bench.subjects import subject
from bench.suxin import named
from bench.systems import System
from bench.works import CHECK, PAGE, PAGE_SIZE, Pick, Work
from nodejs import NODE
from postgres import database

HERE = Path(__file__).parent
POSTGRAPHILE_ORDER = "4c7d370dbc"
"""How PostGraphile's cursors name the order by primary key."""


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class Peer(System):
    """A server that is told of the database and of the key by which numbers are indexed, and asks for no token."""

    @property
    def environment(self) -> Mapping[str, str]:
        """Where the data is, in production mode."""
        keys = self.data.keyring._index_keys
        return {
            "DATABASE_URL": self.data.url.render_as_string(hide_password=False),
            "INDEX_KEYS": f"{len(keys)}:{keys[-1].hex()}",
            "PORT": str(self.port),
            "NODE_ENV": "production",
            "GRAPHILE_ENV": "production",
        }

    def variables(self, work: Work, pick: Pick) -> dict[str, Any]:
        """Cursors and ids are the party's key."""
        if work is CHECK:
            return {"by": [named(key) for key in pick], "access": {"purpose": "LOAN_APPROVAL"}}
        place = _base64(f"Party:{pick[0]}")
        return {"first": PAGE_SIZE, "after": place} if work is PAGE else {"id": place}


class StockStrawberry(Peer):
    """Strawberry's own ASGI application with loaders."""

    name = "strawberry"

    @property
    def command(self) -> Sequence[str]:
        """A process of this Python."""
        return [sys.executable, "-m", "bench.peers.stock_strawberry"]


class Mercurius(Peer):
    """Fastify, Mercurius, graphql-jit."""

    name = "mercurius"

    @property
    def command(self) -> Sequence[str]:
        """Node of the wheel."""
        return [str(NODE), str(HERE / "mercurius.mjs")]


class PostGraphile(Peer):
    """PostGraphile 5 over views with smart tags. It is given the keyed hashes of those that a bank checks."""

    name = "postgraphile"
    documents = HERE / "documents"

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        engine = database.make_sync_engine(data.url)
        with engine.begin() as connection:
            _execute_script(connection, (HERE / "postgraphile.sql").read_text())
        engine.dispose()

    @property
    def command(self) -> Sequence[str]:
        """Node of the wheel."""
        return [str(NODE), str(HERE / "postgraphile.mjs")]

    def variables(self, work: Work, pick: Pick) -> dict[str, Any]:
        """Keys as they are, a cursor as it makes them, numbers as keyed hashes."""
        if work is CHECK:
            return {"indexes": [self._index(key).hex() for key in pick]}
        if work is PAGE:
            return {"first": PAGE_SIZE, "after": _base64(json.dumps([POSTGRAPHILE_ORDER, str(pick[0])]))}
        return {"id": str(pick[0])}

    def _index(self, key: int) -> bytes:
        return self.data.keyring.index(subject(key).number)

    def content(self, work: Work, pick: Pick, data: Any) -> Any:
        """Its answer in the shape of Suxin's."""
        if work is CHECK:
            return content(work, data, {self._index(key): subject(key).name for key in pick})
        return content(work, data, {})


def _execute_script(connection: sa.Connection, script: str) -> None:
    driver: Any = connection.connection.driver_connection
    driver.execute(script)


PEERS = (Mercurius, PostGraphile, StockStrawberry)
