"""`suxin serve` with several workers: one service to whoever asks."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from conftest import City
from served import Command, wait_until
from world import World

from auth.audiences import Audience
from auth.client_authentication import ASSERTION_TYPE
from auth.token_client import ClientCredential, client_assertion, request_token

WORKERS = 2
ASKED = 24
VIEWER = {"query": "{ viewer { clientId } courts { code } }"}


@dataclass(frozen=True)
class Served:
    """A running server: its address, and the client of the bank."""

    origin: str
    credential: ClientCredential

    def token(self) -> str:
        """A new access token."""
        with httpx2.Client(base_url=self.origin, timeout=10) as http:
            return str(request_token(self.credential, http, time.time())["access_token"])

    def ask(self, token: str) -> Any:
        """An answer, over a connection of its own, so that any worker may give it."""
        headers = {"authorization": f"Bearer {token}"}
        return httpx2.post(f"{self.origin}/graphql", json=VIEWER, headers=headers, timeout=10)


@pytest.fixture(scope="module")
def served(world: World, city: City) -> Iterator[Served]:
    """The real command over the city's database."""
    url = world.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    command = Command({"SUXIN_DATABASE_URL": url, "SUXIN_DATA_DIR": str(city.settings.data_dir)}, WORKERS)
    command.start()
    client = world.clients[Audience.BANK]
    yield Served(command.origin, ClientCredential(command.origin, client.client_id, dict(client.key)))
    command.stop()


def test_a_token_of_one_worker_is_good_for_all(served: Served) -> None:
    token = served.token()
    answers = [served.ask(token) for _ in range(ASKED)]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["data"]["viewer"]["clientId"] for answer in answers} == {served.credential.client_id}


def test_a_revocation_reaches_all_workers(served: Served) -> None:
    token = served.token()
    assert {served.ask(token).status_code for _ in range(ASKED)} == {200}
    with httpx2.Client(base_url=served.origin, timeout=10) as http:
        assertion = client_assertion(served.credential, time.time())
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion, "token": token}
        assert http.post("/oauth/revoke", data=form).status_code == 200
    wait_until(lambda: {served.ask(token).status_code for _ in range(ASKED)} == {401})
