"""The `suxin serve` command, with tokens, ids and cursors from the service itself."""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from auth.server.token_client import ClientCredential, request_token
from bench.database.subjects import make_subject
from bench.systems.system import System
from bench.systems.workloads import CHECK, PAGE, PAGE_SIZE, Pick, Work, organization_before
from models.audience import Audience

TOKEN_SECONDS = 600


class Suxin(System):
    """`suxin serve` with one worker."""

    name = "suxin"

    @property
    def command(self) -> Sequence[str]:
        return [str(Path(sys.executable).with_name("suxin")), "serve", "--port", str(self.port)]

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "SUXIN_DATABASE_URL": self.data.url.render_as_string(hide_password=False),
            "SUXIN_DATA_DIR": str(self.data.directory.absolute()),
            "SUXIN_ISSUER": self.origin,
            "SUXIN_BUDGET": "999999999",
            "SUXIN_TOKEN_LIFETIME": str(TOKEN_SECONDS),
        }

    def headers(self, work: Work) -> dict[str, str]:
        """An access token of the client that runs this workload."""
        return {"authorization": f"Bearer {self._token(work.audience)}"}

    def _token(self, audience: Audience) -> str:
        client = self.data.clients[audience.value]
        credential = ClientCredential(self.origin, client["client_id"], client["key"])
        return str(request_token(credential, self.http, time.time())["access_token"])

    def variables(self, work: Work, pick: Pick) -> dict[str, Any]:
        """Cursors and ids are requested from the service."""
        if work is CHECK:
            return {"by": [subject_key(key) for key in pick], "access": {"purpose": "LOAN_APPROVAL"}}
        headers = self.headers(work)
        if work is PAGE:
            return {"first": PAGE_SIZE, "after": self._cursor(pick[0], headers)}
        return {"id": self._id(pick[0], headers)}

    def _cursor(self, organization: int, headers: Mapping[str, str]) -> str:
        """The cursor of an organization in the list of all parties."""
        found = self._found("place", {"name": make_subject(organization).name}, headers)
        return str(found["parties"]["pageInfo"]["endCursor"])

    def _id(self, key: int, headers: Mapping[str, str]) -> str:
        """The id of a subject, which follows an organization in the list."""
        organization = organization_before(key)
        variables = {"first": key - organization, "after": self._cursor(organization, headers)}
        return str(self._found("next", variables, headers)["parties"]["nodes"][-1]["id"])

    def _found(self, document: str, variables: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
        body = json.dumps({"query": self.document(document), "variables": variables}).encode()
        return self.ask(body, headers).json()["data"]


def subject_key(key: int) -> dict[str, str]:
    """The SubjectKey input of a subject."""
    one = make_subject(key)
    return {"name": one.name, ("idNumber" if one.person else "organizationCode"): one.number}
