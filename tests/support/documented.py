"""The OpenAPI document, and whether answers of the service are what it says."""

import copy
import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"
ADDRESS = "https://suxin.court.example"
OPEN = {"AnswerExtensions", "ProblemExtensions", "ResourceMetadata", "ServerMetadata"}
"""Types that have more members than the document lists, as it says."""

SOMETIMES = {"DPoP-Nonce", "Deprecation", "Sunset"}
"""Headers that only some answers have."""


def read_committed(address: str) -> Any:
    """The committed document, for another address."""
    return json.loads(COMMITTED.read_text().replace(ADDRESS, address))


@dataclass
class Documented:
    """A document. produced: the statuses that the service has answered with, by operation."""

    document: Any
    produced: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    def find(self, name: str) -> tuple[str, str, Any]:
        """The method, path and description of an operation."""
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                if operation["operationId"] == name:
                    return method.upper(), path, operation
        raise AssertionError(name)

    def list_operations(self) -> dict[str, set[int]]:
        """The documented statuses of each operation."""
        found = [one for item in self.document["paths"].values() for one in item.values()]
        return {one["operationId"]: {int(status) for status in one["responses"]} for one in found}

    def check(self, name: str, status: int, response: Any) -> Any:
        """Compare an answer with what the document says of this operation and status. Gives the answer."""
        assert response.status_code == status, (name, response.status_code, response.text[:500])
        described = self.find(name)[2]["responses"][str(status)]
        missing = set(described.get("headers", {})) - SOMETIMES - {_title(one) for one in response.headers}
        assert missing == set(), (name, status)
        self.produced[name].add(status)
        content = described.get("content")
        if content is None:
            assert response.content == b""
            return response
        kind = response.headers["content-type"].partition(";")[0]
        assert kind in content, (name, status, kind)
        if kind.endswith("json"):
            self._validator(content[kind]["schema"]).validate(response.json())
        return response

    def _validator(self, schema: Any) -> Draft202012Validator:
        """A validator to which members that are not listed are errors."""
        components = copy.deepcopy(self.document["components"])
        for type_name, listed in components["schemas"].items():
            if "properties" in listed and type_name not in OPEN:
                listed["additionalProperties"] = False
        return Draft202012Validator({**schema, "components": components})


def _title(name: str) -> str:
    """The name of a header as the document writes it."""
    known = {"www-authenticate": "WWW-Authenticate", "dpop-nonce": "DPoP-Nonce", "etag": "ETag"}
    return known.get(name.lower(), name.title())
