"""An installation under attack: the real command with two workers, a client of the class fapi2, and who stole what."""

import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import psutil
from browser import Attempt, filled, path
from oauth_clients import Clock, SigningClient
from proofs import Holder
from served import Command, wait_until
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from wire import Wire
from world import KEYRING

from auth.proofs.nonces import Nonces
from demo.clients import REDIRECT_URI

SUBPROTOCOLS: Any = ["graphql-transport-ws"]
VIEWER = b'{"query": "{ viewer { clientId } }"}'


class Today(Clock):
    """The clock of this machine."""

    def __init__(self) -> None:
        super().__init__(time.time())

    def __call__(self) -> float:
        self.now = time.time()
        return self.now


@dataclass
class Victim:
    """The command, a court's client of the class fapi2 with its key, and a judge in front of it."""

    command: Command
    client: SigningClient
    username: str
    password: str
    clock: Today = field(default_factory=Today)

    def __post_init__(self) -> None:
        self.holder = self.make_holder()

    def make_holder(self) -> Holder:
        """A holder of a new key."""
        self.clock()
        return Holder(self.clock, Nonces(KEYRING.nonce_key, self.clock))

    @property
    def graphql(self) -> str:
        """What proofs name."""
        return f"{self.command.origin}/graphql"

    def prove(self, **over: Any) -> str:
        """A proof of now."""
        self.clock()
        return self.holder.proof(**({"url": self.graphql} | over))

    def post(self, address: str, form: Mapping[str, str], holder: Holder | None = None) -> httpx2.Response:
        """A form of the client, with a proof."""
        self.clock()
        url = self.command.origin + address
        proof = (holder or self.holder).proof(url)
        signed = {**form, **self.client.form(self.clock)}
        return httpx2.post(url, data=signed, headers={"dpop": proof}, timeout=30)

    def token(self) -> str:
        """A bound token."""
        return str(self.post("/oauth/token", {"grant_type": "client_credentials"}).json()["access_token"])

    def push(self, attempt: Attempt | None = None) -> str:
        """The address of a pushed request."""
        asked = attempt or Attempt(self.client.client_id)
        pushed = self.post("/oauth/par", dict(parse_qsl(asked.query(redirect_uri=REDIRECT_URI)))).json()
        return path(urlencode({"client_id": asked.client_id, "request_uri": pushed["request_uri"]}))

    def sign_in(self, browser: httpx2.Client) -> tuple[Attempt, str]:
        """A code for the judge, by a pushed request."""
        attempt = Attempt(self.client.client_id)
        address = self.push(attempt)
        answer = browser.get(address)
        if answer.status_code == 200:
            answer = browser.post(address, data=filled(answer, self.username, self.password))
        assert (answer.status_code, answer.headers["location"].startswith(REDIRECT_URI)) == (303, True)
        return attempt, dict(parse_qsl(urlsplit(answer.headers["location"]).query))["code"]

    def redeem(self, attempt: Attempt, code: str) -> httpx2.Response:
        """Redeem it."""
        return self.post("/oauth/token", attempt.redemption(code, redirect_uri=REDIRECT_URI))

    def greet(self, authorization: str, dpop: str | None = None) -> tuple[int, str]:
        """The code and the reason of the end of a socket that begins with this; 0 if it is let in."""
        sent = {"authorization": authorization} | ({"dpop": dpop} if dpop else {})
        with connect(self.graphql.replace("http", "ws"), subprotocols=SUBPROTOCOLS) as socket:
            socket.send(json.dumps({"type": "connection_init", "payload": sent}))
            try:
                assert json.loads(socket.recv(timeout=30)) == {"type": "connection_ack"}
            except ConnectionClosed:
                return int(socket.close_code or 0), str(socket.close_reason)
            return 0, ""

    def ask(self, wire: Wire, token: str, *proofs: str, scheme: str = "DPoP", **headers: str) -> "Answer":
        """Ask by an open connection."""
        return Answer(*wire.send(self.write(token, *proofs, scheme=scheme, **headers)).answer())

    def write(self, token: str, *proofs: str, scheme: str = "DPoP", **headers: str) -> bytes:
        """The octets of a request."""
        lines = [
            "POST /graphql HTTP/1.1",
            "host: x",
            "content-type: application/json",
            f"content-length: {len(VIEWER)}",
        ]
        lines += [f"authorization: {scheme} {token}", *(f"dpop: {proof}" for proof in proofs)]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + VIEWER

    @contextmanager
    def workers(self, most: int = 1) -> Iterator[list[Wire]]:
        """So many open connections to each worker."""
        found: defaultdict[int, list[Wire]] = defaultdict(list)
        with ExitStack() as opened:
            wait_until(lambda: self._connect(opened, found, most))
            yield [wire for wires in found.values() for wire in wires]

    def _connect(self, opened: ExitStack, found: defaultdict[int, list[Wire]], most: int) -> bool:
        """Open a connection; keep it if its worker has too few. Returns whether all have enough."""
        assert self.command.process
        wire = opened.enter_context(Wire(self.command.port))
        assert wire.send(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").answer()[0] == 200
        mine = wire.socket.getsockname()[1]
        for worker in psutil.Process(self.command.process.pid).children(recursive=True):
            with suppress(psutil.Error):
                held = [one.raddr.port for one in worker.net_connections("tcp4") if one.raddr]
                if mine in held and len(found[worker.pid]) < most:
                    found[worker.pid].append(wire)
        return sum(map(len, found.values())) == most * self.command.workers


@dataclass
class Answer:
    """An answer of the resource server."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def told(self) -> tuple[int, str, str]:
        """Status, code and sentence of a refusal, by the challenge; the content must say the same."""
        (error,) = json.loads(self.content)["errors"]
        scheme, _, challenge = self.headers["www-authenticate"].partition(' realm="suxin", ')
        said = dict(part.split("=", 1) for part in challenge.split('", ') if "=" in part)
        description = said["error_description"].strip('"')
        assert (scheme in {"DPoP", "Bearer"}, error["message"]) == (True, description)
        return self.status, said["error"].strip('"'), description
