"""One question to the services of several courts. Each answers by its own rules, and has the entry in its own log."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from suxin_client.client import Answer, Client
from suxin_client.failures import ClientError


@dataclass(frozen=True)
class Reply:
    """What came of the question at one service: an answer, or the error why there is none. address: of the service."""

    address: str
    answer: Answer | None = None
    error: ClientError | None = None


@dataclass(frozen=True)
class Federation:
    """Asks several services at once, each as the client that its court has registered.

    There is no service between them: none acts for another, and what a court does not tell this client stays there. Ids
    and cursors are of the service that gave them, so that questions to several are by name and number.
    """

    clients: Sequence[Client]

    def ask(
        self, query: str, variables: Mapping[str, Any] | None = None, operation: str | None = None
    ) -> Sequence[Reply]:
        """Return the reply of each service, in the order of the clients. A service that does not answer has its error,
        and the others are not the worse for it: "nothing is known there" and "nobody answered there" differ."""
        if not self.clients:
            raise ClientError("A federation asks one client at least.")

        def ask_one(client: Client) -> Reply:
            try:
                return Reply(client.profile.address, answer=client.ask(query, variables, operation))
            except ClientError as error:
                return Reply(client.profile.address, error=error)

        with ThreadPoolExecutor(len(self.clients)) as threads:
            return list(threads.map(ask_one, self.clients))
