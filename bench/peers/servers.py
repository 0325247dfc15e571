"""The commands, environments and variables of the other servers. Ids and cursors are constructed here."""

import base64
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.database.subjects import make_subject
from bench.peers.postgraphile.answers import shape_answer
from bench.systems.suxin import subject_key
from bench.systems.system import System
from bench.systems.workloads import CHECK, PAGE, PAGE_SIZE, Pick, Work
from models.masters import get_octets
from models.number_suites import derive
from nodejs import NODE
from postgres import database

HERE = Path(__file__).parent
POSTGRAPHILE_ORDER = "4c7d370dbc"
"""The name of the order by primary key in the cursors of PostGraphile."""


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class Peer(System):
    """A server without authentication that receives the database URL and the key of the number index."""

    @property
    def environment(self) -> Mapping[str, str]:
        masters = self.data.keyring.indexing
        key = derive(get_octets(masters[-1]), b"suxin/identity/index")
        return {
            "DATABASE_URL": self.data.url.render_as_string(hide_password=False),
            "INDEX_KEYS": f"{len(masters)}:{key.hex()}",
            "PORT": str(self.port),
            "NODE_ENV": "production",
            "GRAPHILE_ENV": "production",
        }

    def variables(self, work: Work, pick: Pick) -> dict[str, Any]:
        """Cursors and ids contain the key of the party."""
        if work is CHECK:
            return {"by": [subject_key(key) for key in pick], "access": {"purpose": "LOAN_APPROVAL"}}
        place = _base64(f"Party:{pick[0]}")
        return {"first": PAGE_SIZE, "after": place} if work is PAGE else {"id": place}


class StockStrawberry(Peer):
    """Strawberry's own ASGI application with data loaders."""

    name = "strawberry"

    @property
    def command(self) -> Sequence[str]:
        return [sys.executable, "-m", "bench.peers.strawberry.server"]


class Mercurius(Peer):
    """Fastify, Mercurius, graphql-jit."""

    name = "mercurius"

    @property
    def command(self) -> Sequence[str]:
        return [str(NODE), str(HERE / "mercurius" / "server.mjs")]


class PostGraphile(Peer):
    """PostGraphile 5 over views with smart tags. A check passes keyed hashes instead of numbers."""

    name = "postgraphile"
    documents = HERE / "postgraphile" / "documents"

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        engine = database.make_sync_engine(data.url)
        with engine.begin() as connection:
            _execute_script(connection, (HERE / "postgraphile" / "views.sql").read_text())
        engine.dispose()

    @property
    def command(self) -> Sequence[str]:
        return [str(NODE), str(HERE / "postgraphile" / "server.mjs")]

    def variables(self, work: Work, pick: Pick) -> dict[str, Any]:
        """Keys, cursors in PostGraphile's format, and keyed hashes."""
        if work is CHECK:
            return {"indexes": [self._index(key).hex() for key in pick]}
        if work is PAGE:
            return {"first": PAGE_SIZE, "after": _base64(json.dumps([POSTGRAPHILE_ORDER, str(pick[0])]))}
        return {"id": str(pick[0])}

    def _index(self, key: int) -> bytes:
        return self.data.keyring.index(make_subject(key).number)

    def content(self, work: Work, pick: Pick, data: Any) -> Any:
        if work is CHECK:
            return shape_answer(work, data, {self._index(key): make_subject(key).name for key in pick})
        return shape_answer(work, data, {})


def _execute_script(connection: sa.Connection, script: str) -> None:
    driver: Any = connection.connection.driver_connection
    driver.execute(script)


PEERS = (Mercurius, PostGraphile, StockStrawberry)
