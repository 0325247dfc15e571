"""Random operations of each audience: what must hold of every answer, whatever was asked."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, repeat
from random import Random
from typing import Any

import pytest
from argument_values import some_ids, values
from conftest import City
from disturbance import Disturbance
from generated import SCALE, SEED
from graphql import FieldNode, Visitor, build_schema, parse, value_from_ast_untyped, visit
from look_ups import node_id, rows
from operations import Generator
from the_engine import printed
from world import KEYRING, World

from auth.audiences import Audience, scopes_of
from demo.city.cast import CHEN
from engine.declare.opaque import unseal
from models.keyring import load_keyring

OPERATIONS = 30 * SCALE
LONGEST = 6_000
"""Characters of a document: well below what the service takes."""

NUMBER = re.compile(r"[0-9A-Z]{18}")
INSIDE = {Audience.COURT, Audience.LITIGANT_PORTAL}

HIDDEN = {
    "Party": "SELECT id FROM party WHERE NOT disclosed",
    "Case": "SELECT id FROM court_case WHERE confidentiality IN ('PRIVACY', 'STATE_SECRET')",
    "Deduction": "SELECT id FROM deduction WHERE status <> 'PUBLISHED' OR expires_on < '2026-11-21'",
    "Listing": "SELECT id FROM listing WHERE removed_on <= '2026-11-21' OR ends_on < '2026-11-21'",
    "Certificate": "SELECT id FROM certificate WHERE revoked_on <= '2026-11-21'",
    "Sanction": "SELECT id FROM sanction WHERE revoked_on <= '2026-11-21'",
    "CodeRecord": "SELECT c.id FROM code_record c JOIN code_type k ON k.id = code_type_id"
    " WHERE closed_on <= '2026-11-21' OR NOT partner_visible",
    "Participation": "SELECT id FROM participation",
    "DeductionStep": "SELECT id FROM deduction_step",
    "Objection": "SELECT id FROM objection",
    "Repair": "SELECT id FROM repair",
    "Batch": "SELECT id FROM batch",
    "Consent": "SELECT id FROM consent WHERE client_key <> :client",
    "Watch": "SELECT id FROM watch WHERE client_key <> :client",
    "Event": "SELECT id FROM event WHERE id NOT IN (SELECT event_id FROM notification WHERE client_key = :client)",
    "ShareCode": "SELECT id FROM share_code",
    "IntegrityReport": "SELECT id FROM integrity_report",
}
"""What nobody outside the court is ever told of, not even by an id."""

FOREIGN = {
    "Party": "SELECT id FROM party WHERE id <> :me",
    "Deduction": "SELECT id FROM deduction WHERE party_id <> :me",
    "Listing": "SELECT id FROM listing WHERE party_id <> :me",
    "Certificate": "SELECT id FROM certificate WHERE party_id <> :me",
    "CodeRecord": "SELECT id FROM code_record WHERE party_id <> :me",
    "Participation": "SELECT id FROM participation WHERE party_id IS DISTINCT FROM :me",
    "Repair": "SELECT id FROM repair WHERE party_id <> :me",
    "Event": "SELECT id FROM event WHERE party_id <> :me",
    "Watch": "SELECT id FROM watch",
}
"""What a litigant is never told of."""

UNPUBLISHED_ELSEWHERE = {
    "Deduction": "SELECT d.id FROM deduction d JOIN court_case c ON c.id = case_id"
    " WHERE court_code NOT LIKE '浙0281%' AND status <> 'PUBLISHED'",
}
"""What the demo's court is never told of."""


@dataclass(frozen=True)
class Known:
    """What the database holds: ids to ask for, ids that must not come, numbers that must not be read."""

    ids: list[str]
    hidden: dict[Audience, set[str]]
    numbers: set[str]


@pytest.fixture(scope="module")
def known(world: World, city: City) -> Known:
    """The disturbed city."""
    clients = {audience: client.primary_key for audience, client in world.clients.items()}
    with world.engine.begin() as connection:
        Disturbance(connection, SEED).apply(clients)
    keyring = load_keyring(city.settings.key_file)
    identities = rows(world, "SELECT index, sealed FROM identity")
    hidden = {audience: set(_ids(world, _never(audience), clients[audience])) for audience in Audience}
    return Known(some_ids(world), hidden, {keyring.open(row.sealed, row.index) for row in identities})


def _never(audience: Audience) -> dict[str, str]:
    if audience is Audience.COURT:
        return UNPUBLISHED_ELSEWHERE
    return FOREIGN if audience is Audience.LITIGANT_PORTAL else HIDDEN


