"""The interface of a server under comparison."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from bench.database.data import Data
from bench.systems.processes import free_port, run_server
from bench.systems.workloads import DOCUMENTS, Pick, Work


class AnswerError(RuntimeError):
    """A server answered with an error, or its answer differs from the others."""


class System(ABC):
    """A server on the benchmark database, on its own port."""

    name: str
    documents: Path = DOCUMENTS

    def __init__(self, data: Data) -> None:
        self.data = data
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.process: int | None = None
        self.http = httpx2.Client(timeout=30)

    @property
    def url(self) -> str:
        """The URL of the GraphQL endpoint."""
        return f"{self.origin}/graphql"

    @property
    @abstractmethod
    def command(self) -> Sequence[str]:
        """The command that starts the server."""

    @property
    @abstractmethod
    def environment(self) -> Mapping[str, str]:
        """The environment variables of the server."""

    @abstractmethod
    def variables(self, work: Work, pick: Pick) -> dict[str, Any]:
        """The variables of a request about these subjects."""

    def headers(self, work: Work) -> dict[str, str]:
        """The headers of a request."""
        return {}

    def credentials(self, work: Work, number: int) -> tuple[Mapping[str, str], Sequence[str]]:
        """The headers of a load of so many requests, and a header of its own for each of them, if there are any."""
        return self.headers(work), ()

    def content(self, work: Work, pick: Pick, data: Any) -> Any:
        """The content of an answer, in the shape of Suxin's."""
        return data

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Run the server while the context lasts."""
        log = self.data.directory / f"{self.name}.log"
        with run_server(self.command, self.environment, self.port, log) as self.process:
            yield

    def document(self, name: str) -> str:
        """Read a document."""
        return (self.documents / f"{name}.graphql").read_text()

    def body(self, work: Work, pick: Pick) -> bytes:
        """The body of a request about these subjects, in one line."""
        request = {"query": self.document(work.name), "variables": self.variables(work, pick)}
        return json.dumps(request, ensure_ascii=False).encode()

    def ask(self, body: bytes, headers: Mapping[str, str]) -> httpx2.Response:
        """Send a request. Raises AnswerError unless the answer has status 200 and no errors."""
        sent = {"content-type": "application/json", **headers}
        reply = self.http.post(self.url, content=body, headers=sent)
        if reply.status_code != 200 or "errors" in reply.json():
            raise AnswerError(f"{self.name} answered with {reply.status_code}: {reply.text[:1000]}")
        return reply
