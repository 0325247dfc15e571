"""`suxin serve` with several workers: one service to whoever asks."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from conftest import City
from served import Command, wait_until
from world import World, sealed

from auth.audiences import Audience
from auth.clients.authentication import ASSERTION_TYPE
from auth.server.token_client import ClientCredential, request_token, sign_client_assertion

WORKERS = 2
ASKED = 24
VIEWER = {"query": "{ viewer { clientId } courts { code } }"}


@dataclass(frozen=True)
class Served:
    """A running server: its address, the clients of the bank and of a court, and one that has spent nothing yet."""

    origin: str
    credential: ClientCredential
    other: ClientCredential
    court: ClientCredential

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
    clients = [world.clients[one] for one in (Audience.BANK, Audience.EMPLOYER, Audience.COURT)]
    yield Served(command.origin, *(ClientCredential(command.origin, one.client_id, dict(one.key)) for one in clients))
    command.stop()


def test_an_id_is_known_to_workers_that_have_written_none(served: Served) -> None:
    """Asked of each as the first thing."""
    body = {"query": "query($id: ID!) { node(id: $id) { __typename } }", "variables": {"id": sealed("Party:1")}}
    with httpx2.Client(base_url=served.origin, timeout=10) as http:
        token = str(request_token(served.court, http, time.time())["access_token"])
    headers = {"authorization": f"Bearer {token}"}
    found = [httpx2.post(f"{served.origin}/graphql", json=body, headers=headers, timeout=10) for _ in range(ASKED)]
    assert [one.json()["data"] for one in found] == [{"node": {"__typename": "Person"}}] * ASKED


def test_a_token_of_one_worker_is_good_for_all(served: Served) -> None:
    token = served.token()
    answers = [served.ask(token) for _ in range(ASKED)]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["data"]["viewer"]["clientId"] for answer in answers} == {served.credential.client_id}


def test_a_revocation_reaches_all_workers(served: Served) -> None:
    token = served.token()
    assert {served.ask(token).status_code for _ in range(ASKED)} == {200}
    with httpx2.Client(base_url=served.origin, timeout=10) as http:
        assertion = sign_client_assertion(served.credential, time.time())
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion, "token": token}
        assert http.post("/oauth/revoke", data=form).status_code == 200
    wait_until(lambda: {served.ask(token).status_code for _ in range(ASKED)} == {401})


BUDGET, SECONDS, AT_ONCE = 6_000, 8.0, 8


def test_two_workers_let_through_no_more_than_the_budget(served: Served, world: World) -> None:
    """Eight ask as fast as they can. Any minute of that is a bucket, a twentieth of the budget, and a minute's. Work is
    charged when it is done: eight answers may go beyond."""
    with world.engine.begin() as connection:
        change = sa.text("UPDATE client SET budget = :budget WHERE client_id = :client")
        connection.execute(change, {"budget": BUDGET, "client": served.other.client_id})
    with httpx2.Client(base_url=served.origin, timeout=10) as http:
        token = str(request_token(served.other, http, time.time())["access_token"])
    started = time.monotonic()

    def spend() -> tuple[int, int, int]:
        spent = refused = dearest = 0
        while time.monotonic() < started + SECONDS:
            answer = served.ask(token)
            if answer.status_code == 200:
                cost = answer.json()["extensions"]["cost"]["actualQueryCost"]
                spent, dearest = spent + cost, max(dearest, cost)
            else:
                assert (answer.status_code, int(answer.headers["retry-after"]) >= 1) == (429, True)
                refused += 1
        return spent, refused, dearest

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = [one.result() for one in [pool.submit(spend) for _ in range(AT_ONCE)]]
    most = BUDGET / 20 + BUDGET / 60 * (time.monotonic() - started) + 1  # costs are whole
    spent, refused, _ = (sum(one) for one in zip(*found, strict=True))
    assert refused > 0
    assert 0.8 * most < spent <= most + AT_ONCE * max(dearest for *_, dearest in found)
