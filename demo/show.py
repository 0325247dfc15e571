"""Send the examples of every audience over HTTP, and print the answers and the access log."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import httpx2
import sqlalchemy as sa
from rich.console import Console
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table

from auth.audiences import Audience
from auth.scopes import PERSONS
from auth.server.accounts import Password
from auth.server.token_client import ClientCredential, User, request_token
from demo.city.cast import CHEN
from demo.clients import DemoClient
from demo.examples import OF_THE_CITY, Example, list_examples
from demo.staff import Browser
from models.access_record import AccessRecord
from models.client import Client
from models.court import StaffRole

ISSUE = "mutation($input: IssueIntegrityReportInput!) { issueIntegrityReport(input: $input) { address } }"
LONGEST_ANSWER = 40
"""Lines of an answer that are printed."""


class DemoError(RuntimeError):
    """An example was not answered as expected."""


@dataclass
class Show:
    """Sends requests as each audience and prints the exchange. city_court: the client of the intermediate court."""

    console: Console
    issuer: str
    clients: Mapping[Audience, DemoClient]
    staff: Mapping[StaffRole, Password]
    engine: sa.Engine
    http: httpx2.Client
    city_court: DemoClient | None = None

    def run(self) -> None:
        """Send every example. Raises DemoError if one is refused."""
        for audience, documents in groupby(list_examples(), lambda example: example.audience):
            self.console.rule(f"[bold]{audience}[/] {self.clients[audience].client_id}")
            token = self.token(audience)
            for example in documents:
                self.present(example, self._sender_of(example) or token)

    def _sender_of(self, example: Example) -> str | None:
        """A token of the member of staff, or of the court, that sends an example; None for its audience's client."""
        if example.name in OF_THE_CITY and self.city_court:
            return self._request_token(self.city_court)
        return self.sign_in(example.role) if example.role else None

    def issue_report(self) -> str:
        """Issue an integrity report of CHEN, and return the URL of its page. Raises DemoError."""
        given = {"name": CHEN.name, "idNumber": CHEN.number, "scopes": [*map(str, PERSONS)]}
        response = self.post(self.token(Audience.LITIGANT_PORTAL), ISSUE, {"input": given})
        address = str(response.json()["data"]["issueIntegrityReport"]["address"])
        viewed = self.http.get(address)
        if viewed.status_code != 200:
            raise DemoError(f"The page of an integrity report was answered with {viewed.status_code}.")
        return address

    def token(self, audience: Audience) -> str:
        """Request an access token. The litigant portal acts for CHEN."""
        user = User("demo-user", CHEN.name, CHEN.number) if audience is Audience.LITIGANT_PORTAL else None
        return self._request_token(self.clients[audience], user)

    def _request_token(self, client: DemoClient, user: User | None = None) -> str:
        credential = ClientCredential(self.issuer, client.client_id, dict(client.key))
        return str(request_token(credential, self.http, time.time(), user=user)["access_token"])

    def sign_in(self, role: StaffRole) -> str:
        """Sign in as a member of staff and return the access token."""
        self.http.cookies.clear()
        self.console.print(f"[bold]{self.staff[role].username}[/] signs in as {role}")
        return Browser(self.http, self._credential(Audience.COURT)).sign_in(self.staff[role])

    def _credential(self, audience: Audience) -> ClientCredential:
        client = self.clients[audience]
        return ClientCredential(self.issuer, client.client_id, dict(client.key))

    def post(self, token: str, document: str, variables: Mapping[str, Any]) -> httpx2.Response:
        """Send an operation."""
        body = {"query": document, "variables": dict(variables)}
        return self.http.post(f"{self.issuer}/graphql", json=body, headers={"authorization": f"Bearer {token}"})

    def present(self, example: Example, token: str) -> None:
        """Send an example; print the document, the answer and the log entries."""
        response = self.post(token, example.document, example.variables)
        answer = response.json()
        title = f"examples/{example.audience.lower()}/{example.name}.graphql"
        self.console.print(Panel(Syntax(example.document, "graphql", background_color="default"), title=title))
        if example.variables:
            self.console.print("variables", json.dumps(example.variables, ensure_ascii=False), soft_wrap=True)
        self.console.print(Syntax(shorten(answer), "json", background_color="default"))
        if response.status_code != 200 or "errors" in answer:
            raise DemoError(f"{title} was answered with {response.status_code}: {answer.get('errors')}")
        self.console.print(self.list_entries(answer["extensions"]["requestId"]))

    def list_entries(self, request_id: str) -> Table:
        """The entries of the access log for a request."""
        table = Table("result", "purpose", "field", "types", "count", title="access log", title_justify="left")
        entry = AccessRecord
        statement = (
            sa.select(entry.result, entry.purpose, entry.field, entry.types, sa.func.count())
            .join(Client, Client.id == entry.client_key)
            .where(entry.request_id == request_id)
            .group_by(entry.result, entry.purpose, entry.field, entry.types)
            .order_by(entry.field, entry.result)
        )
        with self.engine.connect() as connection:
            for result, purpose, field, types, count in connection.execute(statement):
                table.add_row(result, purpose, field, ", ".join(types), str(count))
        return table


def shorten(answer: object) -> str:
    """JSON with indentation, truncated."""
    lines = json.dumps(answer, ensure_ascii=False, indent=2).splitlines()
    more = len(lines) - LONGEST_ANSWER
    return "\n".join(lines if more <= 0 else [*lines[:LONGEST_ANSWER], f"… {more} more lines"])
