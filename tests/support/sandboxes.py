"""A sandbox that serves, and clients that register there."""

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import sqlalchemy as sa
from joserfc.jwk import ECKey
from world import KEYRING

from auth.audiences import Audience
from auth.server.token_client import ClientCredential, request_token
from commands.session import install_catalogue, make_keys, with_engine
from demo.sandbox.joining import make_joining_route
from demo.sandbox.keeping import fill_sandbox, prepare_sandbox
from demo.stage import open_socket, run_server
from pages.brake import Brake
from server import create_app
from settings import Settings

SCALE = 0.01


@dataclass(frozen=True)
class Joined:
    """A client that has registered itself."""

    address: str
    client_id: str
    key: Mapping[str, Any]

    def token(self) -> str:
        """An access token, of a pilot."""
        with httpx2.Client() as http:
            credential = ClientCredential(self.address, self.client_id, dict(self.key))
            return str(request_token(credential, http, time.time())["access_token"])


@dataclass(frozen=True)
class Sandbox:
    """A sandbox of today, and where it serves."""

    settings: Settings
    url: sa.URL

    @property
    def address(self) -> str:
        """Its address, which is its issuer."""
        return self.settings.issuer

    def register(self, sent: Any, http: Any = None) -> Any:
        """The answer to a registration. sent: JSON, or a text as it is."""
        body = sent if isinstance(sent, str) else json.dumps(sent)
        return (http or httpx2).post(f"{self.address}/oauth/register", content=body)

    def join(self, audience: Audience, http: Any = None, **more: Any) -> Joined:
        """A new client with a new key."""
        key = ECKey.generate_key("P-256", auto_kid=True)
        sent = {"audience": audience.value, "jwks": {"keys": [key.as_dict(private=False)]}, **more}
        answer = self.register(sent, http)
        assert answer.status_code == 201, answer.text
        return Joined(self.address, answer.json()["client_id"], key.as_dict(private=True))


class Unbraked(Brake):
    """Counts nothing: a module of tests comes from one address."""

    def admit(self, address: str) -> bool:
        """Admit everybody."""
        return True


@contextmanager
def open_sandbox(url: sa.URL, folder: Path) -> Iterator[Sandbox]:
    """A sandbox in a migrated database, behind a real server on a free port."""
    with open_socket(0) as (listener, address):
        own = Settings(data_dir=folder, request_timeout=60, statement_timeout=30, crypto=KEYRING.suite.value)
        settings = prepare_sandbox(own, address)
        asyncio.run(with_engine(url, install_catalogue))
        make_keys(settings)
        fill_sandbox(settings, url, SCALE, datetime.now(UTC), lambda *_: None)

        with run_server(create_app(settings, url, register=partial(make_joining_route, brake=Unbraked())), listener):
            yield Sandbox(settings, url)
