"""How many statements a document takes: one an edge at most, and as many for fifty rows as for one."""

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import FieldNode, Node, SelectionSetNode, parse
from look_ups import document, key_of
from world import World

from auth.audiences import Audience
from demo.cast import CAST, CHEN, FORGE, Subject
from demo.examples import Example, examples
from models.party import PartyKind

NO_EDGE = {"nodes", "edges", "node", "pageInfo", "viewer"}
LOG = 1
EXAMPLES = {f"{example.audience}-{example.name}": example for example in examples()}
PAGES = [name for name, example in EXAMPLES.items() if "first" in example.variables]


def counted(world: World, audience: Audience, asked: str, variables: Mapping[str, Any]) -> int:
    """The statements that an answer without errors takes."""
    token = world.token(audience)
    with world.statements() as statements:
        answer = world.post(token, {"query": asked, "variables": dict(variables)}).json()
    assert "errors" not in answer, answer["errors"]
    return len(statements)


def edges(node: Node) -> int:
    """The fields of a document that lead to rows, or count them."""
    below: list[Any] = [*getattr(node, "definitions", ()), *getattr(node, "selections", ())]
    chosen = getattr(node, "selection_set", None)
    own = isinstance(node, FieldNode) and node.name.value not in NO_EDGE
    return sum(edges(child) for child in [*below, *([chosen] if chosen else [])]) + (own and _leads_on(node))


def _leads_on(node: Any) -> bool:
    return isinstance(node.selection_set, SelectionSetNode) or node.name.value == "totalCount"


def test_edges_are_counted_from_the_document() -> None:
    asked = (
        "{ viewer { name } a: parties { totalCount nodes { id party { name } ... on Person { listings { id } } } } }"
    )
    assert edges(parse(asked)) == 4


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_takes_a_statement_an_edge_at_most(world: World, name: str) -> None:
    example = EXAMPLES[name]
    taken = counted(world, example.audience, example.document, example.variables)
    assert 1 <= taken <= edges(parse(example.document)) + LOG


def sized(world: World, example: Example, first: int) -> int:
    """The statements of an example's page of so many rows."""
    return counted(world, example.audience, example.document, {**example.variables, "first": first})


@pytest.mark.parametrize("name", PAGES)
def test_a_longer_page_takes_no_more(world: World, name: str) -> None:
    """A page on which some row has what the document asks for takes what any longer page takes."""
    example = EXAMPLES[name]
    assert sized(world, example, 100) == sized(world, example, 50) <= edges(parse(example.document)) + LOG


PAGE = """
query($first: Int!, $filter: PartyFilter) { parties(first: $first, filter: $filter) { totalCount nodes {
  name ... on Person { household { key village { name } } }
  creditCode { colour records { type { code } case { number } } }
  deductions(first: 9) { totalCount nodes {
    behaviour { code } case { court { name } } steps { reason } assessment { score }
  } }
  listings(first: 9) { nodes { court { name } } } certificates { number } repairs { ground }
  participations(first: 9) { nodes { role case { number participations { name } } assessments { score } } }
} } }
"""


def test_fifty_parties_take_what_one_takes(world: World) -> None:
    one = counted(world, Audience.COURT, PAGE, {"first": 1, "filter": {"name": CHEN.name}})
    fifty = counted(world, Audience.COURT, PAGE, {"first": 50, "filter": {"kind": "PERSON"}})
    hundred = counted(world, Audience.COURT, PAGE, {"first": 100})
    assert (one, fifty <= one, hundred <= one) == (edges(parse(PAGE)) + LOG, True, True)


def checked(world: World, audience: Audience, purpose: str, *subjects: Subject) -> int:
    """The statements of a look-up of these subjects in one call."""
    asked = document(audience).replace("$by: SubjectKey!", "$by: [SubjectKey!]!").replace("subject(by", "subjects(by")
    by = [key_of(subject) for subject in subjects]
    return counted(world, audience, asked, {"by": by, "access": {"purpose": purpose}})


def test_fifty_subjects_take_what_one_takes(world: World) -> None:
    everybody = [subject for subject in CAST if subject.kind is PartyKind.PERSON][:12] * 4 + [CHEN] * 2
    assert len(everybody) == 50
    assert checked(world, Audience.BANK, "LOAN_APPROVAL", CHEN) == checked(
        world, Audience.BANK, "LOAN_APPROVAL", *everybody
    )


def test_fifty_organizations_take_what_one_takes(world: World) -> None:
    organizations = [subject for subject in CAST if subject.kind is PartyKind.ORGANIZATION]
    fifty = (organizations * 13)[:50]
    assert checked(world, Audience.COMMERCE, "BIDDING_REVIEW", FORGE) <= checked(
        world, Audience.COMMERCE, "BIDDING_REVIEW", *fifty
    )
    assert checked(world, Audience.COMMERCE, "BIDDING_REVIEW", *organizations) == checked(
        world, Audience.COMMERCE, "BIDDING_REVIEW", *fifty
    )