def _ids(world: World, statements: dict[str, str], client: int) -> Iterator[str]:
    (me,) = rows(world, "SELECT id FROM party WHERE name = :name", name=CHEN.name)
    for type_name, statement in statements.items():
        yield from (node_id(type_name, row.id) for row in rows(world, statement, me=me.id, client=client))


BY_PURPOSE = "portfolio"
"""The root whose rows depend on the purpose that is named: colour and grade are null without consent to it."""


def purposes_of(document: str, variables: dict[str, Any]) -> dict[str, str]:
    """The purpose of each root that depends on it, by its name in the answer."""
    found: dict[str, str] = {}

    class Roots(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            given = {argument.name.value: argument.value for argument in node.arguments or ()}
            if node.name.value == BY_PURPOSE:
                name = node.alias.value if node.alias else node.name.value
                found[name] = value_from_ast_untyped(given["access"], variables)["purpose"]

    visit(parse(document), Roots())
    return found


@dataclass
class Reading:
    """Reads answers: every object by its id, every page."""

    scalars: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    purpose: str = ""
    contradictions: list[tuple[str, str]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    bad_pages: list[Any] = field(default_factory=list)

    def read_answer(self, data: dict[str, Any] | None, purposes: dict[str, str]) -> None:
        """Walk through the data of an answer. purposes: of the roots that depend on one."""
        for name, value in (data or {}).items():
            self.purpose = purposes.get(name, "")
            self.read(value)

    def read(self, value: Any) -> None:
        """Walk through an answer."""
        if isinstance(value, list):
            for one in value:
                self.read(one)
        elif isinstance(value, dict):
            self._object(value)
            for one in value.values():
                self.read(one)

    def _object(self, found: dict[str, Any]) -> None:
        plain = {name.partition("__")[0]: value for name, value in found.items()}
        if "pageInfo" in found:
            self._page(plain)
        if "id" in plain:
            self.ids.add(plain["id"])
            for name, value in plain.items():
                if isinstance(value, dict | list):
                    continue
                if value != self.scalars.setdefault((plain["id"], name, self.purpose), value):
                    self.contradictions.append((plain["id"], name))

    def _page(self, page: dict[str, Any]) -> None:
        inner = [next(value for name, value in edge.items() if name.startswith("node__")) for edge in page["edges"]]
        same = [_id(row) for row in page["nodes"]] == [_id(row) for row in inner]
        if (
            not same
            or page["totalCount"] < len(inner)
            or page["pageInfo"]["hasNextPage"] > (page["totalCount"] > len(inner))
        ):
            self.bad_pages.append(page)


def _id(row: dict[str, Any]) -> Any:
    return next((value for name, value in row.items() if name.startswith("id__")), None)


@pytest.mark.generated
@pytest.mark.parametrize("audience", list(Audience))
def test_what_holds_of_every_answer(world: World, known: Known, audience: Audience) -> None:
    generator = Generator(build_schema(printed(scopes_of(audience))), values(known.ids, audience))
    random, reading, token, wrong = Random(f"{SEED}{audience}"), Reading(), world.token(audience), []
    told: dict[str, int] = defaultdict(int)
    for document, variables in operations(generator, random):
        response = world.post(token, {"query": document, "variables": variables})
        body = response.json()
        if "errors" in body and not expected(body):
            wrong.append((document, variables, body["errors"]))
        numbers = known.numbers & set(NUMBER.findall(response.text))
        told["numbers"] += len(numbers)
        reading.read_answer(body.get("data"), purposes_of(document, variables))
    assert wrong == []
    assert reading.contradictions == []
    assert reading.bad_pages == []
    assert {unseal(id, KEYRING.opaque_key) for id in reading.ids & known.hidden[audience]} == set()
    assert told["numbers"] == 0
    assert reading.ids


def operations(generator: Generator, random: Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """Operations short enough to be taken."""
    written = (generator.write(random) for _ in repeat(None))
    return islice((one for one in written if len(one[0]) <= LONGEST), OPERATIONS)


def expected(body: dict[str, Any]) -> bool:
    """Whether an answer's errors are all about an argument that did not fit, or a question without meaning."""
    about = {(error["extensions"]["code"], is_of_statistics(error)) for error in body["errors"]}
    return about <= {("BAD_ID", False), ("BAD_ID", True), ("BAD_INPUT", True)}


def is_of_statistics(error: dict[str, Any]) -> bool:
    return any(str(name).startswith("statistics") for name in error.get("path", ()))
