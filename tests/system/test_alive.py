"""Nothing dies for long: the real command, with two workers, amid failures of its database and of its processes."""

import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx2
import psutil
import pytest
import sqlalchemy as sa
from door import Door, make_door
from served import Command, wait_until
from test_processes import find_leader, holds_port
from typed import runner

from auth.server.token_client import ClientCredential, request_token
from commands.exits import ExitCode
from commands.session import make_keys
from postgres import database
from settings import Settings

REVISION = sa.text("UPDATE alembic_version SET version_num = :revision")
VIEWER = {"query": "{ viewer { clientId } courts { code } }"}
RESTARTS, REQUESTS = (
    int(os.environ.get(name, least)) for name, least in (("TEST_RESTARTS", "1"), ("TEST_REQUESTS", "200"))
)
"""Twenty rolling restarts amid 10,000 requests take minutes."""

SERVES = re.compile(r"process (\d+) serves")
AT_ONCE = 4
TOKEN_SECONDS, CHUNK = 120, 65_536


@dataclass(frozen=True)
class Standing:
    """A command whose database is behind a door, and what it says."""

    command: Command
    door: Door
    said: Path
    secret: str

    def get(self, path: str) -> httpx2.Response:
        return httpx2.get(f"{self.command.origin}{path}", timeout=10)

    def is_ready(self) -> bool:
        return self.get("/readyz").status_code == 200

    def counts(self, text: str) -> int:
        """How often it has said something."""
        return self.said.read_text().count(text)

    def has_said(self, text: str) -> bool:
        return self.counts(text) > 0

    def serving(self) -> set[int]:
        """The processes that have begun to serve and still listen."""
        assert self.command.process
        begun, found = set(map(int, SERVES.findall(self.said.read_text()))), set()
        for one in psutil.Process(self.command.process.pid).children():
            with suppress(psutil.Error):  # it has just ended
                if one.pid in begun and holds_port(one):
                    found.add(one.pid)
        return found

    def is_complete(self) -> bool:
        """Whether both processes serve."""
        return len(self.serving()) == 2

    def has_replaced(self, before: set[int]) -> bool:
        """Whether both processes are others than before."""
        now = self.serving()
        return len(now) == 2 and not now & before

    def refuses(self) -> bool:
        """Whether nobody listens any more."""
        try:
            socket.create_connection(("127.0.0.1", self.command.port), 60).close()
        except ConnectionRefusedError:
            return True
        return False

    def ask(self, token: str) -> httpx2.Response:
        headers = {"authorization": f"Bearer {token}"}
        return httpx2.post(f"{self.command.origin}/graphql", json=VIEWER, headers=headers, timeout=30)

    def token(self) -> str:
        with httpx2.Client(base_url=self.command.origin, timeout=30) as http:
            credential = ClientCredential(self.command.origin, "tender", secret=self.secret)
            return str(request_token(credential, http, time.time())["access_token"])


@pytest.fixture(scope="module")
def behind(database_url: sa.URL) -> Iterator[tuple[Door, str]]:
    """A shut door in front of the module's database, and the address through it."""
    with make_door(database_url) as (door, url):
        yield door, url.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def environment(installed: Mapping[str, str], behind: tuple[Door, str]) -> Mapping[str, str]:
    """Of a set-up installation with a client, whose database is behind the door."""
    made = {**installed, "SUXIN_BUDGET": "0"}
    make_keys(Settings(data_dir=Path(made["SUXIN_DATA_DIR"])))
    return {**made, "SUXIN_DATABASE_URL": behind[1]}


@pytest.fixture(scope="module")
def standing(
    environment: Mapping[str, str],
    behind: tuple[Door, str],
    installed: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Standing]:
    """One that was started while its database was away."""
    adding = ("client", "add", "招标中心", "--audience", "COMMERCE", "--secret", "--client-id", "tender")
    done = runner(installed)(*adding)
    secret = done.stdout.rpartition("client_secret: ")[2].split()[0]
    said = tmp_path_factory.mktemp("said") / "log"
    command = Command(environment, 2, said=said)
    command.begin()
    yield Standing(command, behind[0], said, secret)
    if command.process and command.process.poll() is None:
        command.stop()


def test_it_starts_without_its_database_and_says_so(standing: Standing) -> None:
    wait_until(lambda: standing.get("/livez").status_code == 200)
    waits = standing.get("/readyz")
    reason = "The database does not answer: ConnectionRefusedError."
    wait_until(lambda: standing.get("/readyz").json() == {"status": "no database", "reason": reason})
    assert (waits.status_code, waits.headers["retry-after"]) == (503, "1")
    asked = httpx2.post(f"{standing.command.origin}/graphql", json=VIEWER)
    told = {"message": "The database is not reachable. Try again.", "extensions": {"code": "UNAVAILABLE"}}
    assert (asked.status_code, asked.headers["retry-after"], asked.json()) == (503, "1", {"errors": [told]})
    page = standing.get("/")
    assert (page.status_code, page.text) == (503, told["message"])
    wait_until(lambda: standing.counts("Application startup complete") == 2)
    assert standing.has_said("No PostgreSQL answers at postgresql://")
    assert standing.has_said("It is waited for.")


