"""A server under comparison: how it is started, how it is asked, and what its answers say."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx2

from bench.data import Data
from bench.processes import free_port, serving
from bench.works import DOCUMENTS, Pick, Work


class AnswerError(RuntimeError):
    """A server answered with an error, or with something else than the others."""


class System(ABC):
    """One server on the benchmark's database, on a port of its own."""

    name: str
    documents: Path = DOCUMENTS

    def __init__(self, data: Data) -> None:
        self.data = data
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.http = httpx2.Client(timeout=30)

    @property
    def url(self) -> str:
        """Where it is asked."""
        return f"{self.origin}/graphql"

    @property
    @abstractmethod
    def command(self) -> Sequence[str]:
        """What starts it."""

    @property
    @abstractmethod
    def environment(self) -> Mapping[str, str]:
        """What it is told."""

    @abstractmethod
    def variables(self, work: Work, pick: Pick) -> dict[str, Any]:
        """The variables of a request about these subjects."""

    def headers(self, work: Work) -> dict[str, str]:
        """What is sent beside the body."""
        return {}

    def content(self, work: Work, pick: Pick, data: Any) -> Any:
        """What an answer says, in the shape of Suxin's."""
        return data

    def serving(self) -> AbstractContextManager[None]:
        """Run it while the context lasts."""
        return serving(self.command, self.environment, self.port, self.data.directory / f"{self.name}.log")

    def document(self, name: str) -> str:
        """A document in its own words."""
        return (self.documents / f"{name}.graphql").read_text()

    def body(self, work: Work, pick: Pick) -> bytes:
        """A request about these subjects, in one line."""
        request = {"query": self.document(work.name), "variables": self.variables(work, pick)}
        return json.dumps(request, ensure_ascii=False).encode()

    def ask(self, body: bytes, headers: Mapping[str, str]) -> httpx2.Response:
        """The reply to a request. Raises AnswerError unless it is an answer without errors."""
        sent = {"content-type": "application/json", **headers}
        reply = self.http.post(self.url, content=body, headers=sent)
        if reply.status_code != 200 or "errors" in reply.json():
            raise AnswerError(f"{self.name} answered with {reply.status_code}: {reply.text[:1000]}")
        return reply
