"""A whole service over a small demo city, asked over HTTP with real tokens."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from starlette.testclient import TestClient

from auth.audiences import Audience
from auth.server.token_client import ClientCredential, User, request_token
from demo.city.cast import CHEN, Subject
from demo.clients import DemoClient
from engine.declare.opaque import seal
from engine.run import runner
from engine.statement.bound import BoundStatement
from models.keyring import Keyring
from models.masters import Master, SmMaster

ISSUER = "http://127.0.0.1:8000"
MAKE: Callable[[bytes], Master] = SmMaster if os.environ.get("SUXIN_CRYPTO") == "sm" else bytes
KEYRING = Keyring(sealing=(MAKE(b"s" * 32),), indexing=(MAKE(b"i" * 32),))
"""Fixed keys, so that a failing test can be repeated; of the suite SM where the tests run with SUXIN_CRYPTO=sm."""

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
"""The moment of every test: noon in Shanghai."""

ASIDE = ("issued_token", "request_entry", "synchronous_commit")
"""What is in statements that check a token, and in those that write the request log once a second."""


def sealed(text: str | bytes) -> str:
    """An id or a cursor as the service would make it of this text."""
    return seal(text.encode() if isinstance(text, str) else text, KEYRING.opaque_key)


@dataclass
class World:
    """The running application, its clients, and a synchronous engine to look behind it."""

    http: TestClient
    app: Any
    engine: sa.Engine
    clients: Mapping[Audience, DemoClient]
    tokens: dict[tuple[Any, ...], str] = field(default_factory=dict)
    issuer: str = ISSUER
    clock: Callable[[], float] = NOW.timestamp

    def token(self, audience: Audience, *scopes: str, subject: Subject = CHEN) -> str:
        """An access token of the demo client of `audience`; a litigant portal's acts for `subject`."""
        portal = audience is Audience.LITIGANT_PORTAL
        key = (audience, *scopes, subject.key if portal else "")
        if key not in self.tokens:
            client = self.clients[audience]
            credential = ClientCredential(self.issuer, client.client_id, dict(client.key))
            user = User("user-1", subject.name, subject.number) if portal else None
            answer = request_token(credential, self.http, self.clock(), scopes, user)
            self.tokens[key] = answer["access_token"]
        return self.tokens[key]

    def post(self, token: str | None, body: Any, **headers: str) -> Any:
        """The raw response to a body sent as JSON."""
        sent = {"authorization": f"Bearer {token}"} if token else {}
        return self.http.post("/graphql", json=body, headers=sent | headers)

    def ask(
        self,
        audience: Audience,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *scopes: str,
        subject: Subject = CHEN,
    ) -> dict[str, Any]:
        """The JSON of the answer to a document."""
        token = self.token(audience, *scopes, subject=subject)
        found: dict[str, Any] = self.post(token, {"query": document, "variables": dict(variables or {})}).json()
        return found

    def data(
        self, audience: Audience, document: str, variables: Mapping[str, Any] | None = None, **options: Any
    ) -> Any:
        """The data of an answer without errors."""
        answer = self.ask(audience, document, variables, **options)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """The statements that the application sends for requests while the context lasts, token checks aside."""
        seen: list[str] = []

        def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            if not any(word in statement for word in ASIDE):
                seen.append(statement)

        async def fetch(connection: Any, ready: BoundStatement) -> bytes:
            seen.append(ready.statement.text)
            return await planned(connection, ready)

        engine, planned = self.app.state.engine.sync_engine, runner.fetch
        sa.event.listen(engine, "before_cursor_execute", note)
        runner.fetch = fetch
        yield seen
        runner.fetch = planned
        sa.event.remove(engine, "before_cursor_execute", note)

    @contextmanager
    def plans(self) -> Iterator[list[BoundStatement]]:
        """The planned statements that the application runs while the context lasts, with their values."""
        seen: list[BoundStatement] = []

        async def fetch(connection: Any, ready: BoundStatement) -> bytes:
            seen.append(ready)
            return await planned(connection, ready)

        planned = runner.fetch
        runner.fetch = fetch
        yield seen
        runner.fetch = planned

    @contextmanager
    def batches(self) -> Iterator[list[str]]:
        """Has the application run statements in batches of one while the context lasts. Gives their texts."""
        sent: list[str] = []

        async def fetch(connection: Any, ready: BoundStatement) -> bytes:
            if not ready.is_batchable:
                return await planned(connection, ready)
            if not ready.compiled.batch_written:
                ready.compiled.batch_written = True
                ready.compile_batch()
            batch = ready.compiled.batch
            if batch is None:  # the same for all requests
                return await planned(connection, ready)
            sent.append(batch.text)
            (row,) = await connection.fetch(batch.text, *batch.arguments([ready.values]))
            found: bytes = row[0]
            return found

        planned = runner.fetch
        runner.fetch = fetch
        yield sent
        runner.fetch = planned

    def entries(self) -> list[sa.RowMapping]:
        """The access log of the clients' requests, oldest first."""
        with self.engine.connect() as connection:
            rows = connection.execute(sa.text("SELECT * FROM access_record WHERE at >= :now ORDER BY id"), {"now": NOW})
            return list(rows.mappings())

    @contextmanager
    def logged(self) -> Iterator[list[sa.RowMapping]]:
        """The entries that the access log gains while the context lasts."""
        before, gained = len(self.entries()), []  # type: int, list[sa.RowMapping]
        yield gained
        gained.extend(self.entries()[before:])
