"""Demonstrate webhooks, subscriptions and bulk operations."""

import gzip
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from threading import Thread
from typing import Any
from uuid import uuid4

from rich.panel import Panel
from rich.syntax import Syntax

from auth.audiences import Audience
from demo.city.cast import AWARD, CHEN
from demo.show import DemoError, Show
from models.terms import to_court_day

WAIT_SECONDS = 20.0
WEBHOOK = (
    "mutation($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { url } errors { message } } }"
)
REGISTER = """mutation($input: RegisterConsentInput!) {
  registerConsent(input: $input) { consent { id } errors { message } } }"""
REVOKE = "mutation($input: RevokeConsentInput!) { revokeConsent(input: $input) { consent { id } errors { message } } }"
STREAM = "subscription { events { cursor node { kind reference occurredAt } } }"
EXPORT = """mutation($input: StartExportInput!) { startExport(input: $input) {
  bulkOperation { id } errors { message } } }"""
BATCH = """mutation($input: StartBatchCheckInput!) { startBatchCheck(input: $input) {
  bulkOperation { id } errors { message } } }"""
STATE = "query($id: ID!) { node(id: $id) { ... on BulkOperation { state objectCount size sha256 } } }"
SIGN = "mutation($input: SignDownloadInput!) { signDownload(input: $input) { url errors { message } } }"
WATCHES = "{ watches(first: 1) { nodes { reference kind live createdAt } } }"
CHECK = """query($by: [SubjectKey!]!, $access: AccessInput!) {
  financeCheck(by: $by, access: $access) { reference outcome risk { grade } } }"""
ACCESS = {"access": {"purpose": "LOAN_APPROVAL", "operator": "T0417"}}
SHOWN = 3


class Channels:
    """The channels of a bank, each shown once."""

    def __init__(self, show: Show) -> None:
        self._show, self._http, self._issuer = show, show.http, show.issuer
        self._token = show.token(Audience.BANK)
        self._headers = {"authorization": f"Bearer {self._token}"}

    def run(self) -> None:
        """Show all channels. Raises DemoError if a result is missing."""
        self._show.console.rule("[bold]without asking, and in bulk[/]")
        self._told()
        self._lines("export.jsonl", EXPORT, "startExport", {"document": WATCHES, "reference": "DEMO-EXPORT"})
        table = f"name,idNumber,organizationCode,reference\n{CHEN.name},{CHEN.number},,KH-1\n"
        table += f"{AWARD.name},,{AWARD.number},KH-2\n某人,没有,,KH-3\n"
        sent = {"upload": self._upload(table), "document": CHECK, "variables": json.dumps(ACCESS)}
        self._lines("subjects.csv", BATCH, "startBatchCheck", sent)

    def _told(self) -> None:
        """Register and revoke a consent, and show the event by webhook and by subscription."""
        with run_receiver() as (url, received), self._stream() as streamed:
            self.perform(WEBHOOK, {"url": url})
            made = self.perform(REGISTER, make_letter())
            self.perform(REVOKE, {"id": made["consent"]["id"]})
            self.print(f"POST {url}", received.get(timeout=WAIT_SECONDS))
            self.print(STREAM, streamed.get(timeout=WAIT_SECONDS))

    @contextmanager
    def _stream(self) -> Iterator[Queue[Any]]:
        """The results of a subscription by server-sent events."""
        results: Queue[Any] = Queue()
        headers = {**self._headers, "accept": "text/event-stream"}
        with self._http.stream("POST", f"{self._issuer}/graphql", json={"query": STREAM}, headers=headers) as reply:

            def read() -> None:
                for line in reply.iter_lines():
                    if line.startswith("data: "):
                        results.put(json.loads(line.removeprefix("data: ")))
                        return

            reading = Thread(target=read, daemon=True)
            reading.start()
            yield results
            reading.join(WAIT_SECONDS)

    def _lines(self, title: str, mutation: str, name: str, given: Mapping[str, Any]) -> None:
        """Run a bulk operation, download its file, and print the first lines."""
        operation = self.perform(mutation, given)["bulkOperation"]["id"]
        ended = self._ended(operation)
        file = self._http.get(self.perform(SIGN, {"id": operation})["url"])
        lines = gzip.decompress(file.content).decode().splitlines()
        self.print(f"{name}: {title}", *map(json.loads, lines[:SHOWN]), ended)

    def _ended(self, operation: str) -> Any:
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            found = self.ask(STATE, {"id": operation})["node"]
            if found["state"] == "COMPLETED":
                return found
            time.sleep(0.2)
        raise DemoError("A bulk operation did not end.")

    def _upload(self, table: str) -> str:
        headers = {**self._headers, "content-type": "text/csv"}
        found = self._http.post(f"{self._issuer}/uploads", content=table.encode(), headers=headers)
        return str(found.json()["upload"])

    def perform(self, mutation: str, given: Mapping[str, Any]) -> Any:
        """Return the payload of a mutation. Raises DemoError if it was refused."""
        (payload,) = self.ask(mutation, {"input": dict(given)}).values()
        if payload["errors"]:
            raise DemoError(f"{mutation} was refused: {payload['errors']}")
        return payload

    def ask(self, query: str, variables: Mapping[str, Any]) -> Any:
        """Return the data of an answer. Raises DemoError if it has errors."""
        answer = self._show.post(self._token, query, variables).json()
        if "errors" in answer:
            raise DemoError(f"{query} was answered with {answer['errors']}")
        return answer["data"]

    def print(self, title: str, *found: Any) -> None:
        """Print results, one per line."""
        text = "\n".join(json.dumps(one, ensure_ascii=False) for one in found)
        self._show.console.print(Panel(Syntax(text, "json", background_color="default", word_wrap=True), title=title))


def make_letter() -> dict[str, Any]:
    """An authorisation letter, signed today."""
    now = datetime.now(UTC)
    return {
        "letterNumber": f"DEMO-{uuid4()}",
        "idNumber": CHEN.number,
        "signedOn": to_court_day(now).isoformat(),
        "purposes": ["LOAN_APPROVAL"],
        "scopes": ["person.credit.read"],
        "validTo": (now + timedelta(days=30)).isoformat(),
        "evidenceHash": "ab" * 32,
    }


@contextmanager
def run_receiver() -> Iterator[tuple[str, Queue[Any]]]:
    """A webhook receiver on this machine: its URL, and the received events."""
    received: Queue[Any] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """No request is logged."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    serving = Thread(target=server.serve_forever, daemon=True)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}/suxin", received
    server.shutdown()
    server.server_close()
