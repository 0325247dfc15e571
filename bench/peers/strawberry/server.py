"""Serve the page, subject and check documents with strawberry's ASGI application under uvicorn.

Environment: DATABASE_URL, PORT, and INDEX_KEYS (version and key of the hash of numbers).
"""

import os
from typing import Any

import orjson
import sqlalchemy as sa
import strawberry
import uvicorn
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig

from bench.peers.strawberry.loading import Loading
from bench.peers.strawberry.schema import Query
from postgres import database
from schema.scalars import SCALARS


class Application(GraphQL[Loading, None]):
    """strawberry.asgi with a context of loaders, and orjson as its documentation recommends."""

    def __init__(self, engine: AsyncEngine, index_key: tuple[int, bytes]) -> None:
        schema = strawberry.Schema(
            Query, extensions=[ParserCache, ValidationCache], config=StrawberryConfig(scalar_map=SCALARS)
        )
        super().__init__(schema, graphql_ide=None, allow_queries_via_get=False)
        self._engine, self._index_key = engine, index_key

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Loading:
        return Loading(self._engine, self._index_key)

    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data)


def main(environment: Any = os.environ) -> None:
    """Serve until stopped."""
    url = database.use_async_driver(sa.make_url(environment["DATABASE_URL"]))
    settings = {"server_settings": {"jit": "off", "timezone": "UTC"}}
    engine = create_async_engine(
        url, pool_size=8, max_overflow=0, isolation_level="AUTOCOMMIT", pool_reset_on_return=None, connect_args=settings
    )
    version, key = environment["INDEX_KEYS"].split(":")
    application = Application(engine, (int(version), bytes.fromhex(key)))
    uvicorn.run(
        application,
        host="127.0.0.1",
        port=int(environment["PORT"]),
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()