def test_it_serves_when_its_database_returns(standing: Standing, sync_engine: sa.Engine) -> None:
    """So does the worker, which has begun without it as well."""
    standing.door.open()
    wait_until(standing.is_complete)
    assert standing.counts("the database is there") >= 2
    wait_until(standing.is_ready)
    wait_until(lambda: find_leader(sync_engine) is not None)
    assert standing.ask(standing.token()).json()["data"]["viewer"] == {"clientId": "tender"}


def test_it_goes_on_after_its_database_was_away(standing: Standing, sync_engine: sa.Engine) -> None:
    token = standing.token()
    before = standing.serving()
    standing.door.shut()
    wait_until(lambda: standing.get("/readyz").json()["status"] == "no database")
    assert standing.ask(token).json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    wait_until(lambda: find_leader(sync_engine) is None)
    standing.door.open()
    wait_until(lambda: [standing.ask(token).status_code for _ in range(20)] == [200] * 20)
    wait_until(lambda: find_leader(sync_engine) is not None)
    assert standing.serving() == before


def test_a_worker_that_cannot_start_again_ends_no_other(standing: Standing, sync_engine: sa.Engine) -> None:
    """Its place is filled when what was wrong is mended."""
    killed, left = standing.serving()
    _set_revision(sync_engine, "9999")
    psutil.Process(killed).kill()
    wait_until(lambda: standing.has_said(f"a serving process ended with {int(ExitCode.VERSION)}, replaced in"))
    assert standing.serving() == {left}
    wait_until(standing.is_ready)
    _set_revision(sync_engine, database.list_revisions()[0])
    wait_until(standing.is_complete)
    assert left in standing.serving()


def test_rolling_restarts_lose_no_request(standing: Standing) -> None:
    """SIGHUP replaces one process after the other, while clients that keep their connections go on asking."""
    wait_until(standing.is_complete)
    crowd = Crowd(standing)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asking = [pool.submit(crowd.ask) for _ in range(AT_ONCE)]
        for number in range(RESTARTS):
            before = standing.serving()
            assert standing.command.process
            standing.command.process.send_signal(signal.SIGHUP)
            wait_until(partial(standing.has_replaced, before))
            wait_until(partial(crowd.has_answered, REQUESTS * (number + 1) // RESTARTS))
        crowd.over.set()
        for one in asking:
            one.result()
    assert (crowd.failed, crowd.answered >= REQUESTS) == ([], True)


@dataclass
class Crowd:
    """Clients with connections that they keep."""

    standing: Standing
    over: threading.Event = field(default_factory=threading.Event)
    answered: int = 0
    failed: list[str] = field(default_factory=list)

    def ask(self) -> None:
        """Ask until it is over."""
        with httpx2.Client(base_url=self.standing.command.origin, timeout=60) as http:
            token, since = self.standing.token(), time.monotonic()
            while not self.over.is_set():
                if time.monotonic() - since > TOKEN_SECONDS:
                    token, since = self.standing.token(), time.monotonic()
                try:
                    answer = http.post("/graphql", json=VIEWER, headers={"authorization": f"Bearer {token}"})
                except httpx2.TransportError as error:
                    self.failed.append(repr(error))
                else:
                    self.note(answer)

    def has_answered(self, number: int) -> bool:
        return self.answered >= number

    def note(self, answer: httpx2.Response) -> None:
        """Count an answer."""
        right = answer.status_code == 200 and answer.json()["data"]["viewer"] == {"clientId": "tender"}
        self.answered += right
        if not right:
            self.failed.append(answer.text)


REQUEST = b"POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n"
"""Refused for what it says, by the service and no other."""


def test_what_was_begun_is_finished_at_the_end(standing: Standing) -> None:
    """A connection that has carried nothing yet, one that was used before, and one with half a request."""
    silent, used, half = (socket.create_connection(("127.0.0.1", standing.command.port), 60) for _ in range(3))
    used.sendall(REQUEST + b"a=b&")
    assert b" 400 " in used.recv(CHUNK)
    half.sendall(REQUEST + b"a=")
    wait_until(standing.is_ready)
    assert standing.command.process
    standing.command.process.terminate()
    wait_until(standing.refuses)
    for one, rest in ((silent, REQUEST + b"a=b&"), (used, REQUEST + b"a=b&"), (half, b"b&")):
        one.sendall(rest)
        answer = b"".join(iter(partial(one.recv, CHUNK), b""))
        assert (b"400 Bad Request" in answer, b"connection: close" in answer) == (True, True), answer
        one.close()
    assert standing.command.process.wait() == 0


def _set_revision(engine: sa.Engine, revision: str) -> None:
    with engine.begin() as connection:
        connection.execute(REVISION, {"revision": revision})


def test_what_the_database_is_unfit_for_ends_the_start_when_it_returns(
    environment: Mapping[str, str], behind: tuple[Door, str], sync_engine: sa.Engine, tmp_path: Path
) -> None:
    behind[0].shut()
    command = Command(environment, 2, said=tmp_path / "log")
    command.begin()
    wait_until(lambda: httpx2.get(f"{command.origin}/livez").status_code == 200)
    _set_revision(sync_engine, "9999")
    behind[0].open()
    assert command.process
    assert command.process.wait(120) == ExitCode.VERSION
    assert "The database is at revision 9999, which this" in (tmp_path / "log").read_text()
    _set_revision(sync_engine, database.list_revisions()[0])
